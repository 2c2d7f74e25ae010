import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listBackups } from '../../../../core/inventory/list-backups.ts';
import { readBackup } from '../../../../core/inventory/read-backup.ts';
import { type BackupId, formatId } from '../../../../core/manifest/backup-id.ts';
import { documentLimits } from '../../../../core/manifest/document.ts';
import { serialize } from '../../../../core/manifest/manifest.ts';
import { parseVerification, type Verification } from '../../../../core/manifest/verification.ts';
import { inForceAfter, isInOrder, type Verified } from '../../../../core/manifest/verified.ts';
import { composeAlert } from '../../../../core/notify/alert.ts';
import { NoMatchingTools, NoServerTools } from '../../../../core/postgres/programs/tools.ts';
import { chooseBackup } from '../../../../core/restore/choose-backup.ts';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import { ObjectChanged, type Store } from '../../../../core/store/store.ts';
import { verifyAndTell } from '../../../../core/verify/verify-and-tell.ts';
import type { LevelChoice } from '../../../../core/vocabulary.ts';
import { type BackupFixture, writeBackup } from '../../../support/backup/made-up.ts';

const sql = `--\n-- PostgreSQL database dump\n--\n\nCOPY public.t (id) FROM stdin;\n1\n\\.\n\n--\n-- PostgreSQL database dump complete\n--\n\n`;

let directory: string;
let store: Store;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
  store = fileStore({ directory });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const idOn = (day: number): BackupId => ({
  source: 'orders-prod',
  database: 'app',
  startedAt: new Date(Date.UTC(2026, 10, day, 2)),
});

const backupOn = (day: number): Promise<BackupFixture> =>
  writeBackup({
    id: idOn(day),
    directory,
    format: 'plain',
    tables: [{ schema: 'public', name: 't', rows: 1 }],
    objects: { 'archive.sql': sql, 'globals.sql': 'CREATE ROLE app;\n' },
  });

const alerts: string[] = [];
let minute = 0;
beforeEach(() => {
  alerts.length = 0;
  minute = 0;
});

/** A verification of its own hour; without programs `restore` cannot be decided. */
async function verify(day: number, level: LevelChoice, into: Store = store): Promise<Verified> {
  return await verifyAndTell(
    { id: idOn(day), level },
    {
      store: into,
      clock: () => {
        minute += 1;
        return new Date(Date.UTC(2026, 10, 21, 0, minute));
      },
      tools: () => Promise.reject(new NoMatchingTools({ found: [], rejected: [] }, 17)),
      verificationTools: () => Promise.reject(new NoServerTools({ found: [], rejected: [] }, 17)),
      notifier: {
        tell: async (outcome) => {
          if (outcome.result !== 'good') alerts.push(composeAlert(outcome).text);
        },
      },
    },
  );
}

const written = async (backup: BackupFixture): Promise<Verification> =>
  parseVerification(await readFile(backup.path('verification.json')), 'test');

const edited = (document: Buffer, change: object): Buffer =>
  serialize({ ...(JSON.parse(document.toString()) as object), ...change });

const short = ({ verdict, level, reached, history = [] }: Verification): string =>
  `${verdict} (${level}), reached ${reached}; ${history.map((run) => `${run.verdict} (${run.level})`).join(', ')}`;

test('a proof that could not be decided alerts, and the backup stays good', async () => {
  const backup = await backupOn(20);
  const verified = await verify(20, 'restore');
  expect(short(await written(backup))).toBe('unverifiable (restore), reached read; ');
  expect(isInOrder(verified)).toBe(false);
  expect(alerts).toHaveLength(1);
  expect(alerts[0]).toContain('BACKUP NOT VERIFIED');
  expect(alerts[0]).toContain('The backup still counts as good: level read was passed whole');
  expect(await chooseBackup(store, 'orders-prod/app/latest')).toMatchObject({
    isGood: true,
    verdict: 'unverifiable',
  });
});

test('later runs are kept in the history, and only what decides comes into force', async () => {
  const backup = await backupOn(20);
  await verify(20, 'read');
  const undecided = await verify(20, 'restore');
  expect(short(await written(backup))).toBe('intact (read), reached read; unverifiable (restore)');
  expect((await written(backup)).history?.[0]?.notPassed).toMatchObject([{ name: 'restore' }]);
  expect(undecided).toMatchObject({ verdict: 'unverifiable', inForce: { verdict: 'intact' } });
  expect(alerts[0]).toContain('it is intact since 2026-11-21T00:01:00.000Z');

  const globals = await readFile(backup.path('globals.sql'));
  await unlink(backup.path('globals.sql'));
  await verify(20, 'read');
  await writeFile(backup.path('globals.sql'), globals);
  const weaker = await verify(20, 'checksum');
  expect(short(await written(backup))).toMatch(
    /^failed \(read\), .*; intact \(checksum\), unverif.*, intact/,
  );
  // The bytes are in order, and it still cannot be counted on.
  expect(weaker.verdict).toBe('intact');
  expect(isInOrder(weaker)).toBe(false);
  expect(alerts.at(-1)).toMatch(/BACKUP IS BAD[\s\S]*failed at level read on [\s\S]*--level read/);
  await expect(chooseBackup(store, 'orders-prod/app/latest')).rejects.toThrow('failed');
  const mended = await verify(20, 'read');
  expect(isInOrder(mended)).toBe(true);
  expect((await written(backup)).history).toHaveLength(4);
});

test('verifications at once lose nothing of one another', async () => {
  const backup = await backupOn(20);
  await Promise.all(
    ['read', 'checksum', 'restore', 'read', 'checksum', 'restore'].map((level) =>
      verify(20, level as LevelChoice, fileStore({ directory })),
    ),
  );
  const document = await written(backup);
  expect(document).toMatchObject({ verdict: 'intact', level: 'read', reached: 'read' });
  const all = [document, ...(document.history ?? [])].map(({ level }) => level).sort();
  expect(all).toEqual(['checksum', 'checksum', 'read', 'read', 'restore', 'restore']);
});

test('where others write all the time it gives up, and says so', async () => {
  await backupOn(20);
  let tries = 0;
  const busy: Store = {
    ...store,
    replaceIf: async () => {
      tries += 1;
      throw new ObjectChanged(store.url);
    },
  };
  await expect(verify(20, 'read', busy)).rejects.toThrow(ObjectChanged);
  expect(tries).toBe(12);
  expect(alerts[0]).toContain('Another run wrote it meanwhile');
});

test.each<[string, (document: Verification) => object, string]>([
  ['another backup', (one) => ({ ...one, id: 'x/y/2026-11-20T02-00-00Z' }), 'of another backup: x/y/'],
  ['another source', (one) => ({ ...one, source: 'other' }), 'of another source: other'],
  ['another database', (one) => ({ ...one, database: 'other' }), 'of another database: other'],
  [
    'another manifest',
    (one) => ({ ...one, manifestSha256: 'a'.repeat(64) }),
    'of another manifest: SHA-256 aaa',
  ],
  ['nothing that was checked', (one) => ({ ...one, checks: [] }), 'it has no checks'],
])('a verification of %s counts as none', async (_, change, why) => {
  const backup = await backupOn(20);
  await verify(20, 'read');
  await writeFile(backup.path('verification.json'), serialize(change(await written(backup))));
  const [entry] = await listBackups(store, {});
  const none = { verification: undefined, notCounted: expect.stringContaining(why) };
  expect(entry).toMatchObject(none);
  expect(await readBackup(store, formatId(idOn(20)))).toMatchObject(none);
  await expect(chooseBackup(store, 'orders-prod/app/latest')).rejects.toThrow('never verified');
  // And it keeps nothing from coming into force, be it weaker.
  await verify(20, 'checksum');
  expect(await written(backup)).toMatchObject({
    id: formatId(idOn(20)),
    verdict: 'intact',
    level: 'checksum',
  });
});

const beside = async (backup: BackupFixture, name: string): Promise<Buffer> => readFile(backup.path(name));

test.each<[string, (old: Buffer) => Buffer, string]>([
  ['half of it is gone', (old) => old.subarray(0, old.length / 2), 'it cannot be read'],
  ['it is empty', () => Buffer.alloc(0), 'it cannot be read'],
  ['a field has another type', (old) => edited(old, { checks: 'all' }), 'it cannot be read'],
  ['its format is no number', (old) => edited(old, { formatVersion: 'two' }), 'it cannot be read'],
  ['it is of another backup', (old) => edited(old, { id: 'x/y/2026-11-20T02-00-00Z' }), 'another backup'],
  ['it has no checks', (old) => edited(old, { checks: [] }), 'it has no checks'],
])(
  'a verification that says nothing here is kept beside, byte by byte, and told: %s',
  async (_, spoil, why) => {
    const backup = await backupOn(20);
    await verify(20, 'checksum');
    await verify(20, 'read');
    const spoilt = spoil(await beside(backup, 'verification.json'));
    await writeFile(backup.path('verification.json'), spoilt);
    const verified = await verify(20, 'checksum');
    const [name = '', ...more] = (await written(backup)).keptBeside ?? [];
    expect(more).toEqual([]);
    expect(await beside(backup, name)).toEqual(spoilt);
    const told = verified.checks.find((check) => check.name === 'history');
    expect(told?.detail).toContain(why);
    expect(told?.detail).toContain(name);
    // Neither another run nor the same damage once more loses it, and it is no backup's and no verdict's.
    await writeFile(backup.path('verification.json'), spoilt);
    await verify(20, 'read');
    await verify(20, 'restore');
    expect(await written(backup)).toMatchObject({ keptBeside: [name], verdict: 'intact', reached: 'read' });
    expect(await listBackups(store, {})).toHaveLength(1);
  },
);

test('of a verification that is larger than any the beginning is kept beside, and told', async () => {
  const backup = await backupOn(20);
  await verify(20, 'read');
  const large = Buffer.alloc(documentLimits.bytes + 10, ' ');
  await writeFile(backup.path('verification.json'), large);
  const verified = await verify(20, 'checksum');
  const { keptBeside = [] } = await written(backup);
  expect(keptBeside).toHaveLength(1);
  expect(await beside(backup, keptBeside[0] ?? '')).toHaveLength(documentLimits.bytes + 1);
  const told = verified.checks.find((check) => check.name === 'history');
  expect(told?.detail).toContain('of which only the beginning was read');
  // From now on it is as any other.
  await verify(20, 'read');
  expect(await written(backup)).toMatchObject({ verdict: 'intact', reached: 'read', keptBeside });
});

test('a verification of a newer pgproof is never replaced: told before anything is done', async () => {
  const backup = await backupOn(20);
  await verify(20, 'read');
  const newer = edited(await beside(backup, 'verification.json'), { formatVersion: 2, verdict: 'sworn' });
  await writeFile(backup.path('verification.json'), newer);
  const unread: Store = {
    ...store,
    read: async (key, options) => {
      if (key.endsWith('archive.sql')) throw new Error('the archive was read');
      return await store.read(key, options);
    },
  };
  await expect(verify(20, 'read', unread)).rejects.toMatchObject({ name: 'VerificationOfNewer' });
  expect(alerts[0]).toContain('formatVersion 2');
  expect(await beside(backup, 'verification.json')).toEqual(newer);
  const [entry] = await listBackups(store, {});
  expect(entry?.verification).toMatchObject({ unreadable: expect.stringContaining('newer pgproof') });
});

test('nor one that a newer pgproof writes while this one works', async () => {
  const backup = await backupOn(20);
  await verify(20, 'read');
  const newer = edited(await beside(backup, 'verification.json'), { formatVersion: 2 });
  const overtaken: Store = {
    ...store,
    read: async (key, options) => {
      if (key.endsWith('archive.sql')) await writeFile(backup.path('verification.json'), newer);
      return await store.read(key, options);
    },
  };
  await expect(verify(20, 'read', overtaken)).rejects.toMatchObject({ name: 'VerificationOfNewer' });
  expect(await beside(backup, 'verification.json')).toEqual(newer);
});

test('a manifest of a newer pgproof is not called bad', async () => {
  const backup = await backupOn(20);
  const manifest = await beside(backup, 'manifest.json');
  await writeFile(backup.path('manifest.json'), edited(manifest, { formatVersion: 2 }));
  expect(await verify(20, 'read')).toMatchObject({
    verdict: 'unverifiable',
    checks: [{ name: 'manifest', detail: expect.stringContaining('of a newer pgproof: formatVersion 2') }],
  });
});

test('one of another manifest of this backup stays in the history', async () => {
  const backup = await backupOn(20);
  await verify(20, 'read');
  await backup.editManifest((manifest) => ({ ...manifest, pgproof: '0.2.0' }));
  await verify(20, 'checksum');
  expect(short(await written(backup))).toBe('intact (checksum), reached checksum; intact (read)');
  const [past] = (await written(backup)).history ?? [];
  expect(past?.manifestSha256).not.toBe((await written(backup)).manifestSha256);
});

test('one from before counts: how deep it reached is told by its verdict or its checks', async () => {
  const backup = await backupOn(20);
  await verify(20, 'restore');
  const { reached: _, manifestSha256: __, ...old } = await written(backup);
  await writeFile(backup.path('verification.json'), serialize(old));
  expect(await chooseBackup(store, 'orders-prod/app/latest')).toMatchObject({ isGood: true });
  const [entry] = await listBackups(store, {});
  expect(entry?.verification).toMatchObject({ verdict: 'unverifiable', reached: 'read' });
  expect(entry?.verification).not.toHaveProperty('manifestSha256');
  // What was known is not lost to a weaker look, and the verdict in force says which manifest it is of.
  const after = await verify(20, 'checksum');
  expect(after).toMatchObject({ verdict: 'intact', level: 'checksum', reached: 'read' });
  expect(inForceAfter(after).manifestSha256).toHaveLength(64);
});

test('latest is the newest good one, whatever was proven of older ones', async () => {
  for (const day of [18, 19, 20]) await backupOn(day);
  await verify(18, 'read');
  await verify(19, 'checksum');
  expect((await chooseBackup(store, 'orders-prod/app/latest')).id).toEqual(idOn(19));
  expect((await chooseBackup(store, 'orders-prod/app/latest', { any: true })).id).toEqual(idOn(20));
});
