import { spawnSync } from 'node:child_process';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isGoodEntry, type ListEntry } from '../../../../core/inventory/entry.ts';
import { listBackups } from '../../../../core/inventory/list-backups.ts';
import { readBackup } from '../../../../core/inventory/read-backup.ts';
import { verdictOn } from '../../../../core/inventory/read-entry.ts';
import { type BackupId, formatId } from '../../../../core/manifest/backup-id.ts';
import { Unreadable } from '../../../../core/manifest/document.ts';
import { type Manifest, ManifestUnreadable } from '../../../../core/manifest/manifest.ts';
import { NoMatchingTools, NoServerTools } from '../../../../core/postgres/programs/tools.ts';
import { chooseBackup } from '../../../../core/restore/choose-backup.ts';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import { type Store, StoreUnusable } from '../../../../core/store/store.ts';
import { verifyBackup } from '../../../../core/verify/verify.ts';
import { type BackupFixture, writeBackup } from '../../../support/backup/made-up.ts';

let directory: string;
let store: Store;
let whole: BackupFixture;
let damaged: BackupFixture;

const at = (day: number): BackupId => ({
  source: 'prod',
  database: 'app',
  startedAt: new Date(`2026-11-${day}T02:00:00Z`),
});

/** An older backup that is good, and a newer one that was good before it is damaged. */
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
  store = fileStore({ directory });
  const content = {
    directory,
    format: 'plain',
    tables: [],
    objects: { 'archive.sql': 'select 1;' },
  } as const;
  whole = await writeBackup({ ...content, id: at(20) });
  damaged = await writeBackup({ ...content, id: at(21) });
  for (const { id } of [whole, damaged]) expect((await verify(id)).verdict).toBe('intact');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function verify(id: BackupId): ReturnType<typeof verifyBackup> {
  const none = { found: [], rejected: [] };
  const dependencies = {
    store,
    clock: () => new Date(),
    tools: async (): Promise<never> => {
      throw new NoMatchingTools(none, 17);
    },
    verificationTools: async (): Promise<never> => {
      throw new NoServerTools(none, 17);
    },
  };
  return verifyBackup({ id, level: 'checksum' }, dependencies);
}

const changed =
  (change: (manifest: Manifest) => object) =>
  async ({ path }: BackupFixture): Promise<void> => {
    const manifest: Manifest = JSON.parse(await readFile(path('manifest.json'), 'utf8'));
    await writeFile(path('manifest.json'), JSON.stringify(change(manifest)));
  };

const written =
  (bytes: string | Uint8Array) =>
  ({ path }: BackupFixture): Promise<void> =>
    writeFile(path('manifest.json'), bytes);

const named = (name: string): ((backup: BackupFixture) => Promise<void>) =>
  changed((manifest) => ({ ...manifest, objects: manifest.objects.map((one) => ({ ...one, name })) }));

const damages: Readonly<Record<string, (backup: BackupFixture) => Promise<void>>> = {
  'of no bytes': written(''),
  'of random bytes': written(Buffer.from([0xff, 0xfe, 0x00, 0x80, 0x7b])),
  'in UTF-8 that is none': written(Buffer.from('{"id":"\xe4"}', 'latin1')),
  'with 200,000 brackets': written('['.repeat(200_000)),
  'with 200,000 brackets that are closed': written(`${'['.repeat(200_000)}${']'.repeat(200_000)}`),
  'with brackets too deep in a key of its own': changed((manifest) => ({
    ...manifest,
    more: JSON.parse(`${'[{"a":'.repeat(40)}1${'}]'.repeat(40)}`),
  })),
  'with five million values': written(`[${'0,'.repeat(5_000_000)}0]`),
  'with a million tables of the wrong kind': changed((manifest) => ({
    ...manifest,
    tables: Array.from({ length: 1_000_000 }, () => 0),
  })),
  'that is null': written('null'),
  'with a list in the place of a text': changed((manifest) => ({ ...manifest, source: ['prod'] })),
  'without objects': changed(({ objects: _, ...manifest }) => manifest),
  'with a size beyond all numbers': async ({ path }) => {
    const text = await readFile(path('manifest.json'), 'utf8');
    await writeFile(path('manifest.json'), text.replace(/"bytes": \d+/, '"bytes": 1e400'));
  },
  'with U+0000 in a name': changed((manifest) => ({
    ...manifest,
    tables: [{ schema: 'public', name: 'a\0b', rows: 0 }],
  })),
  'of another backup': changed((manifest) => ({ ...manifest, id: manifest.id.replace('21T', '20T') })),
  'of another source': changed((manifest) => ({ ...manifest, source: 'test' })),
  'of another database': changed((manifest) => ({ ...manifest, database: 'other' })),
  'that names an object above': named('../2026-11-20T02-00-00Z/archive.sql'),
  'that names an absolute path': named('/etc/passwd'),
  'that names itself': named('manifest.json'),
  'that names what no file system takes': named('x'.repeat(300)),
  'that names one object twice': changed((manifest) => ({
    ...manifest,
    objects: [...manifest.objects, ...manifest.objects],
  })),
  'with no version of pg_dump': changed((manifest) => ({
    ...manifest,
    dump: { ...manifest.dump, pgDump: 'the newest' },
  })),
  'of a gigabyte': async ({ path }) => {
    const file = await open(path('manifest.json'), 'r+');
    await file.truncate(1024 ** 3);
    await file.close();
  },
};

describe.each(Object.entries(damages))('a manifest %s', (_, damage) => {
  test('is listed as unreadable, with why, refused alike by all, and disturbs nothing', async () => {
    await damage(damaged);
    const [newer, older, ...more] = await listBackups(store);
    expect(more).toEqual([]);
    expect(older).toMatchObject({ id: whole.id, summary: { id: formatId(whole.id) } });
    expect(older && isGoodEntry(older)).toBe(true);
    expect(whyUnreadable(newer)).toMatch(/manifest|too large/);
    expect(newer && isGoodEntry(newer)).toBe(false);

    const { verdict, checks } = await verify(damaged.id);
    expect({ verdict, checks }).toEqual({
      verdict: 'failed',
      checks: [{ name: 'manifest', status: 'failed', detail: expect.any(String) }],
    });
    await expect(chooseBackup(store, formatId(damaged.id))).rejects.toThrow(ManifestUnreadable);
    expect((await chooseBackup(store, 'prod/app/latest')).id).toEqual(whole.id);
  });
});

function whyUnreadable(entry: ListEntry | undefined): string {
  if (!(entry?.summary instanceof Unreadable)) throw new Error('it was read');
  return entry.summary.unreadable;
}

test('keys of a prototype are data, or nothing', async () => {
  const text = await readFile(damaged.path('manifest.json'), 'utf8');
  const keys =
    '"__proto__": {"warnings": 5}, "constructor": 1, "toString": 2, "unreadable": {"toString": 3}, "then": 4,';
  await writeFile(damaged.path('manifest.json'), text.replace('{', `{${keys}`));
  const entry = await readBackup(store, formatId(damaged.id));
  expect(entry.manifest).not.toBeInstanceOf(Unreadable);
  expect((entry.manifest as Manifest).warnings).toBeUndefined();
  expect(Object.getPrototypeOf({}).warnings).toBeUndefined();
});

describe('a verification', () => {
  test.each([
    ['of a gigabyte', 'too large'],
    ['with 200,000 brackets', 'not a verification'],
  ])('%s is unreadable, and no verdict', async (kind, why) => {
    const path = damaged.path('verification.json');
    await writeFile(path, kind === 'of a gigabyte' ? '' : '['.repeat(200_000));
    if (kind === 'of a gigabyte') {
      const file = await open(path, 'r+');
      await file.truncate(1024 ** 3);
      await file.close();
    }
    const entry = await readBackup(store, formatId(damaged.id));
    expect(entry.verification).toEqual({ unreadable: expect.stringContaining(why) });
    expect(verdictOn(entry)).toBeUndefined();
    expect((await chooseBackup(store, 'prod/app/latest')).id).toEqual(whole.id);
  });
});

test('a manifest that this user may not read is told, the others are listed', async () => {
  const refusing: Store = {
    ...store,
    read: async (key, options) => {
      if (key.includes('11-21T')) {
        throw new StoreUnusable({ what: 'Access is denied', fix: 'Ask.' }, { isOfObject: true });
      }
      return await store.read(key, options);
    },
  };
  const [newer, older] = await listBackups(refusing);
  expect(older?.summary).not.toBeInstanceOf(Unreadable);
  expect(whyUnreadable(newer)).toBe('Access is denied. Ask.');
});

test('a store that cannot be reached is no store of unreadable backups', async () => {
  const away: Store = {
    ...store,
    read: async () => {
      throw new StoreUnusable({ what: 'The connection broke', fix: 'Try again.' });
    },
  };
  await expect(listBackups(away, {})).rejects.toThrow('The connection broke');
  await expect(chooseBackup(away, 'prod/app/latest')).rejects.toThrow('The connection broke');
});

test('a named pipe in the place of a document keeps nobody waiting', async () => {
  await rm(damaged.path('manifest.json'));
  expect(spawnSync('mkfifo', [damaged.path('manifest.json')]).status).toBe(0);
  expect((await listBackups(store, {})).map(({ id }) => id)).toEqual([whole.id]);
  await expect(store.read(`${formatId(damaged.id)}/manifest.json`)).rejects.toThrow('no such object');
});
