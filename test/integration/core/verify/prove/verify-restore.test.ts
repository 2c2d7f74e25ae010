import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { formatId } from '../../../../../core/manifest/backup-id.ts';
import { parseVerification, type Verification } from '../../../../../core/manifest/verification.ts';
import type { VerificationTools } from '../../../../../core/postgres/programs/obtain.ts';
import { chooseTools, type PostgresTools } from '../../../../../core/postgres/programs/tools.ts';
import type { PrivateServer } from '../../../../../core/postgres/server/private-server.ts';
import { Interrupted } from '../../../../../core/process/interrupted.ts';
import { temporaryScratch } from '../../../../../core/scratch/scratch.ts';
import { fileStore } from '../../../../../core/store/file/file-store.ts';
import type {
  VerifyDependencies,
  VerifyProgress,
  VerifyRequest,
} from '../../../../../core/verify/request.ts';
import { verifyBackup } from '../../../../../core/verify/verify.ts';
import { type BackupFixture, copyBackup } from '../../../../support/backup/made-up.ts';
import { recordBackup } from '../../../../support/backup/recorded.ts';
import { findTools, startServer, verificationTools } from '../../../../support/postgres/programs.ts';
import { newestMajor, runSql, testMajors } from '../../../../support/postgres/servers.ts';
import { runOnMount } from '../../../../support/scratch/mounted.ts';
import { watchedStore } from '../../../../support/store/faulty-store.ts';

const sql = `
  create role shop_owner; create role shop_reader; create role "odd ""role";
  create extension citext; create extension pg_trgm;
  create table users (id serial primary key, name text not null, email text, phone text,
    status varchar(10) default 'new' check (status in ('new', 'old')));
  insert into users (name, email, phone) select 'n' || n, n || '@example.com', n::text from generate_series(1, 500) n;
  create index users_contact on users (email);
  alter table users owner to shop_owner; grant select on users to shop_reader, "odd ""role";
  create table notes (note text);
  create sequence "日本 'Ü"; select nextval('"日本 ''Ü"');
  insert into notes values ('first'), ('second'), ('third');
  create table tags (id int primary key, tag citext); insert into tags values (1, 'Red'), (2, 'Blue');
  create view tagged as select tag from tags;
  create table orders (id int primary key, customer int references users) partition by range (id);
  create table orders_1 partition of orders for values from (0) to (100);
  insert into orders select n, n from generate_series(1, 50) n;
  create materialized view spent as select count(*) from orders;
  create function total() returns bigint language sql as 'select count(*) from public.orders';
  create function looks(text) returns bool immutable language sql as 'select public.texticlike(null, $1)';
  create index notes_looks on notes (looks(note)); create index notes_note on notes (note);
  create view active as select * from users where status in ('new', 'old');
  select lo_from_bytea(0, 'picture');
  alter database shop set work_mem = '8MB'; comment on database shop is 'the shop'; grant connect on database shop to shop_reader;`;

const major = newestMajor();
let root: string;
let server: PrivateServer;
let tools: PostgresTools;
let good: BackupFixture;
let later: BackupFixture;
let wide: BackupFixture;
let scratch: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
  // The server may run as another user.
  await chmod(root, 0o755);
  server = await startServer({ major });
  tools = chooseTools(await findTools(), major);
  await runSql(server.parameters, 'create database shop');
  const parameters = { ...server.parameters, database: 'shop' };
  await runSql(parameters, sql);
  good = await recordBackup({ directory: join(root, 'good'), tools, parameters, fingerprint: true });
  await runSql(parameters, "delete from users where id = 77; select nextval('users_id_seq')");
  later = await recordBackup({ directory: join(root, 'later'), tools, parameters });
  await runSql(server.parameters, 'create database wide');
  const other = { ...server.parameters, database: 'wide' };
  await runSql(other, 'create table filler as select n, md5(n::text) from generate_series(1, 400000) n');
  wide = await recordBackup({ directory: join(root, 'wide'), tools, parameters: other, compress: '5' });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await rm(root, { recursive: true, force: true });
});
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
});
afterEach(async () => {
  // Whatever happened, nothing of the server or the archive is left.
  expect(await readdir(scratch)).toEqual([]);
  await rm(scratch, { recursive: true, force: true });
});

async function verify(
  backup: BackupFixture,
  change: Partial<VerifyDependencies> = {},
  request: Partial<VerifyRequest> = {},
): Promise<Verification> {
  const dependencies: VerifyDependencies = {
    store: fileStore({ directory: backup.directory }),
    tools: async () => tools,
    verificationTools,
    clock: () => new Date(),
    scratch: temporaryScratch(scratch),
    ...change,
  };
  return await verifyBackup({ id: backup.id, level: 'restore', ...request }, dependencies);
}

const damaged = (name: string, of = good): Promise<BackupFixture> => copyBackup(of, join(root, name));

/** Every check's status and detail by name, and the verdict. */
function summary({ verdict, checks }: Verification): Record<string, string> {
  return {
    verdict,
    ...Object.fromEntries(checks.map(({ name, status, detail }) => [name, `${status}: ${detail}`])),
  };
}

/** Changes bytes of the archive in place, and records what is there then. */
async function edit(backup: BackupFixture, change: (bytes: Buffer) => void): Promise<void> {
  const bytes = await readFile(backup.path('archive.dump'));
  change(bytes);
  await writeFile(backup.path('archive.dump'), bytes);
  await backup.rehash();
}

function replaceAll(bytes: Buffer, from: string, to: string): void {
  expect(Buffer.byteLength(from)).toBe(Buffer.byteLength(to));
  let count = 0;
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + 1)) {
    bytes.write(to, at);
    count += 1;
  }
  expect(count).toBeGreaterThan(0);
}

describe('a good backup', () => {
  test('is proven, and every check says what it saw', async () => {
    const steps = new Set<VerifyProgress['step']>();
    const watched = watchedStore(fileStore({ directory: good.directory }));
    const verification = await verify(
      good,
      { store: watched.store, onProgress: ({ step }) => steps.add(step) },
      { checks: [{ sql: 'select count(*) = 500 from users' }, { sql: 'select false', database: 'other' }] },
    );
    expect(summary(verification)).toMatchObject({
      verdict: 'proven',
      checksum: expect.stringMatching(/^passed: /),
      read: expect.stringMatching(/^passed: 4 tables, 555 rows, as recorded/),
      roles: expect.stringMatching(/^passed: /),
      restore: expect.stringMatching(
        /^passed: PostgreSQL \d+\.\d+; .* s with \d+ jobs?, 0 errors; .*B of room; (un)?contained: /,
      ),
      rows: 'passed: 4 tables, 555 rows after the restore, as recorded',
      schema: expect.stringMatching(
        /^passed: \d+ objects as at the source; \d+ entries as the archive has them/,
      ),
      fingerprint: 'passed: 4 tables, as recorded',
      sequences: 'passed: 2 values, as in the archive',
      'large objects': 'passed: 1, as recorded',
      valid: expect.stringMatching(/^passed: /),
      checks: 'passed: 1 check, all true',
    });
    expect([...steps].sort()).toEqual(['comparing', 'reading', 'restoring', 'starting']);
    const { timings } = verification;
    expect(timings).toEqual({
      fetchSeconds: expect.any(Number),
      fetchedBytes: (await readFile(good.path('archive.dump'))).length,
      restoreSeconds: expect.any(Number),
      rowsSeconds: expect.any(Number),
      indexSeconds: expect.any(Number),
      restoredBytes: expect.any(Number),
      jobs: availableParallelism(),
      serverVersion: tools.version,
      processors: availableParallelism(),
    });
    const { restoreSeconds = 0, rowsSeconds = 0, indexSeconds = 0, restoredBytes = 0 } = timings ?? {};
    expect(Math.min(rowsSeconds, indexSeconds)).toBeGreaterThan(0);
    expect(rowsSeconds + indexSeconds).toBeLessThan(restoreSeconds);
    expect(restoreSeconds * 1_000).toBeLessThanOrEqual(
      Date.parse(verification.finishedAt) - Date.parse(verification.startedAt) + 2,
    );
    // An empty database has some megabytes already.
    expect(restoredBytes).toBeGreaterThan(5_000_000);
    expect(watched.reads.filter((key) => key.endsWith('archive.dump'))).toHaveLength(1);
    expect(parseVerification(await readFile(good.path('verification.json')), 'test')).toEqual(verification);
  });

  test('is proven by a second reading where there is no room to keep the archive', async () => {
    const { databaseBytes } = await good.manifest();
    const freeBytes = async (): Promise<number> => Math.ceil(databaseBytes * 1.2) + 80 * 1024 * 1024;
    const watched = watchedStore(fileStore({ directory: good.directory }));
    const backup = await verify(good, { store: watched.store, scratch: { directory: scratch, freeBytes } });
    expect(summary(backup)).toMatchObject({
      verdict: 'proven',
      restore: expect.stringMatching(/ s with 1 job, 0 errors; /),
    });
    expect(backup.timings).toMatchObject({ jobs: 1, rowsSeconds: expect.any(Number) });
    expect(watched.reads.filter((key) => key.endsWith('archive.dump'))).toHaveLength(2);
  });

  test.each(['plain', 'tar', 'directory'] as const)('in the %s format is proven', async (format) => {
    const parameters = { ...server.parameters, database: 'shop' };
    const backup = await recordBackup({ directory: join(root, format), tools, parameters, format });
    const verification = await verify(backup);
    expect(summary(verification).verdict).toBe('proven');
    expect(verification.timings).toMatchObject({ restoreSeconds: expect.any(Number) });
    // psql does not say what it is busy with.
    expect(verification.timings?.rowsSeconds === undefined).toBe(format === 'plain');
  });

  test('at level auto is restored', async () => {
    const verification = await verify(good, {}, { level: 'auto' });
    expect(verification).toMatchObject({ level: 'restore', verdict: 'proven' });
  });

  test.runIf(testMajors().length > 1)('is proven by the nearest newer version, which it names', async () => {
    const [oldest = major] = testMajors();
    const old = chooseTools(await findTools(), oldest);
    const source = await startServer({ major: oldest });
    try {
      await runSql(source.parameters, 'create database shop');
      const parameters = { ...source.parameters, database: 'shop' };
      await runSql(parameters, sql);
      const backup = await recordBackup({ directory: join(root, 'old'), tools: old, parameters });
      const newer = (): Promise<VerificationTools> => verificationTools(major);
      expect(summary(await verify(backup, { verificationTools: newer }))).toMatchObject({
        verdict: 'proven',
        restore: expect.stringContaining(`, the nearest on hand to the source's ${oldest}; `),
        schema: expect.stringMatching(/ entries of the archive are there$/),
      });
    } finally {
      await source.stop();
    }
  });
});

describe('sabotage', () => {
  test.each([
    ['at the start', 0],
    ['in the table of contents', 0.1],
    ['in the data', 0.7],
    ['at the end', 1],
  ])('one byte flipped %s fails it, and nothing is restored', async (_, share) => {
    const backup = await damaged('flip');
    const bytes = await readFile(backup.path('archive.dump'));
    const at = Math.floor((bytes.length - 1) * share);
    bytes[at] = (bytes[at] ?? 0) ^ 0x10;
    await writeFile(backup.path('archive.dump'), bytes);
    const verification = await verify(backup);
    expect(summary(verification)).toMatchObject({
      verdict: 'failed',
      checksum: expect.stringMatching(/^failed: archive.dump has sha256/),
    });
    expect(verification.checks.map(({ name }) => name)).not.toContain('restore');
  });

  test('a row taken out, and the checksum recomputed', async () => {
    const backup = await damaged('row');
    await edit(backup, (bytes) => replaceAll(bytes, 'first\n', 'first+'));
    expect(summary(await verify(backup))).toMatchObject({
      verdict: 'failed',
      checksum: expect.stringMatching(/^passed/),
      read: expect.stringContaining('public.notes has 2 rows, recorded were 3'),
    });
  });

  test('a value changed, and the checksum recomputed', async () => {
    const backup = await damaged('value');
    await edit(backup, (bytes) => replaceAll(bytes, 'second\n', 'minute\n'));
    expect(summary(await verify(backup))).toMatchObject({
      verdict: 'failed',
      read: expect.stringMatching(/^passed/),
      rows: expect.stringMatching(/^passed/),
      fingerprint: 'failed: public.notes has other content',
    });
  });

  test('an index definition changed, and the checksum recomputed', async () => {
    const backup = await damaged('index');
    await edit(backup, (bytes) => replaceAll(bytes, 'btree (email)', 'btree (phone)'));
    expect(summary(await verify(backup))).toMatchObject({
      verdict: 'failed',
      schema: 'failed: index public.users_contact is not as at the source',
    });
  });

  test('a role removed from globals', async () => {
    const backup = await damaged('role');
    const globals = await readFile(backup.path('globals.sql'), 'utf8');
    const without = globals.split('\n').filter((line) => !line.includes('shop_reader'));
    await writeFile(backup.path('globals.sql'), without.join('\n'));
    await backup.rehash();
    const found = summary(await verify(backup));
    expect(found).toMatchObject({
      verdict: 'failed',
      roles: expect.stringContaining('shop_reader is missing'),
    });
  });

  test('the archive of another run, before and after', async () => {
    for (const days of [-1, 1]) {
      const backup = await damaged('swapped');
      await backup.editManifest((manifest) => ({
        ...manifest,
        startedAt: new Date(Date.parse(manifest.startedAt) + days * 86_400_000).toISOString(),
        finishedAt: new Date(Date.parse(manifest.finishedAt) + days * 86_400_000).toISOString(),
      }));
      expect(summary(await verify(backup))).toMatchObject({
        verdict: 'failed',
        restore: expect.stringMatching(/^failed: the archive is of another run: /),
      });
    }
  });

  test('the archive of a run a moment later', async () => {
    const backup = await damaged('moment');
    await writeFile(backup.path('archive.dump'), await readFile(later.path('archive.dump')));
    await backup.rehash();
    expect(summary(await verify(backup)).verdict).toBe('failed');
  });

  test('a statement that the server refuses', async () => {
    const backup = await damaged('refused');
    await edit(backup, (bytes) => replaceAll(bytes, 'btree (email)', 'btree (emayl)'));
    expect(summary(await verify(backup))).toMatchObject({
      verdict: 'failed',
      restore: expect.stringContaining('column "emayl" does not exist'),
    });
  });

  test('a check of the user’s', async () => {
    const checks = [{ name: 'enough orders', sql: 'select count(*) > 1000 from orders' }];
    expect(summary(await verify(good, {}, { checks }))).toMatchObject({
      verdict: 'failed',
      checks: expect.stringMatching(/^failed: enough orders: returned false, not true: .*stale data/),
    });
  });
});

describe('limits', () => {
  test('an extension that this server has not: what needs it is left out and named, the rest is checked', async () => {
    const backup = await damaged('extension');
    await edit(backup, (bytes) => replaceAll(bytes, 'citext', 'citexx'));
    const manifest = await readFile(backup.path('manifest.json'), 'utf8');
    await writeFile(backup.path('manifest.json'), manifest.replaceAll('citext', 'citexx'));
    const verification = await verify(backup);
    // The times are those of the attempt that counted: one job, after several.
    expect(verification.timings).toMatchObject({ jobs: 1, restoreSeconds: expect.any(Number) });
    const found = summary(verification);
    expect(found).toMatchObject({
      verdict: 'unverifiable',
      restore: expect.stringMatching(
        // Nothing but the server tells what a function's body needs: then one job says for sure what is about what.
        /^unverifiable: left out: extension citexx and \d+ objects that need it: .*tags.*extension "citexx" is missing here: .*function public.texticlike\(unknown, text\) does not exist.*\(INDEX notes_looks .*; \S+ s with 1 job,/,
      ),
      rows: expect.stringMatching(/^passed: 3 tables, 553 rows/),
      checksum: expect.stringMatching(/^passed/),
    });
    await edit(backup, (bytes) => replaceAll(bytes, 'btree (email)', 'btree (phone)'));
    expect(summary(await verify(backup))).toMatchObject({
      verdict: 'failed',
      schema: expect.stringContaining('index public.users_contact is not as at the source'),
    });
  });

  test('a locale that this server has not: another takes its place, the rest is checked', async () => {
    const backup = await damaged('locale');
    await backup.editManifest(({ server: facts, ...manifest }) => ({
      ...manifest,
      server: { ...facts, locale: { provider: 'libc', collate: 'xx_XX.UTF-8', ctype: 'xx_XX.UTF-8' } },
    }));
    const verification = await verify(backup);
    expect(summary(verification)).toMatchObject({
      verdict: 'unverifiable',
      restore: expect.stringMatching(/^unverifiable: locale "xx_XX.UTF-8" .*C/),
    });
    const others = verification.checks.filter(({ name }) => name !== 'restore');
    expect(others.map(({ status }) => status)).toEqual(others.map(() => 'passed'));
    expect(others.map(({ name }) => name)).toEqual(expect.arrayContaining(['rows', 'schema', 'valid']));
  });

  test('the time limit', async () => {
    const deadline = new AbortController();
    const found = summary(
      await verify(good, {
        signal: deadline.signal,
        onProgress: ({ step }) => {
          if (step === 'restoring') deadline.abort(new Error('no time'));
        },
      }),
    );
    expect(found).toMatchObject({
      verdict: 'unverifiable',
      checksum: expect.stringMatching(/^passed/),
      read: expect.stringMatching(/^passed/),
      restore: 'unverifiable: stopped: no time',
    });
  });

  test('whoever interrupts it changes no verdict', async () => {
    const backup = await damaged('interrupted');
    await rm(backup.path('verification.json'), { force: true });
    const stop = new AbortController();
    const change: Partial<VerifyDependencies> = {
      signal: stop.signal,
      onProgress: ({ step }) => {
        if (step === 'restoring') stop.abort(new Interrupted('SIGINT'));
      },
    };
    await expect(verify(backup, change)).rejects.toThrow(Interrupted);
    expect(await readdir(dirname(backup.path('manifest.json')))).not.toContain('verification.json');
  });

  test('a server that cannot start says why in its own words', async () => {
    const broken = join(root, 'broken');
    await mkdir(broken);
    await writeFile(join(broken, 'initdb'), '#!/bin/sh\necho "no shared memory here" >&2; exit 1\n', {
      mode: 0o755,
    });
    const brokenServer = async (): Promise<VerificationTools> => {
      const { server: real, client } = await verificationTools(major);
      return { server: { ...real, directory: broken }, client };
    };
    expect(summary(await verify(good, { verificationTools: brokenServer }))).toMatchObject({
      verdict: 'unverifiable',
      read: expect.stringMatching(/^passed/),
      restore: expect.stringMatching(/^unverifiable: initdb failed: no shared memory here\. /),
    });
  });

  test.each([
    [
      'too small to begin',
      'size=60m',
      [],
      /^unverifiable: no room: needs about \d+ MB in .*, \d+ MB are free$/,
    ],
    [
      'full while the restore runs',
      'size=44m',
      ['999999999'],
      /^unverifiable: .*(no room|No space left|room on the disk)/,
    ],
  ])('a disk that is %s', async (_, size, pretended, words) => {
    // In a mount namespace of its own: the store must be visible there, the scratch directory is the small disk.
    const disk = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
    try {
      const child = join(import.meta.dirname, './verify-child.ts');
      const parts = [wide.directory, formatId(wide.id), disk, ...pretended];
      const output = await runOnMount(disk, `${size},mode=755`, [
        process.execPath,
        '--import',
        'tsx',
        child,
        ...parts,
      ]);
      const { verification, left } = JSON.parse(output) as { verification: Verification; left: string[] };
      expect(summary(verification)).toMatchObject({
        verdict: 'unverifiable',
        read: expect.stringMatching(/^passed/),
        restore: expect.stringMatching(words),
      });
      expect(left).toEqual([]);
    } finally {
      await rm(disk, { recursive: true });
    }
  });
});
