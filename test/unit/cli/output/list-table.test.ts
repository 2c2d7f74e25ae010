import { expect, test } from 'vitest';
import { type Kept, listRow, listTable } from '../../../../cli/output/list-table.ts';
import { styleFor } from '../../../../cli/output/style.ts';
import type { ListEntry } from '../../../../core/inventory/entry.ts';
import { parseId } from '../../../../core/manifest/backup-id.ts';
import { Unreadable } from '../../../../core/manifest/document.ts';

const id = 'shop/app/2026-11-20T02-00-00Z';
const until = new Date('2027-03-31T23:59:59.999Z');
const entry: ListEntry = {
  id: parseId(id),
  documents: new Map(),
  summary: new Unreadable('torn'),
  verification: undefined,
  hold: {
    formatVersion: 1,
    id,
    heldAt: '2026-11-20T03:00:00.000Z',
    by: 'anna',
    reason: 'audit',
    until: until.toISOString(),
  },
  release: undefined,
};

function lines(kept: Kept): string[] {
  const row = listRow(entry, new Date('2026-11-20T03:00:00Z'), () => kept);
  return [...listTable([row], styleFor(process.stdout, { NO_COLOR: '1' }))];
}

test('what nothing but a hold keeps is said in the column of holds alone', () => {
  expect(lines({ by: '', until })).toEqual([
    'BACKUP                         AGE  VERDICT              HOLD',
    `${id}  1 h  manifest unreadable  to 2027-03-31`,
  ]);
});

test('what a rule keeps too has both', () => {
  expect(lines({ by: 'monthly', until })[1]).toMatch(/to 2027-03-31 {2}monthly, to 2027-03-31$/);
});
