import { expect, test } from 'vitest';
import { columnsOf } from '../../../../cli/output/columns.ts';
import { copyLines } from '../../../../cli/output/copied.ts';
import { leftOut, listRow, listTable } from '../../../../cli/output/list-table.ts';
import { restoredTable } from '../../../../cli/output/restored.ts';
import { shown } from '../../../../cli/output/shown.ts';
import { styleFor, table } from '../../../../cli/output/style.ts';
import type { ListEntry } from '../../../../core/inventory/entry.ts';
import { formatId, parseId } from '../../../../core/manifest/backup-id.ts';
import { Unreadable } from '../../../../core/manifest/document.ts';

const style = styleFor(process.stdout, { FORCE_COLOR: '1' });
const longId = `${'s'.repeat(63)}/${'d'.repeat(63)}/2026-11-20T02-00-00Z`;

/** All but lines that are a name and nothing else. */
function othersThan(names: readonly string[], lines: readonly string[]): string[] {
  for (const name of names) expect(lines.map(shown)).toContain(name);
  return lines.filter((line) => !names.includes(line));
}

function listed(id: string): ReturnType<typeof listRow> {
  const entry: ListEntry = {
    id: parseId(id),
    documents: new Map(),
    summary: new Unreadable('torn'),
    verification: undefined,
    hold: undefined,
    release: undefined,
  };
  return listRow(entry, new Date('2026-11-20T03:00:00Z'));
}

test.each([80, 60])('at %i columns a name that is longer has a line of its own', (width) => {
  const rows = [
    [longId, '12 MB', '3 s', style.green('copied, read back whole')],
    ['short/app/2026-11-20T02-00-00Z', '', '', style.red('failed')],
  ];
  const lines = table(['BACKUP', 'SIZE', 'TIME', 'OUTCOME'], rows, [1, 2], { width });
  for (const line of othersThan([longId], lines)) expect(columnsOf(line)).toBeLessThanOrEqual(width);
  expect(lines.map(shown)[3]).toContain('  12 MB');
});

test('where it fits, or where there is no terminal, a row is a line', () => {
  const rows = [[longId, '12 MB']];
  for (const width of [undefined, 0, 300])
    expect(table(['BACKUP', 'SIZE'], rows, [1], { width })[1]).toBe(`${longId}  12 MB`);
});

test('names last, or of characters that take two columns', () => {
  const name = 'データベース'.repeat(8);
  expect(table(['GOOD', 'DATABASE'], [['1', name]], [0], { width: 60, names: 1 })).toEqual([
    'DATABASE',
    '  GOOD',
    name,
    '     1',
  ]);
  // 40 characters, 80 columns.
  expect(table(['T', 'N'], [['日'.repeat(38), '1']], [1], { width: 80 })).toHaveLength(2);
  expect(table(['T', 'N'], [['日'.repeat(39), '1']], [1], { width: 80 })).toHaveLength(4);
});

test.each([80, 60])('a list at %i columns has every id whole, and leaves nothing of weight out', (width) => {
  const rows = [listed(longId), listed('shop/app/2026-11-20T02-00-00Z')];
  const lines = [...listTable(rows, style, width)];
  for (const line of othersThan([longId], lines)) expect(columnsOf(line)).toBeLessThanOrEqual(width);
  expect(lines.filter((line) => line.includes('manifest unreadable'))).toHaveLength(2);
  expect(leftOut(rows, width)).toEqual([]);
  expect([...listTable(rows, style)]).toHaveLength(3);
});

test('a list of names of two columns a character is even', () => {
  const rows = [listed('日本/日本/2026-11-20T02-00-00Z'), listed('shop/app/2026-11-20T02-00-00Z')];
  const plain = styleFor(process.stdout, { NO_COLOR: '1' });
  const ends = [...listTable(rows, plain)].map((line) => columnsOf(line.slice(0, line.search(/1 h|AGE/))));
  expect(formatId(parseId('shop/app/2026-11-20T02-00-00Z'))).toContain('shop');
  expect(new Set(ends.slice(1)).size).toBe(1);
});

test('what was restored and copied', () => {
  const one = {
    schema: 'public',
    name: 't'.repeat(63),
    recorded: 1_000_000,
    restored: 12,
    status: 'differs',
  } as const;
  const lines = restoredTable([one], style, 60) ?? [];
  for (const line of othersThan([`public.${one.name}`], lines))
    expect(columnsOf(line)).toBeLessThanOrEqual(60);
  const report = { backups: [{ kind: 'failed', id: longId, error: 'no' }], there: 0, left: [], to: 's3://b' };
  const copied = copyLines(report as unknown as Parameters<typeof copyLines>[0], style, 60);
  for (const line of othersThan([longId], copied)) expect(columnsOf(line)).toBeLessThanOrEqual(60);
});
