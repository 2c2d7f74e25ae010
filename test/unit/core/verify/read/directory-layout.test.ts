import { describe, expect, test } from 'vitest';
import type { StoredFile } from '../../../../../core/manifest/manifest.ts';
import { parseToc } from '../../../../../core/postgres/archive/toc.ts';
import {
  batchesFor,
  batchesOf,
  layoutOf,
  unfiledData,
} from '../../../../../core/verify/read/directory-layout.ts';

const file = (name: string, bytes = 10): StoredFile => ({
  role: 'archive',
  name: `archive/${name}`,
  bytes,
  sha256: '0'.repeat(64),
});

test('files are told apart by their names', () => {
  const names = [
    'toc.dat',
    '12.dat.zst',
    '7.dat',
    '9.dat.gz',
    'blobs_15.toc',
    'blob_16405.dat.zst',
    'blobs.toc',
  ];
  const layout = layoutOf(names.map((name) => file(name)));
  expect(layout?.tables.map(({ dumpId }) => dumpId)).toEqual([12, 7, 9]);
  expect(layout?.largeObjects.map(({ name }) => name)).toEqual([
    'archive/blobs_15.toc',
    'archive/blob_16405.dat.zst',
    'archive/blobs.toc',
  ]);
});

test.each([[['7.dat']], [['toc.dat', '../7.dat']], [['toc.dat', 'sub/7.dat']], [['toc.dat', '.hidden']]])(
  '%j is no directory archive',
  (names) => {
    expect(layoutOf(names.map((name) => file(name)))).toBeUndefined();
  },
);

describe('batches for a disk', () => {
  const layout = {
    toc: file('toc.dat', 10),
    tables: [1, 2, 3].map((dumpId) => ({ file: file(`${dumpId}.dat`, dumpId * 100), dumpId })),
    largeObjects: [],
  };

  test.each([
    [610, 2, 610],
    [609, 4, 310],
    [300, 4, 310],
  ])('with %i bytes free are %i, the last of them empty, and need %i bytes', (free, count, needs) => {
    const { batches, needsBytes } = batchesFor(layout, free);
    expect([batches.length, needsBytes]).toEqual([count, needs]);
  });
});

describe('batches', () => {
  const layout = layoutOf([
    file('toc.dat'),
    file('1.dat', 30),
    file('2.dat', 30),
    file('3.dat', 500),
    file('4.dat', 50),
    file('blobs.toc', 5),
    file('blob_1.dat', 60),
  ]);

  test('hold small tables together, a large one alone, large objects last', () => {
    const batches = layout === undefined ? [] : batchesOf(layout, 100);
    expect(batches.map(({ dumpIds, bytes }) => [dumpIds, bytes])).toEqual([
      [[1, 2], 60],
      [[3], 500],
      [[4], 50],
      [undefined, 65],
    ]);
  });

  test('hold one table each where room is scarce', () => {
    const batches = layout === undefined ? [] : batchesOf(layout, 0);
    expect(batches.map(({ dumpIds }) => dumpIds)).toEqual([[1], [2], [3], [4], undefined]);
  });
});

test.each([
  ['3374; 0 0 BLOBS - BLOBS ', [3374]],
  ['3375; 0 0 BLOBS - 16405..16500 postgres', [3375]],
  ['3383; 0 0 SEQUENCE SET public users_id_seq postgres', [3383]],
  ['3370; 0 16398 TABLE DATA odd BLOBS ; 1; 0 0 BLOBS postgres', []],
  ['; 3374; 0 0 BLOBS - BLOBS', []],
  ['3373; 2613 16405 BLOB - 16405 postgres', []],
])('%j in the table of contents', (line, ids) => {
  expect(unfiledData(parseToc(line))).toEqual(ids);
});
