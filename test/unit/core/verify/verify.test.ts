import { chmod, mkdir, mkdtemp, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BackupNotFound } from '../../../../core/inventory/read-backup.ts';
import type { BackupId } from '../../../../core/manifest/backup-id.ts';
import { parseVerification, type Verification } from '../../../../core/manifest/verification.ts';
import {
  NoMatchingTools,
  NoServerTools,
  type PostgresTools,
} from '../../../../core/postgres/programs/tools.ts';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import { type Store, StoreUnusable } from '../../../../core/store/store.ts';
import type { VerifyDependencies } from '../../../../core/verify/request.ts';
import { verifyBackup } from '../../../../core/verify/verify.ts';
import type { LevelChoice } from '../../../../core/vocabulary.ts';
import { type BackupFixture, type FixtureContent, writeBackup } from '../../../support/backup/made-up.ts';
import { sha256 } from '../../../support/store/byte-source.ts';
import { breakingStore, stallingStore, watchedStore } from '../../../support/store/faulty-store.ts';

const id: BackupId = {
  source: 'orders-prod',
  database: 'host=evil dbname=x',
  startedAt: new Date('2026-11-20T02:00:00Z'),
};
const tables = [
  { schema: 'public', name: 'orders', rows: 3 },
  { schema: 'public', name: 'users', rows: 1 },
];
const orders = 'COPY public.orders (id) FROM stdin;\n1\n2\n3\n\\.\n\n';
const users = 'COPY public.users (id, name) FROM stdin;\n1\tMüller\n\\.\n\n';
const last = '--\n-- PostgreSQL database dump complete\n--\n\n';
const sql = `--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\n\n${orders}${users}${last}`;
const globals = 'CREATE ROLE app;\n';

let directory: string;
let store: Store;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
  store = fileStore({ directory });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const plain = (change: Partial<FixtureContent> = {}): Promise<BackupFixture> =>
  writeBackup({
    id,
    directory,
    format: 'plain',
    tables,
    objects: { 'archive.sql': sql, 'globals.sql': globals },
    ...change,
  });

const noTools = async (): Promise<PostgresTools> => {
  throw new NoMatchingTools({ found: [], rejected: [] }, 17);
};

const noServer = async (): Promise<never> => {
  throw new NoServerTools({ found: [], rejected: [] }, 17);
};

async function verify(
  change: Partial<VerifyDependencies> = {},
  level: LevelChoice = 'read',
): Promise<Verification> {
  const times = [new Date('2026-11-20T02:05:00Z'), new Date('2026-11-20T02:06:00Z')];
  const clock = (): Date => times.shift() ?? new Date(0);
  return await verifyBackup(
    { id, level },
    { store, tools: noTools, verificationTools: noServer, clock, ...change },
  );
}

/** The verdict, and each check's status and detail by name. */
function summary({ verdict, checks }: Verification): Record<string, unknown> {
  return {
    verdict,
    ...Object.fromEntries(checks.map(({ name, status, detail }) => [name, `${status}: ${detail}`])),
  };
}

describe('a backup that is as recorded', () => {
  test('is intact, and the verdict lies beside its manifest', async () => {
    const backup = await plain();
    const progress: number[] = [];
    const verification = await verify({
      onProgress: (step) => {
        if (step.step === 'reading') progress.push(step.bytes);
      },
    });
    const bytes = Buffer.byteLength(sql + globals);
    expect(verification).toEqual({
      formatVersion: 1,
      id: 'orders-prod/host%3Devil%20dbname%3Dx/2026-11-20T02-00-00Z',
      startedAt: '2026-11-20T02:05:00.000Z',
      finishedAt: '2026-11-20T02:06:00.000Z',
      level: 'read',
      verdict: 'intact',
      reached: 'read',
      manifestSha256: sha256(await readFile(backup.path('manifest.json'))),
      timings: { fetchSeconds: expect.any(Number), fetchedBytes: Buffer.byteLength(sql) },
      checks: [
        { name: 'checksum', status: 'passed', detail: `${bytes} bytes in 2 objects, sha256 as recorded` },
        { name: 'read', status: 'passed', detail: '2 tables, 4 rows, as recorded' },
      ],
    });
    expect(parseVerification(await readFile(backup.path('verification.json')), 'test')).toEqual(verification);
    expect(progress.at(-1)).toBe(bytes);
  });

  test('at level checksum is not decoded', async () => {
    await plain({ objects: { 'archive.sql': 'no SQL at all' } });
    expect(summary(await verify({}, 'checksum'))).toEqual({
      verdict: 'intact',
      checksum: 'passed: 13 bytes, sha256 as recorded',
    });
  });

  test('is read once only', async () => {
    await plain();
    const watched = watchedStore(store);
    await verify({ store: watched.store });
    expect(watched.reads.map((key) => key.split('/').at(-1)).sort()).toEqual([
      'archive.sql',
      'globals.sql',
      'manifest.json',
    ]);
  });

  test('replaces the verdict before', async () => {
    const backup = await plain();
    await verify();
    await unlink(backup.path('globals.sql'));
    await verify();
    const written = parseVerification(await readFile(backup.path('verification.json')), 'test');
    expect(written.verdict).toBe('failed');
  });

  test('whose rows were not counted has its tables compared', async () => {
    await plain({ tables: tables.map((table) => ({ ...table, rows: null })) });
    expect(summary(await verify())).toMatchObject({
      verdict: 'intact',
      read: 'passed: 2 tables, as recorded; the rows of all were not counted when it was made',
    });
    await plain({ tables: [{ schema: 'public', name: 'orders', rows: null }] });
    expect(summary(await verify())).toMatchObject({
      verdict: 'failed',
      read: 'failed: 1 of 1 table differs: public.users (1 row) was not recorded',
    });
  });

  test('may be compressed with gzip', async () => {
    await plain({ objects: { 'archive.sql.gz': gzipSync(sql) } });
    expect(summary(await verify())).toMatchObject({
      verdict: 'intact',
      read: expect.stringContaining('4 rows, as recorded'),
    });
  });
});

describe('a backup that is not what it says has failed', () => {
  test('with any byte of it flipped, at either level', async () => {
    const backup = await plain({ objects: { 'archive.sql.gz': gzipSync(sql), 'globals.sql': globals } });
    const names = ['archive.sql.gz', 'globals.sql'] as const;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom('checksum' as const, 'read' as const),
        async (name, place, mask, level) => {
          const good = await readFile(backup.path(name));
          const bad = Buffer.from(good);
          const at = place % bad.length;
          bad[at] = (bad[at] ?? 0) ^ mask;
          await writeFile(backup.path(name), bad);
          const verification = await verify({}, level);
          await writeFile(backup.path(name), good);
          expect(verification.verdict).toBe('failed');
          expect(verification.checks[0]).toMatchObject({ name: 'checksum', status: 'failed' });
          expect(verification.checks[0]?.detail).toContain(`${name} has sha256 `);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('with an object cut short', async () => {
    const backup = await plain();
    await truncate(backup.path('archive.sql'), 150);
    expect(summary(await verify())).toMatchObject({
      verdict: 'failed',
      checksum: `failed: archive.sql has 150 bytes, recorded were ${Buffer.byteLength(sql)}`,
      read: expect.stringMatching(/^failed: the dump stops half way: /),
    });
  });

  test.each([
    [0, 'its last line is missing'],
    [sql.indexOf(users), 'its last line is missing'],
    [sql.indexOf('2\n3'), 'it ends in the rows of public.orders'],
    [sql.indexOf('(id)'), 'it ends in the middle of a statement'],
  ])('cut at byte %i before it was stored', async (length, detail) => {
    await plain({ objects: { 'archive.sql': sql.slice(0, length) } });
    expect(summary(await verify())).toMatchObject({
      verdict: 'failed',
      read: `failed: the dump stops half way: ${detail}`,
    });
  });

  test('with an object missing', async () => {
    const backup = await plain();
    await unlink(backup.path('archive.sql'));
    await unlink(backup.path('globals.sql'));
    expect(summary(await verify())).toEqual({
      verdict: 'failed',
      checksum: `failed: archive.sql is missing (${Buffer.byteLength(sql)} bytes recorded); globals.sql is missing (17 bytes recorded)`,
      read: 'failed: archive.sql is missing',
    });
  });

  test('with a row taken out before it was hashed', async () => {
    const backup = await plain();
    await writeFile(backup.path('archive.sql'), sql.replace('2\n', ''));
    await backup.rehash();
    expect(summary(await verify())).toMatchObject({
      verdict: 'failed',
      checksum: expect.stringMatching(/^passed/),
      read: 'failed: 1 of 2 tables differs: public.orders has 2 rows, recorded were 3',
    });
  });

  test("with another backup's archive in its place", async () => {
    await plain({ objects: { 'archive.sql': `${users.repeat(2)}${last}` }, tables });
    expect(summary(await verify())).toMatchObject({
      verdict: 'failed',
      read: 'failed: 2 of 2 tables differ: public.orders is missing; public.users has 2 rows, recorded were 1',
    });
  });

  test('with many differences, which are not all told', async () => {
    const many = Array.from({ length: 25 }, (_, index) => ({ schema: 'odd "s', name: `t${index}`, rows: 1 }));
    await plain({ objects: { 'archive.sql': last }, tables: many });
    const [, read] = (await verify()).checks;
    expect(read?.detail).toMatch(/^25 of 25 tables differ: "odd ""s".t0 is missing; .*; and 15 more$/);
    expect(read?.detail.match(/is missing/g)).toHaveLength(10);
  });

  test.each([
    ['no JSON', '{"formatVersion": 1', 'not JSON'],
    ['no manifest', '{"formatVersion": 1}', 'database'],
    ['empty', '', 'not JSON'],
  ])('with a manifest that is %s', async (_, text, detail) => {
    const backup = await plain();
    await writeFile(backup.path('manifest.json'), text);
    const verification = await verify();
    expect(verification).toMatchObject({
      verdict: 'failed',
      checks: [{ name: 'manifest', status: 'failed' }],
    });
    expect(verification.checks[0]?.detail).toContain(detail);
    expect(verification.checks[0]?.detail).not.toContain('\n');
    expect(parseVerification(await readFile(backup.path('verification.json')), 'test')).toEqual(verification);
  });

  test('with the manifest of another backup', async () => {
    const backup = await plain();
    await backup.editManifest((manifest) => ({ ...manifest, id: manifest.id.replace('20T', '19T') }));
    expect(summary(await verify())).toMatchObject({
      verdict: 'failed',
      manifest: expect.stringMatching(
        /^failed: .*: it is the manifest of another backup: .*19T.* expected .*20T/,
      ),
    });
  });

  test.each(['../archive.sql', '/etc/passwd', 'a//b', '.hidden', ''])(
    'with a manifest that names %j',
    async (name) => {
      const backup = await plain();
      await backup.editManifest((manifest) => ({
        ...manifest,
        objects: manifest.objects.map((object) => ({ ...object, name })),
      }));
      expect((await verify()).verdict).toBe('failed');
    },
  );

  test('with more than one archive, or none', async () => {
    await plain({ objects: { 'archive.sql': sql, 'archive.sql.gz': gzipSync(sql) } });
    expect(summary(await verify())).toMatchObject({
      verdict: 'failed',
      manifest: expect.stringContaining('it names 2 archives'),
    });
    await rm(directory, { recursive: true });
    await plain({ objects: { 'globals.sql': globals } });
    expect(summary(await verify())).toEqual({
      verdict: 'failed',
      manifest: expect.stringContaining('it names no archive'),
    });
  });
});

describe('a limit of the verifier never condemns the backup', () => {
  test('no pg_restore', async () => {
    await plain({ format: 'custom', objects: { 'archive.dump': 'PGDMP' } });
    expect(summary(await verify())).toMatchObject({
      verdict: 'unverifiable',
      checksum: 'passed: 5 bytes, sha256 as recorded',
      read: expect.stringMatching(/^unverifiable: .*none was found/),
    });
  });

  test('no pg_restore, but wrong bytes: failed', async () => {
    const backup = await plain({ format: 'custom', objects: { 'archive.dump': 'PGDMP' } });
    await writeFile(backup.path('archive.dump'), 'PGDMQ');
    expect((await verify()).verdict).toBe('failed');
  });

  test('no decoder', async () => {
    await plain({ objects: { 'archive.sql.lz4': sql } });
    expect(summary(await verify())).toMatchObject({
      verdict: 'unverifiable',
      read: 'unverifiable: pgproof has no decoder for archive.sql.lz4',
    });
  });

  const refused = new StoreUnusable({
    what: 'The bucket refused',
    got: '403\nAccessDenied',
    fix: 'Grant it.',
  });

  test.each([
    ['archive.sql', /^unverifiable: 340 of \d+ bytes were read, of archive.sql only 100: The bucket refused/],
    ['globals.sql', /^unverifiable: \d+ of \d+ bytes were read, of globals.sql only 100: The bucket refused/],
  ])('a store that breaks in the middle of %s', async (name, detail) => {
    await plain({ objects: { 'archive.sql': sql, 'globals.sql': '-- role\n'.repeat(30) } });
    const verification = await verify({ store: breakingStore(store, name, 100, refused) });
    expect(verification.verdict).toBe('unverifiable');
    expect(`${verification.checks[0]?.status}: ${verification.checks[0]?.detail}`).toMatch(detail);
  });

  test('a store that breaks, with another object that is wrong: failed', async () => {
    const backup = await plain();
    await writeFile(backup.path('globals.sql'), 'wrong');
    expect((await verify({ store: breakingStore(store, 'archive.sql', 10, refused) })).verdict).toBe(
      'failed',
    );
  });

  test('a deadline in the middle: says how far it got, and the verdict is written', async () => {
    const backup = await plain();
    const deadline = new AbortController();
    const stalling = stallingStore(store, 'archive.sql', 100, () =>
      deadline.abort(new Error('13 minutes are over')),
    );
    const verification = await verify({ store: stalling, signal: deadline.signal });
    const bytes = Buffer.byteLength(sql);
    expect(summary(verification)).toEqual({
      verdict: 'unverifiable',
      checksum: `unverifiable: 100 of ${bytes + globals.length} bytes were read, of archive.sql only 100: stopped: 13 minutes are over`,
      read: `unverifiable: 100 of ${bytes} bytes of archive.sql were read, then: stopped: 13 minutes are over`,
    });
    expect(parseVerification(await readFile(backup.path('verification.json')), 'test')).toEqual(verification);
  });
});

describe('a pg_restore', () => {
  /** A real program, but one that does what the test wants. */
  async function pretending(script: string, version = '17.0'): Promise<PostgresTools> {
    const place = join(directory, '.programs');
    await rm(place, { recursive: true, force: true });
    await mkdir(place);
    await writeFile(join(place, 'pg_restore'), `#!/bin/sh\n${script}\n`);
    await chmod(join(place, 'pg_restore'), 0o755);
    return { version, major: Number.parseInt(version, 10), directory: place };
  }
  const big = Buffer.alloc(4_000_000, 'x');
  const custom = (): Promise<BackupFixture> => plain({ format: 'custom', objects: { 'archive.dump': big } });
  const complete = `printf -- '--\\n-- PostgreSQL database dump complete\\n--\\n'`;

  test.each([
    ['killed by another', 'kill -KILL $$', 'unverifiable', 'was killed by SIGKILL'],
    ['that crashes', 'kill -SEGV $$', 'unverifiable', 'was killed by SIGSEGV'],
    [
      'that crashes over this archive only',
      'test "$1" = --version || kill -SEGV $$',
      'failed',
      'the archive is damaged: pg_restore crashes (SIGSEGV) when it reads it',
    ],
    [
      'as new as the archive that does not know its version',
      'echo "pg_restore: error: unsupported version (1.17) in file header" >&2; exit 1',
      'failed',
      'the archive is damaged: its first bytes name a version',
    ],
    [
      'too old for the archive',
      'echo "pg_restore: error: unsupported version (1.17) in file header" >&2; exit 1',
      'unverifiable',
      'unsupported version (1.17)',
    ],
    [
      'built without zstd',
      'echo "pg_restore: error: this build does not support compression with zstd" >&2; exit 1',
      'unverifiable',
      'does not support compression with zstd',
    ],
    [
      'without memory',
      'echo "pg_restore: error: out of memory" >&2; exit 1',
      'unverifiable',
      'out of memory',
    ],
    [
      'without its libraries',
      'echo "pg_restore: error while loading shared libraries: libpq.so.5" >&2; exit 127',
      'unverifiable',
      'could not be run: pg_restore: error while loading',
    ],
    [
      'that cannot decode it',
      'cat >/dev/null; echo "pg_restore: error: could not uncompress data" >&2; exit 1',
      'failed',
      'pg_restore cannot decode it: pg_restore: error: could not uncompress data',
    ],
    ['that stops without a word', 'cat >/dev/null; exit 3', 'failed', 'cannot decode it: exit status 3'],
    [
      'that ends well without an end',
      `cat >/dev/null; echo 'SELECT 1;'`,
      'failed',
      'its last line is missing',
    ],
    ['that writes half a statement', 'cat >/dev/null; echo SELECT', 'failed', 'in the middle of a statement'],
    ['whose rows differ', `cat >/dev/null; ${complete}`, 'failed', '2 of 2 tables differ'],
    ['that leaves the end unread', `head -c 1000 >/dev/null; ${complete}`, 'failed', '2 of 2 tables differ'],
    ['that fills standard error', 'yes complaint | head -c 4000000 >&2; exit 1', 'failed', 'complaint'],
  ])('%s', async (what, script, verdict, detail) => {
    await custom();
    // The archive is of 17.0.
    const tools = await pretending(script, what === 'too old for the archive' ? '16.9' : '17.0');
    const verification = await verify({ tools: async () => tools });
    expect(verification.verdict).toBe(verdict);
    expect(verification.checks[0]).toMatchObject({ name: 'checksum', status: 'passed' });
    expect(verification.checks[1]?.detail).toContain(detail);
  });

  test('that cannot be started', async () => {
    await custom();
    const tools = { version: '17.0', major: 17, directory: join(directory, 'nowhere') };
    expect(summary(await verify({ tools: async () => tools }))).toMatchObject({
      verdict: 'unverifiable',
      read: expect.stringContaining('could not be started'),
    });
  });

  test('that hangs is stopped by the deadline', async () => {
    await custom();
    const tools = await pretending('exec sleep 1000');
    const deadline = new AbortController();
    const verification = await verify({
      tools: async () => tools,
      signal: deadline.signal,
      onProgress: () => deadline.abort(new Error('no time')),
    });
    expect(verification).toMatchObject({ verdict: 'unverifiable', checks: [{}, { status: 'unverifiable' }] });
  });

  test.each([
    ['before it has read all', 'exec sleep 1000'],
    ['after it has read all', 'cat >/dev/null; exec sleep 1000'],
  ])('that hangs %s is stopped without a deadline too', async (_, script) => {
    await custom();
    const tools = await pretending(script);
    expect(summary(await verify({ tools: async () => tools, stallSeconds: 0.3 }))).toMatchObject({
      verdict: 'unverifiable',
      checksum: expect.stringMatching(/^passed/),
      read: 'unverifiable: pg_restore made no progress for 0.3 s and was stopped',
    });
  });

  test('that complains of an early end when the store broke does not condemn the backup', async () => {
    await custom();
    const tools = await pretending(
      'cat >/dev/null; echo "pg_restore: error: unexpected end of file" >&2; exit 1',
    );
    const broken = breakingStore(store, 'archive.dump', 1_000_000, new Error('socket hang up'));
    expect(summary(await verify({ store: broken, tools: async () => tools }))).toEqual({
      verdict: 'unverifiable',
      checksum:
        'unverifiable: 1000000 of 4000000 bytes were read, of archive.dump only 1000000: socket hang up',
      read: 'unverifiable: 1000000 of 4000000 bytes of archive.dump were read, then: socket hang up',
    });
  });

  test('gets no environment of ours', async () => {
    await custom();
    process.env.PGPASSWORD = 'canary';
    const tools = await pretending(`cat >/dev/null; env >&2; exit 1`);
    const [, read] = (await verify({ tools: async () => tools })).checks;
    delete process.env.PGPASSWORD;
    expect(read?.detail).toContain('LC_ALL=C');
    expect(read?.detail).not.toContain('canary');
  });
});

test('without a manifest there is no backup, and nothing is written', async () => {
  const backup = await plain();
  await unlink(backup.path('manifest.json'));
  await expect(verify()).rejects.toThrow(BackupNotFound);
  await expect(readFile(backup.path('verification.json'))).rejects.toThrow('ENOENT');
});

describe('a restore that cannot be tried', () => {
  const gigabyte = 1_000_000_000;
  const noServer = async (): Promise<never> => {
    throw new NoServerTools({ found: [], rejected: [] }, 17);
  };
  const scratch = { directory: tmpdir(), freeBytes: async () => 10 * gigabyte };
  const large = async (): Promise<void> => {
    const backup = await plain();
    await backup.editManifest((manifest) => ({ ...manifest, databaseBytes: 10 * gigabyte }));
  };

  test('for want of server programs, the backup is read and unverifiable', async () => {
    await plain();
    const verification = await verify({ verificationTools: noServer, scratch }, 'restore');
    expect(verification.level).toBe('restore');
    expect(summary(verification)).toEqual({
      verdict: 'unverifiable',
      checksum: expect.stringMatching(/^passed: /),
      read: 'passed: 2 tables, 4 rows, as recorded',
      restore: expect.stringMatching(/^unverifiable: No server programs .* of PostgreSQL 17: none was found/),
    });
  });

  test('for want of room, it says how much, before anything is looked for', async () => {
    await large();
    const watched = watchedStore(store);
    const verification = await verify(
      { verificationTools: noServer, scratch, store: watched.store },
      'restore',
    );
    expect(summary(verification)).toMatchObject({
      verdict: 'unverifiable',
      read: 'passed: 2 tables, 4 rows, as recorded',
      restore: `unverifiable: no room: needs about 12 GB in ${tmpdir()}, 10 GB are free`,
    });
    expect(watched.reads.filter((key) => key.endsWith('archive.sql'))).toHaveLength(1);
  });

  test('auto is level read then, and says why', async () => {
    await large();
    const roomless = await verify({ verificationTools: noServer, scratch }, 'auto');
    expect(roomless.level).toBe('read');
    expect(summary(roomless)).toMatchObject({
      verdict: 'intact',
      level: `passed: read, not restored: no room: needs about 12 GB in ${tmpdir()}, 10 GB are free`,
    });
    const hasty = await verify(
      {
        verificationTools: noServer,
        deadline: new Date('2026-11-20T02:06:00Z'),
        scratch: { ...scratch, freeBytes: async () => 100 * gigabyte },
      },
      'auto',
    );
    expect(hasty.level).toBe('read');
    expect(summary(hasty)).toMatchObject({
      verdict: 'intact',
      level: expect.stringMatching(/^passed: read, not restored: no time: needs about \d+ min .* remain$/),
    });
  });

  test('what fails below is failed, whatever was asked for', async () => {
    const backup = await plain();
    await truncate(backup.path('archive.sql'), 40);
    expect(summary(await verify({ verificationTools: noServer, scratch }, 'auto')).verdict).toBe('failed');
  });
});
