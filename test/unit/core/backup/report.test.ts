import { expect, test } from 'vitest';
import { BackupFailed, type BackupResult, isGoodResult } from '../../../../core/backup/report.ts';
import type { Manifest } from '../../../../core/manifest/manifest.ts';
import type { Check } from '../../../../core/manifest/verification.ts';
import type { Verified } from '../../../../core/manifest/verified.ts';

const passed: Check[] = [
  { name: 'checksum', status: 'passed', detail: '' },
  { name: 'read', status: 'passed', detail: '' },
];

function verified(verdict: Verified['verdict'], more: Check[] = []): Verified {
  const at = '2026-11-20T02:00:00.000Z';
  const run = { formatVersion: 1, id: 's/d/x', startedAt: at, finishedAt: at, level: 'restore' } as const;
  return { ...run, verdict, checks: [...passed, ...more] };
}

const done = (database: string, verification?: Verified): BackupResult => ({
  status: 'done',
  database,
  id: `s/${database}/2026-11-20T02-00-00Z`,
  bytes: 1,
  seconds: 1,
  manifest: {} as Manifest,
  ...(verification === undefined ? {} : { verification }),
});

const results: readonly BackupResult[] = [
  done('stored'),
  done('proven', verified('proven')),
  done('without', verified('proven-without')),
  done('undecided', verified('unverifiable', [{ name: 'restore', status: 'unverifiable', detail: '' }])),
  done('bad', verified('failed', [{ name: 'restore', status: 'failed', detail: '' }])),
  {
    status: 'failed',
    database: 'gone',
    seconds: 1,
    error: { name: 'X', message: 'no such database' },
    reached: { bytes: 0, tables: 0 },
  },
];

test('a run is not done where a backup is not verified as asked, though it counts as good, and says which is which', () => {
  expect(results.filter(isGoodResult).map(({ database }) => database)).toEqual([
    'stored',
    'proven',
    'without',
  ]);
  const error = new BackupFailed({
    source: 'shop',
    store: 'file:///x',
    startedAt: '',
    finishedAt: '',
    databases: results,
  });
  expect(error.problem.what).toBe(
    'No good backup of 2 of 6 databases of shop: "bad", "gone". Stored and good, but not verified as asked: 1 of 6 databases of shop: "undecided"',
  );
});
