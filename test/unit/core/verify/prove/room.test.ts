import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../../../../core/manifest/manifest.ts';
import { estimateRestore, type RestoreMeans } from '../../../../../core/verify/prove/room.ts';

const gigabyte = 1_000_000_000;

function manifestOf(
  databaseBytes: number,
  archiveBytes: number,
  format: Manifest['dump']['format'],
): Manifest {
  return {
    formatVersion: 1,
    id: 's/d/2026-11-20T02-00-00Z',
    source: 's',
    database: 'd',
    startedAt: '2026-11-20T02:00:00Z',
    finishedAt: '2026-11-20T02:00:09Z',
    server: { version: '17.12', versionNum: 170012, encoding: 'UTF8', inRecovery: false },
    dump: { pgDump: '17.12', format, compression: 'none', jobs: 1, snapshot: '1' },
    globals: { rolePasswords: true },
    objects: [
      { role: 'archive', name: 'archive', bytes: archiveBytes, sha256: '0'.repeat(64) },
      { role: 'globals', name: 'globals.sql', bytes: 100, sha256: '0'.repeat(64) },
    ],
    tables: [],
    extensions: [],
    databaseBytes,
    pgproof: '0.1.0',
  };
}

const means: RestoreMeans = {
  freeBytes: 100 * gigabyte,
  directory: '/tmp',
  seconds: undefined,
  cores: 2,
};

const plan = (
  change: Partial<RestoreMeans>,
  size: readonly [database: number, archive: number] = [10 * gigabyte, gigabyte],
  format: Manifest['dump']['format'] = 'custom',
  oneJob?: Manifest['dump']['oneJob'],
): ReturnType<typeof estimateRestore> => {
  const manifest = manifestOf(...size, format);
  const dump = { ...manifest.dump, ...(oneJob === undefined ? {} : { oneJob }) };
  return estimateRestore({ ...manifest, dump }, { ...means, ...change });
};

describe('room', () => {
  test('the archive is kept where there is room for both', () => {
    expect(plan({})).toMatchObject({ kind: 'fits', keepArchive: true });
  });

  test('the archive is streamed where there is room for the database only', () => {
    expect(plan({ freeBytes: 12.2 * gigabyte })).toMatchObject({ kind: 'fits', keepArchive: false });
  });

  test('a directory cannot be streamed', () => {
    expect(plan({ freeBytes: 12.2 * gigabyte }, undefined, 'directory')).toMatchObject({ kind: 'no room' });
  });

  test('how much is needed and how much there is, in words', () => {
    expect(plan({ freeBytes: 10 * gigabyte })).toEqual({
      kind: 'no room',
      detail: 'needs about 12 GB in /tmp, 10 GB are free',
    });
  });

  test('a small database fits into the smallest function there is', () => {
    expect(plan({ freeBytes: 500_000_000 }, [15_000_000, 2_000_000]).kind).toBe('fits');
  });
});

describe('time', () => {
  test('what would take longer than there is says so', () => {
    const found = plan({ seconds: 60 });
    expect(found.kind).toBe('no time');
    expect(found).toMatchObject({
      detail: expect.stringMatching(/^needs about \d+ min .*, 1 min 0 s remain$/),
    });
  });

  test('more cores need less time; an archive that is streamed has one only', () => {
    expect(plan({ seconds: 600, cores: 1 }).kind).toBe('no time');
    expect(plan({ seconds: 600, cores: 2 }).kind).toBe('fits');
    expect(plan({ seconds: 600, cores: 2, freeBytes: 12.2 * gigabyte }).kind).toBe('no time');
  });

  test('where the order can matter, and where the format allows one job only, it takes that one job', () => {
    const kindOf = (seconds: number, oneJob: Manifest['dump']['oneJob']): string =>
      plan({ seconds, cores: 2 }, undefined, 'custom', oneJob).kind;
    expect(kindOf(600, { rows: null, after: null })).toBe('fits');
    expect(kindOf(600, { rows: 'a CHECK constraint calls f()', after: null })).toBe('no time');
    expect(kindOf(800, { rows: 'a CHECK constraint calls f()', after: null })).toBe('fits');
    expect(kindOf(800, { rows: null, after: 'materialized views call f()' })).toBe('no time');
    expect(kindOf(1_000, { rows: 'one', after: 'other' })).toBe('no time');
    expect(kindOf(1_100, { rows: 'one', after: 'other' })).toBe('fits');
    for (const format of ['tar', 'plain'] as const)
      expect(plan({ seconds: 600, cores: 2 }, undefined, format).kind).toBe('no time');
  });
});
