import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseName, type KnownServer } from '../../../../core/backup/default-name.ts';
import { formatId } from '../../../../core/manifest/backup-id.ts';
import { writeBackup } from '../../../support/backup/made-up.ts';
import { withFileStore } from '../../../support/backup/run.ts';

const names = { name: 'box-5433', former: 'localhost' };
const ours: KnownServer = { systemIdentifier: '7001', major: 17, databases: ['app', 'postgres', 'shop'] };

/** A backup under a name, of a cluster or of none that is said. */
type Held = readonly [
  source: string,
  database: string,
  day: number,
  cluster?: string | undefined,
  version?: string,
];

async function chosen(held: readonly Held[], server: KnownServer = ours, asked = names): Promise<unknown> {
  return withFileStore(async (store, _files, directory) => {
    for (const [source, database, day, systemIdentifier, pgDump = '17.2'] of held) {
      const id = { source, database, startedAt: new Date(Date.UTC(2026, 0, day)) };
      const backup = await writeBackup({
        id,
        directory,
        format: 'custom',
        tables: [],
        objects: { 'archive.dump': 'x' },
        pgDump,
      });
      await backup.editManifest((manifest) => ({
        ...manifest,
        id: formatId(id),
        server: { ...manifest.server, ...(systemIdentifier === undefined ? {} : { systemIdentifier }) },
      }));
    }
    await mkdir(join(directory, 'localhost', '.hidden'), { recursive: true });
    await writeFile(join(directory, 'localhost', '.hidden', 'x'), '');
    return chooseName(store, asked, async () => server, new Date('2026-06-01T00:00:00Z'));
  });
}

const kept = { name: 'localhost', how: 'kept' };
const isNew = { name: 'box-5433', how: 'new' };
const settled = { name: 'box-5433', how: 'settled' };

describe('the name of a server that was given none', () => {
  it.each<[string, readonly Held[], unknown]>([
    ['an empty store', [], settled],
    ['backups of others', [['prod', 'app', 1, '7001']], settled],
    ['its own under the former name', [['localhost', 'app', 1, '7001']], kept],
    ['its own, of a database that is dropped', [['localhost', 'old', 1, '7001']], kept],
    [
      'its own under both names: the former has gone on',
      [
        ['localhost', 'app', 1, '7001'],
        ['box-5433', 'app', 2, '7001'],
      ],
      kept,
    ],
    ['those of another cluster, with the same databases', [['localhost', 'app', 1, '7002']], isNew],
    [
      'those of another cluster that came later',
      [
        ['localhost', 'app', 1, '7001'],
        ['localhost', 'app', 2, '7002'],
      ],
      isNew,
    ],
    [
      'those of another cluster, once it has its own name',
      [
        ['localhost', 'app', 1, '7002'],
        ['box-5433', 'app', 1, '7001'],
      ],
      settled,
    ],
    [
      'those of before, of the same databases and major',
      [
        ['localhost', 'app', 1],
        ['localhost', 'shop', 1],
      ],
      kept,
    ],
    ['those of before, of fewer databases', [['localhost', 'app', 1]], kept],
    [
      'those of before, of more databases',
      [
        ['localhost', 'app', 1],
        ['localhost', 'shop', 1],
        ['localhost', 'dropped', 1],
      ],
      kept,
    ],
    [
      'those of before, of other databases',
      [
        ['localhost', 'app', 1],
        ['localhost', 'other', 1],
      ],
      isNew,
    ],
    ['those of before, of another major', [['localhost', 'app', 1, undefined, '16.4']], isNew],
    [
      'those of before, once it has its own name',
      [
        ['localhost', 'app', 1],
        ['box-5433', 'app', 1],
      ],
      settled,
    ],
    [
      'those of before, beside one that says another cluster',
      [
        ['localhost', 'app', 1],
        ['localhost', 'shop', 1, '7002'],
      ],
      isNew,
    ],
  ])('where the store has %s', async (_, held, expected) => {
    expect(await chosen(held)).toEqual(expected);
  });

  it('is by databases and major where the server does not say who it is', async () => {
    const silent = { ...ours, systemIdentifier: undefined };
    expect(await chosen([['localhost', 'app', 1, '7001']], silent)).toEqual(kept);
    expect(await chosen([['localhost', 'elsewhere', 1, '7001']], silent)).toEqual(isNew);
  });

  it('asks neither store nor server where nothing has changed', () =>
    withFileStore(async (store) => {
      const look = (): Promise<never> => Promise.reject(new Error('asked'));
      const same = { name: 'db', former: 'db' };
      expect(await chooseName(store, same, look, new Date())).toEqual({ name: 'db', how: 'settled' });
      expect(await chooseName(store, names, look, new Date())).toEqual(settled);
    }));
});
