import { expect, test } from 'vitest';
import { type RowCounts, rowsStatus, rowsTogether } from '../../../../core/manifest/rows-compared.ts';

test.each<[RowCounts, string]>([
  [{ recorded: 3, restored: 3 }, 'as recorded'],
  [{ recorded: 3, restored: 2, inArchive: 2 }, 'differs'],
  [{ recorded: null, restored: 2 }, 'not recorded'],
  [{ recorded: null, restored: 2, inArchive: 2 }, 'as in the archive'],
  [{ recorded: null, restored: 2, inArchive: 3 }, 'differs'],
  [{ recorded: 0, restored: null }, 'missing'],
  [{ recorded: null, restored: null, inArchive: 0 }, 'missing'],
])('%j is %s', (counts, status) => {
  expect(rowsStatus(counts)).toBe(status);
});

test('partitions together: what nobody counted of one is not known of all', () => {
  const parts = [
    { recorded: 3, restored: 1 },
    { recorded: 2, restored: 4 },
  ];
  expect(rowsStatus(rowsTogether(parts))).toBe('as recorded');
  const uncounted = [...parts, { recorded: null, restored: 1 }];
  expect(rowsStatus(rowsTogether(uncounted))).toBe('not recorded');
  expect(rowsStatus(rowsTogether(uncounted, 6))).toBe('as in the archive');
  expect(rowsStatus(rowsTogether(uncounted, 7))).toBe('differs');
});
