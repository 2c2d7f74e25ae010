import { expect, test } from 'vitest';
import { PruneIncomplete } from '../../../../core/prune/incomplete.ts';
import type { PruneReport } from '../../../../core/prune/report.ts';

const nothing: PruneReport = {
  store: 'file:///backups',
  applied: true,
  now: new Date('2026-11-27T12:00:00Z'),
  policy: undefined,
  groups: [],
  orphans: [],
  leftovers: [],
  extensions: [],
  notReached: [],
};
const bad = {
  source: 'shop',
  database: 'app',
  systemIdentifier: undefined,
  lines: [],
  refusal: { kind: 'newest-bad', newest: 'shop/app/2026-11-27T02-00-00Z' },
} as const;
const other = {
  ...bad,
  database: 'crm',
  refusal: { ...bad.refusal, newest: 'shop/crm/2026-11-27T02-00-00Z' },
};

test('one problem says what to do at its end', () => {
  const { message } = new PruneIncomplete({ ...nothing, groups: [bad] });
  expect(message).toMatch(
    /pgproof show shop\/app\/2026-11-27T02-00-00Z\. Take a good one; then prune goes on\.$/,
  );
});

test('of several, each says what to do about itself', () => {
  const lines = new PruneIncomplete({ ...nothing, groups: [bad, other] }).message.split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain('pgproof show shop/app/');
  expect(lines[1]).toContain('pgproof show shop/crm/');
});
