import { describe, expect, test } from 'vitest';
import type { CopyTable } from '../../../../../core/postgres/archive/copy-rows.ts';
import { compareRows } from '../../../../../core/verify/read/compare-rows.ts';

const table = (name: string, rows: number): CopyTable => ({ schema: 'public', name, rows, blocks: [rows] });
const counts = (tables: readonly CopyTable[], encoding = 'UTF8') => ({
  tables,
  rows: tables.reduce((sum, { rows }) => sum + rows, 0),
  encoding,
  complete: true,
});

test('equal tables pass, whatever their order', () => {
  const check = compareRows(
    [table('a', 5_000_000), table('b', 500_000)],
    counts([table('b', 500_000), table('a', 5_000_000)]),
  );
  expect(check).toEqual({ name: 'read', status: 'passed', detail: '2 tables, 5 500 000 rows, as recorded' });
});

test('a database without tables passes', () => {
  expect(compareRows([], counts([]))).toMatchObject({
    status: 'passed',
    detail: '0 tables, 0 rows, as recorded',
  });
});

test.each([
  [[table('a', 1)], [table('a', 0)], '1 of 1 table differs: public.a has 0 rows, recorded were 1'],
  [[table('a', 1)], [], '1 of 1 table differs: public.a is missing'],
  [[], [table('a', 1)], '1 of 0 tables differs: public.a (1 row) was not recorded'],
  [[table('a', 0)], [], '1 of 1 table differs: public.a is missing'],
  [[table('a.b c\n"', 1)], [], '1 of 1 table differs: public."a.b c """ is missing'],
])('%j against %j fails', (recorded, found, detail) => {
  expect(compareRows(recorded, counts(found))).toEqual({ name: 'read', status: 'failed', detail });
});

test('equal sums do not hide a row that moved', () => {
  const check = compareRows([table('a', 2), table('b', 2)], counts([table('a', 1), table('b', 3)]));
  expect(check.status).toBe('failed');
});

describe('names that the decoder may see differently', () => {
  const recorded = [table('波〜', 2), table('表', 3), table('plain', 1)];

  test('do not condemn the backup, and are told', () => {
    const check = compareRows(
      recorded,
      counts([table('波～', 2), table('??', 3), table('plain', 1)], 'EUC_JIS_2004'),
    );
    expect(check.status).toBe('failed');
    const read = compareRows(
      recorded,
      counts([table('波～', 2), table('Ä¿', 3), table('plain', 1)], 'EUC_TW'),
    );
    expect(read).toMatchObject({ status: 'passed', detail: expect.stringContaining('(EUC_TW)') });
  });

  test('still have their rows compared together', () => {
    expect(
      compareRows(recorded, counts([table('波～', 2), table('Ä¿', 2), table('plain', 1)], 'EUC_TW')).status,
    ).toBe('failed');
    expect(compareRows(recorded, counts([table('Ä¿', 5), table('plain', 1)], 'EUC_TW')).status).toBe(
      'failed',
    );
  });

  test('are compared strictly in UTF-8', () => {
    expect(compareRows([table('é', 1)], counts([table('e\u0301', 1)])).status).toBe('failed');
  });
});
