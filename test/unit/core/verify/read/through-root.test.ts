import { expect, test } from 'vitest';
import type { DatabaseObject, TableRows } from '../../../../../core/manifest/manifest.ts';
import type { CopyTable } from '../../../../../core/postgres/archive/copy-rows.ts';
import { compareRows } from '../../../../../core/verify/read/compare-rows.ts';

const root = { schema: 'public', name: 'root' };
const table = (name: string, rows: number | null, of?: typeof root): TableRows => ({
  schema: 'public',
  name,
  rows,
  ...(of === undefined ? {} : { root: of }),
});
const copy = (name: string, ...blocks: number[]): CopyTable => ({
  schema: 'public',
  name,
  rows: blocks.reduce((sum, rows) => sum + rows, 0),
  blocks,
});
const told = (recorded: TableRows[], found: CopyTable[], catalog?: DatabaseObject[]): string => {
  const rows = found.reduce((sum, one) => sum + one.rows, 0);
  const { status, detail } = compareRows(
    recorded,
    { tables: found, rows, encoding: 'UTF8', complete: true },
    catalog,
  );
  return `${status}: ${detail}`;
};
const parts = [table('a', 3, root), table('b', 0, root), table('c', 5, root)];

test('every block of a root is one of its partitions, in any order and in any number of batches', () => {
  expect(told(parts, [copy('root', 5, 0, 3)])).toBe(
    'passed: 3 tables, 8 rows, as recorded; 3 of them through public.root',
  );
  expect(told(parts, [copy('root', 5), copy('root', 0, 3)])).toContain('passed');
  expect(told([...parts, table('own', 1, root)], [copy('root', 0, 5, 3), copy('own', 1)])).toContain(
    'passed',
  );
});

test.each([
  [[2, 0, 5], 'has 7 rows, recorded were 8'],
  [[3, 5], 'is loaded 2 times'],
  [[4, 0, 4], 'has no part of 3 rows, as was recorded of one'],
])('blocks of %j rows differ', (blocks, words) => {
  expect(told(parts, [copy('root', ...blocks)])).toContain(
    `failed: 1 of 3 tables differs: public.root, through which 3 partitions are loaded, ${words}`,
  );
});

test('a partition that was not counted may have any number of rows', () => {
  expect(told([table('a', null, root), table('b', 2, root)], [copy('root', 2, 9)])).toContain('passed');
  expect(told([table('a', null, root), table('b', 2, root)], [copy('root', 1, 9)])).toContain('failed');
});

test('partitions of another root, and tables that are none, are still missing', () => {
  expect(told([...parts, table('lone', 8)], [copy('root', 3, 0, 5)])).toContain('public.lone is missing');
  expect(told([table('lone', 8), table('a', 1, root)], [copy('other', 8), copy('a', 1)])).toContain(
    'public.lone is missing',
  );
});

test('without recorded roots the archive has to show it: several blocks, or a table of the catalog', () => {
  const old = parts.map(({ root: _root, ...rest }) => rest);
  expect(told(old, [copy('root', 5, 3, 0)])).toContain('passed');
  expect(told(old, [copy('root', 5, 3), copy('second', 0)])).toContain('failed');
  expect(told(old, [copy('root', 5, 2, 0)])).toContain('failed');
  const catalog = [{ type: 'table', identity: 'public.root', digest: null }];
  expect(told([table('a', 3)], [copy('root', 3)])).toContain('failed');
  expect(told([table('a', 3)], [copy('root', 3)], catalog)).toContain('passed');
});
