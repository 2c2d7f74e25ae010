import { mkdtemp, readdir, readFile, rename, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Verification } from '../../../../core/manifest/verification.ts';
import { chooseTools, type PostgresTools } from '../../../../core/postgres/programs/tools.ts';
import type { Scratch } from '../../../../core/scratch/scratch.ts';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import type { VerifyDependencies } from '../../../../core/verify/request.ts';
import { verifyBackup } from '../../../../core/verify/verify.ts';
import type { Format } from '../../../../core/vocabulary.ts';
import { type BackupFixture, copyBackup, dumpBackup } from '../../../support/backup/made-up.ts';
import { findTools, verificationTools } from '../../../support/postgres/programs.ts';
import { outerMajors, testMajors, withDatabase } from '../../../support/postgres/servers.ts';
import { breakingStore, stallingStore } from '../../../support/store/faulty-store.ts';

const oddSql = `
  create table users (id serial primary key, name text, bio text, doubled int generated always as (id * 2) stored);
  insert into users (name, bio) select 'name ' || g, md5(g::text) || E'\\\\.\\n\\t' from generate_series(1, 20000) g;
  create table nothing ();
  insert into nothing select from generate_series(1, 7);
  create table empty (a int);
  create schema "odd ""schema";
  create table "odd ""schema"."new
line; -- ""q"" COPY x FROM stdin;" (a text, "b) FROM stdin;" int);
  insert into "odd ""schema"."new
line; -- ""q"" COPY x FROM stdin;" values (E'\\\\.', 1), (E'a\\n\\\\.\\n', 2), ('', null);
  create table "Ünïcode" (a int);
  insert into "Ünïcode" values (1);
  create function decoy() returns text language sql as $$ select 'COPY public.users FROM stdin;
  ' $$;
  create function atomic() returns int begin atomic select 1; select 2; end;
  comment on table users is E'COPY public.users FROM stdin;\\n\\\\.\\n';
  create table parted (a int) partition by range (a);
  create table "parted-1" partition of parted for values from (0) to (10);
  create table "parted-2" partition of parted for values from (10) to (20);
  insert into parted select generate_series(0, 14);
  create materialized view counted as select count(*) from users;
  select lo_from_bytea(0, decode(repeat('deadbeef27', 20000), 'hex')) from generate_series(1, 3);
  alter sequence users_id_seq restart with 4711;`;
const rows = 20_000 + 7 + 3 + 1 + 15;

type Variant = { readonly format: Format; readonly compress?: string };
const variants = (major: number): Variant[] => [
  { format: 'custom' },
  { format: 'custom', compress: '0' },
  { format: 'tar' },
  { format: 'directory' },
  { format: 'plain' },
  { format: 'plain', compress: '5' },
  ...(major >= 16
    ? [
        { format: 'custom' as const, compress: 'zstd:1' },
        { format: 'directory' as const, compress: 'zstd:1' },
        { format: 'directory' as const, compress: 'none' },
        { format: 'plain' as const, compress: 'zstd:1' },
      ]
    : []),
];

async function toolsFor(major: number): Promise<PostgresTools> {
  return chooseTools(await findTools(), major);
}

async function verify(
  backup: BackupFixture,
  change: Partial<VerifyDependencies> = {},
  level: 'checksum' | 'read' = 'read',
): Promise<Verification> {
  const store = fileStore({ directory: backup.directory });
  const dependencies = { store, tools: toolsFor, verificationTools, clock: () => new Date(), ...change };
  return await verifyBackup({ id: backup.id, level }, dependencies);
}

/** `failed; checksum failed, read passed` */
function statuses({ verdict, checks }: Verification): string {
  return `${verdict}; ${checks.map(({ name, status }) => `${name} ${status}`).join(', ')}`;
}

async function largestObject(backup: BackupFixture): Promise<string> {
  const { objects } = await backup.manifest();
  return objects.reduce((largest, one) => (one.bytes > largest.bytes ? one : largest)).name;
}

describe.each(outerMajors())('PostgreSQL %i', (major) => {
  let root: string;
  const good = new Map<Variant, BackupFixture>();
  const later = new Map<Variant, BackupFixture>();
  const all = variants(major);

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
    const tools = await toolsFor(major);
    await withDatabase(major, { sql: oddSql }, async ({ parameters, query }) => {
      const dump = (variant: Variant, name: string): Promise<BackupFixture> =>
        dumpBackup({
          id: { source: 'test', database: 'a b/c', startedAt: new Date('2026-11-20T02:00:00Z') },
          directory: join(root, `${name}-${all.indexOf(variant)}`),
          tools,
          parameters,
          ...variant,
        });
      for (const variant of all) good.set(variant, await dump(variant, 'good'));
      await query(`delete from users where id = 777; drop table empty; create table extra (a int)`);
      for (const variant of all) later.set(variant, await dump(variant, 'later'));
    });
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  describe.each(all)('$format, --compress=$compress', (variant) => {
    const fixture = (which: Map<Variant, BackupFixture>): BackupFixture => {
      const found = which.get(variant);
      if (found === undefined) throw new Error('it was not dumped');
      return found;
    };
    const damaged = (name: string): Promise<BackupFixture> =>
      copyBackup(fixture(good), join(root, `damaged-${name}-${all.indexOf(variant)}`));

    test('a good backup is intact', async () => {
      const verification = await verify(fixture(good));
      expect(verification.checks.map(({ detail }) => detail)).toEqual([
        expect.stringMatching(/^\d+ bytes in \d+ objects, sha256 as recorded$/),
        `7 tables, ${String(rows).replace(/(?=\d{3}$)/, ' ')} rows, as recorded`,
      ]);
      expect(statuses(verification)).toBe('intact; checksum passed, read passed');
    });

    test('a flipped bit anywhere fails it', async () => {
      const backup = await damaged('flip');
      const { objects } = await backup.manifest();
      await fc.assert(
        fc.asyncProperty(fc.nat(), fc.nat(), fc.nat({ max: 7 }), async (which, place, bit) => {
          // Half of them in the largest object, where most bits are.
          const name =
            which % 2 === 0 ? await largestObject(backup) : (objects[which % objects.length]?.name ?? '');
          const bytes = await readFile(backup.path(name));
          const bad = Buffer.from(bytes);
          const at = place % bad.length;
          bad[at] = (bad[at] ?? 0) ^ (1 << bit);
          await writeFile(backup.path(name), bad);
          const verification = await verify(backup);
          await writeFile(backup.path(name), bytes);
          expect(statuses(verification)).toMatch(/^failed; checksum failed, read /);
        }),
        { numRuns: 5 },
      );
    });

    test('cut short, it fails both checks, wherever it is cut', async () => {
      const backup = await damaged('cut');
      const name = await largestObject(backup);
      const bytes = await readFile(backup.path(name));
      // Not at the very end: what a tar archive has there is no data, and only the checksum misses it.
      const places = [5, 0.1, 0.9].map((place) => (place < 1 ? Math.floor(bytes.length * place) : place));
      for (const length of places) {
        await truncate(backup.path(name), length);
        expect([length, statuses(await verify(backup))]).toEqual([
          length,
          'failed; checksum failed, read failed',
        ]);
        await writeFile(backup.path(name), bytes);
      }
    });

    test('without one of its objects it fails', async () => {
      const backup = await damaged('missing');
      const name = await largestObject(backup);
      await unlink(backup.path(name));
      const verification = await verify(backup);
      expect(statuses(verification)).toBe('failed; checksum failed, read failed');
      for (const { detail } of verification.checks) expect(detail).toContain(`${name} is missing`);
    });

    test('dumped from other data than recorded, it fails by its rows', async () => {
      const backup = await copyBackup(fixture(later), join(root, `row-${all.indexOf(variant)}`));
      const { tables } = await fixture(good).manifest();
      await backup.editManifest((manifest) => ({ ...manifest, tables }));
      const verification = await verify(backup);
      expect(statuses(verification)).toBe('failed; checksum passed, read failed');
      const detail = verification.checks[1]?.detail;
      expect(detail).toMatch(/^3 of 7 tables differ: /);
      expect(detail).toContain('public.users has 19 999 rows, recorded were 20 000');
      expect(detail).toContain('public.empty is missing');
      expect(detail).toContain('public.extra (0 rows) was not recorded');
    });

    test("with another backup's archive in the place of its own, it fails", async () => {
      const backup = await damaged('swapped');
      for (const { name } of (await fixture(later).manifest()).objects)
        await writeFile(backup.path(name), await readFile(fixture(later).path(name)));
      expect(statuses(await verify(backup))).toBe('failed; checksum failed, read failed');
    });

    test('a store that breaks half way leaves it undecided', async () => {
      const backup = fixture(good);
      const name = await largestObject(backup);
      const store = fileStore({ directory: backup.directory });
      const verification = await verify(backup, {
        store: breakingStore(store, name, 20_000, new Error('read ECONNRESET')),
      });
      expect(statuses(verification)).toBe('unverifiable; checksum unverifiable, read unverifiable');
      for (const { detail } of verification.checks) expect(detail).toContain('read ECONNRESET');
    });

    test('a deadline leaves it undecided', async () => {
      const backup = fixture(good);
      const name = await largestObject(backup);
      const deadline = new AbortController();
      const store = stallingStore(fileStore({ directory: backup.directory }), name, 20_000, () =>
        deadline.abort(new Error('out of time')),
      );
      const verification = await verify(backup, { store, signal: deadline.signal });
      expect(statuses(verification)).toBe('unverifiable; checksum unverifiable, read unverifiable');
      for (const { detail } of verification.checks) expect(detail).toContain('out of time');
    });
  });

  describe('directory', () => {
    const directoryBackup = (): BackupFixture => {
      const found = [...good].find(([{ format }]) => format === 'directory')?.[1];
      if (found === undefined) throw new Error('it was not dumped');
      return found;
    };
    const scratchIn = async (free: number): Promise<Scratch> => ({
      directory: await mkdtemp(join(root, 'scratch-')),
      freeBytes: async () => free,
    });

    test('takes as much room as its largest file, and leaves nothing behind', async () => {
      const backup = directoryBackup();
      const { objects } = await backup.manifest();
      const bytesOf = (pattern: RegExp): number[] =>
        objects.filter(({ name }) => pattern.test(name)).map(({ bytes }) => bytes);
      const blobs = bytesOf(/blob/).reduce((sum, bytes) => sum + bytes, 0);
      const need = Math.max(...bytesOf(/\/\d+\.dat/), blobs) + Math.max(...bytesOf(/toc\.dat/));
      const enough = await scratchIn(need);
      expect(statuses(await verify(backup, { scratch: enough }))).toBe(
        'intact; checksum passed, read passed',
      );
      expect(await readdir(enough.directory)).toEqual([]);

      const scarce = await scratchIn(need - 5);
      const verification = await verify(backup, { scratch: scarce });
      expect(statuses(verification)).toBe('unverifiable; checksum passed, read unverifiable');
      expect(verification.checks[1]?.detail).toBe(
        `no room: ${need} bytes are needed in ${scarce.directory}, 5 of them are missing`,
      );
    });

    test('a scratch directory that cannot be written leaves it undecided', async () => {
      const scratch = { directory: join(root, 'nowhere'), freeBytes: async () => 1e12 };
      const verification = await verify(directoryBackup(), { scratch });
      expect(statuses(verification)).toBe('unverifiable; checksum passed, read unverifiable');
    });

    test("with two tables' files exchanged it fails", async () => {
      const backup = await copyBackup(directoryBackup(), join(root, 'exchanged'));
      const { objects } = await backup.manifest();
      const [one, two] = objects
        .filter(({ name }) => /\/\d+\.dat/.test(name))
        .sort((a, b) => b.bytes - a.bytes);
      if (one === undefined || two === undefined) throw new Error('there are several tables');
      await rename(backup.path(one.name), backup.path('other'));
      await rename(backup.path(two.name), backup.path(one.name));
      await rename(backup.path('other'), backup.path(two.name));
      await backup.rehash();
      expect(statuses(await verify(backup))).toBe('failed; checksum passed, read failed');
    });
  });
});

describe('an archive of a newer pg_dump', () => {
  const [oldest, newest] = [Math.min(...testMajors()), Math.max(...testMajors())];

  test.runIf(oldest < newest)('is undecided with an older pg_restore, never failed', async () => {
    const root = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
    try {
      await withDatabase(newest, { sql: 'create table t (a int)' }, async ({ parameters }) => {
        const id = { source: 's', database: 'd', startedAt: new Date(0) };
        const tools = await toolsFor(newest);
        const backup = await dumpBackup({ id, directory: root, tools, parameters, format: 'custom' });
        const verification = await verify(backup, { tools: () => toolsFor(oldest) });
        expect(statuses(verification)).toBe('unverifiable; checksum passed, read unverifiable');
        expect(verification.checks[1]?.detail).toContain('unsupported version');
      });
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
});
