import { describe, expect, it } from 'vitest';
import { alarmsOf, clusterUnknown, describeAlarm } from '../../../../core/backup/alarms.ts';
import type { Manifest } from '../../../../core/manifest/manifest.ts';
import { composeAlert } from '../../../../core/notify/alert.ts';

const previous = {
  id: 'shop/app/2026-11-19T02-00-00Z',
  systemIdentifier: '7400000000000000001',
  rows: 1000,
  bytes: 1_000_000,
  format: 'custom',
  compression: 'zstd:1',
} as const;

const base: Manifest = {
  formatVersion: 1,
  id: 'shop/app/2026-11-20T02-00-00Z',
  source: 'shop',
  database: 'app',
  startedAt: '2026-11-20T02:00:00.000Z',
  finishedAt: '2026-11-20T02:01:00.000Z',
  server: { version: '17.0', versionNum: 170_000, encoding: 'UTF8', inRecovery: false },
  dump: { pgDump: '17.0', format: 'custom', compression: 'zstd:1', jobs: 1, snapshot: '3-1B-1' },
  globals: { rolePasswords: true },
  objects: [],
  tables: [],
  extensions: [],
  databaseBytes: 0,
  pgproof: '0.1.0',
};

/** A backup that differs from the one before it in nothing but what is said. */
function manifest(changed: {
  readonly rows?: number | null;
  readonly bytes?: number;
  readonly systemIdentifier?: string | undefined;
  readonly previous?: Partial<Manifest['previous']> | undefined;
  readonly partial?: boolean;
  readonly compression?: string;
}): Manifest {
  const { rows = 1000, bytes = 1_000_000, compression = 'zstd:1', partial } = changed;
  const is = 'systemIdentifier' in changed ? changed.systemIdentifier : previous.systemIdentifier;
  return {
    ...base,
    server: is === undefined ? base.server : { ...base.server, systemIdentifier: is },
    dump: { ...base.dump, format: 'custom', compression },
    objects: [{ role: 'archive', name: 'archive.dump', bytes, sha256: '0'.repeat(64) }],
    tables: [{ schema: 'public', name: 't', rows }],
    previous: { ...previous, ...changed.previous },
    ...(partial === undefined ? {} : { partial }),
  };
}

const kinds = (of: Manifest): string[] => alarmsOf(of).map(({ kind }) => kind);

describe('what somebody should look at', () => {
  it.each([
    ['nothing changed', manifest({}), []],
    ['half of the rows', manifest({ rows: 500 }), []],
    ['less than half of the rows', manifest({ rows: 499 }), ['cliff']],
    ['less than half of the bytes', manifest({ bytes: 499_999 }), ['cliff']],
    ['less of it, compressed otherwise', manifest({ bytes: 1, compression: 'zstd:9' }), []],
    ['rows that nobody counted', manifest({ rows: null }), []],
    ['tables left out on purpose', manifest({ rows: 1, bytes: 1, partial: true }), []],
    ['another cluster', manifest({ systemIdentifier: '7400000000000000002' }), ['another-cluster']],
    [
      'another cluster, and empty',
      manifest({ systemIdentifier: '7400000000000000002', rows: 0 }),
      ['another-cluster', 'cliff'],
    ],
    ['a cluster that cannot be told', manifest({ systemIdentifier: undefined }), []],
    ['one before that says none', manifest({ previous: { systemIdentifier: undefined } }), []],
  ])('%s', (_, of, expected) => {
    expect(kinds(of)).toEqual(expected);
  });

  it('is nothing where there was no backup before', () => {
    const { previous: _, ...first } = manifest({ rows: 0, bytes: 0 });
    expect(alarmsOf(first)).toEqual([]);
    expect(clusterUnknown(first)).toBeUndefined();
  });

  it('an identifier that was known and is not any more is said', () => {
    expect(clusterUnknown(manifest({ systemIdentifier: undefined }))).toMatch(/pg_control_system/);
    expect(clusterUnknown(manifest({}))).toBeUndefined();
    const neither = manifest({ systemIdentifier: undefined, previous: { systemIdentifier: undefined } });
    expect(clusterUnknown(neither)).toBeUndefined();
  });

  it('is an alert that says what, where, and what to do', () => {
    const [alarm] = alarmsOf(manifest({ rows: 3, bytes: 4_000 }));
    if (alarm === undefined) throw new Error('no alarm');
    const { subject, text, chat } = composeAlert({
      ...describeAlarm(alarm, 'shop'),
      result: 'doubtful',
      work: 'backup',
      source: 'shop',
      database: 'app',
      store: 's3://backups',
      at: new Date('2026-11-20T02:00:00Z'),
    });
    expect(subject).toBe(
      'LOOK AT BACKUP shop/app: less than half of the backup before: 3 rows instead of 1 000 rows',
    );
    expect(text).toMatch(/3 rows instead of 1 000 rows; an archive of 4 kB instead of 1 MB/);
    expect(text).toContain(`What to do: If nobody removed that on purpose`);
    expect(text).toContain(`pgproof release ${previous.id}`);
    expect(chat.content.title).toBe(':warning: LOOK AT BACKUP shop/app');
  });

  it('nothing is to be released where the one before is of another cluster: retention pins nothing across two', () => {
    const told = alarmsOf(manifest({ systemIdentifier: '7400000000000000002', rows: 3 })).map((alarm) =>
      describeAlarm(alarm, 'shop'),
    );
    expect(told.map(({ headline }) => headline)).toHaveLength(2);
    for (const { fix, hint } of told) expect(`${fix} ${hint}`).not.toMatch(/release/);
  });
});
