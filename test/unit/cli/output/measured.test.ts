import { expect, test } from 'vitest';
import { expectedLine, measuredLine } from '../../../../cli/output/measured.ts';
import type { Manifest } from '../../../../core/manifest/manifest.ts';
import type { MeasuredRestore } from '../../../../core/manifest/timings.ts';

const measured: MeasuredRestore = {
  startedAt: '2026-11-26T02:10:00.000Z',
  finishedAt: '2026-11-26T02:12:00.000Z',
  verdict: 'proven',
  timings: {
    fetchSeconds: 9.12,
    fetchedBytes: 252_884_535,
    restoreSeconds: 39.4,
    rowsSeconds: 20.2,
    indexSeconds: 18.7,
    restoredBytes: 1_159_061_760,
    jobs: 2,
  },
};

const manifest = {
  objects: [{ role: 'archive', name: 'archive.dump', bytes: 252_884_535, sha256: '' }],
  databaseBytes: 1_159_061_760,
} as unknown as Manifest;

function withTimings(more: Partial<MeasuredRestore['timings']>): MeasuredRestore {
  return { ...measured, timings: { ...measured.timings, ...more } };
}

test('what a proof measured, in a line', () => {
  expect(measuredLine(measured)).toBe(
    'Restored in 49 s on 2026-11-26: fetch 9.1 s, rows 20 s, indexes 19 s; 1.1 GB, 2 jobs',
  );
  expect(
    measuredLine(withTimings({ restoreSeconds: 45, jobs: 1, processors: 4, serverVersion: '17.6' })),
  ).toBe(
    'Restored in 54 s on 2026-11-26: fetch 9.1 s, definitions 6.1 s, rows 20 s, indexes 19 s; 1.1 GB, 1 job, 4 processors, PostgreSQL 17.6',
  );
});

test('of plain SQL, whose parts nobody tells apart', () => {
  const plain = withTimings({ rowsSeconds: undefined, indexSeconds: undefined, restoredBytes: undefined });
  expect(measuredLine(plain)).toBe('Restored in 49 s on 2026-11-26: fetch 9.1 s, restore 39 s; 2 jobs');
});

test('what is to be expected, before a restore begins', () => {
  expect(expectedLine(manifest, measured)).toBe(
    '252 MB to fetch, about 1.1 GB to restore; it took 49 s with 2 jobs when it was last proven, on 2026-11-26: fetch 9.1 s, rows 20 s, indexes 19 s',
  );
  expect(expectedLine(manifest, undefined)).toMatch(
    /^252 MB to fetch, about 1.1 GB to restore; how long it takes is not known/,
  );
});
