import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Manifest, parseManifest, serialize } from '../../../core/manifest/manifest.ts';
import type { Rehearsal } from '../../../core/restore/rehearsal.ts';
import type { GlobalsReport } from '../../../core/restore/restore-globals.ts';
import { runBackup, withFileStore } from '../../support/backup/run.ts';
import { type Cli, openCli } from '../../support/cli/run.ts';
import {
  newestMajor,
  runSql,
  type TestDatabase,
  uniqueName,
  withClient,
  withDatabase,
} from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(async () => {
  await cli.close();
});

type Stored = {
  readonly database: TestDatabase;
  readonly id: string;
  readonly directory: string;
  /** A restore of it, into a database of that name; as postgres unless another role is named. */
  readonly restore: (name: string, more: readonly string[], role?: string) => ReturnType<Cli['run']>;
  readonly start: (name: string, more: readonly string[]) => ReturnType<Cli['start']>;
  readonly edit: (change: (manifest: Manifest) => Manifest) => Promise<void>;
};

const shop = 'create table orders (id int primary key); insert into orders select generate_series(1, 50)';

/** A backup of a table that belongs to a role of its own, which is gone again unless `stays`. */
async function withBackup(
  { sql, owner }: { readonly sql: string; readonly owner?: string },
  use: (stored: Stored) => Promise<void>,
): Promise<void> {
  await withDatabase(newestMajor(), { sql }, (database) =>
    withFileStore(async (store, _files, directory) => {
      const { databases } = await runBackup(database.parameters, store).outcome;
      const [result] = databases;
      if (result?.status !== 'done') throw new Error(JSON.stringify(result));
      if (owner !== undefined)
        await database.query(`reassign owned by ${owner} to postgres; drop role ${owner}`);
      const { id } = result;
      const manifestPath = join(directory, id, 'manifest.json');
      const argumentsOf = (name: string, more: readonly string[], role?: string): string[] => {
        const to = new URL(database.url);
        to.pathname = `/${encodeURIComponent(name)}`;
        if (role !== undefined) Object.assign(to, { username: role, password: role });
        return ['restore', id, '--store', `file://${directory}`, '--to', to.href, ...more];
      };
      await use({
        database,
        id,
        directory,
        restore: (name, more, role) => cli.run(argumentsOf(name, more, role)),
        start: (name, more) => cli.start(argumentsOf(name, more)),
        edit: async (change) => {
          const manifest = parseManifest(await readFile(manifestPath), manifestPath);
          await writeFile(manifestPath, serialize(change(manifest)));
        },
      });
    }),
  );
}

async function withRoles(
  { query }: TestDatabase,
  roles: Readonly<Record<string, string>>,
  use: () => Promise<void>,
): Promise<void> {
  for (const [name, attributes] of Object.entries(roles))
    await query(`create role ${name} login password '${name}' ${attributes}`);
  try {
    await use();
  } finally {
    for (const name of Object.keys(roles)) await query(`drop owned by ${name} cascade; drop role ${name}`);
  }
}

async function isThere({ server }: TestDatabase, name: string): Promise<boolean> {
  const rows = await runSql(server.parameters, 'select 1 from pg_database where datname = $1', [name]);
  return rows.length > 0;
}

describe('pgproof restore --dry-run', () => {
  test('says what would be done, makes nothing, and ends with 0', () =>
    withBackup({ sql: shop }, async ({ database, id, directory, restore }) => {
      const name = uniqueName('rehearsed');
      const before = await readdir(directory, { recursive: true });
      const { status, stdout, stderr, leftovers } = await restore(name, [
        '--create',
        '--dry-run',
        '--globals',
        'apply',
        '--jobs',
        '2',
      ]);
      expect(stderr).toContain('The restore would be tried. Nothing was made.');
      expect(status).toBe(0);
      expect(stdout).toContain(`Backup  ${id}, `);
      expect(stdout).toContain('Time    not measured');
      expect(stdout).toMatch(/\d\. make the database "rehearsed_\w+": UTF8, libc C\n/);
      expect(stdout).toContain('restore 1 table, 50 rows into');
      expect(stdout).toMatch(/✓ roles {8}1 role that it names/);
      expect(stdout).toMatch(/[?!✓] room +about .* on the server/);
      expect(leftovers).toEqual([]);
      expect(await isThere(database, name)).toBe(false);
      expect(await readdir(directory, { recursive: true })).toEqual(before);

      const json = await restore(name, ['--create', '--dry-run', '--json']);
      expect(json.status).toBe(0);
      expect(JSON.parse(json.stdout) as Rehearsal).toMatchObject({
        dryRun: true,
        id,
        verdict: null,
        database: name,
        wouldTry: true,
        measured: null,
        room: { scratchBytes: expect.any(Number), scratchFreeBytes: expect.any(Number) },
      });
    }));

  test('everything that is in the way is told at once, and a restore is refused by the same', () => {
    const owner = uniqueName('gone');
    const sql = `create role ${owner}; ${shop}; alter table orders owner to ${owner};
      create function guard() returns event_trigger language plpgsql as 'begin end';
      create event trigger guard on ddl_command_start execute function guard()`;
    return withBackup({ sql, owner }, async ({ database, restore, edit }) => {
      const poor = uniqueName('poor');
      await edit((manifest) => ({
        ...manifest,
        extensions: [{ name: 'no_such_extension', version: '1' }],
        server: {
          ...manifest.server,
          locale: { provider: 'libc', collate: 'xx_XX.UTF-8', ctype: 'xx_XX.UTF-8' },
        },
      }));
      await withRoles(database, { [poor]: 'connection limit 3' }, async () => {
        const args = ['--create', '--jobs', '4'];
        const { status, stdout } = await restore(database.name, [...args, '--dry-run', '--json'], poor);
        expect(status).toBe(1);
        const { findings, wouldTry } = JSON.parse(stdout) as Rehearsal;
        expect(wouldTry).toBe(false);
        const refused = findings.filter((one) => one.status === 'refused');
        expect(refused.map(({ subject, detail }) => `${subject}: ${detail}`).sort()).toEqual([
          expect.stringMatching(/^connections: .*for the role "poor_\w+" for 4 jobs/),
          expect.stringMatching(/^database: The database ".*" is there already/),
          expect.stringMatching(/^extensions: .*"no_such_extension"/),
          expect.stringMatching(/^locale: .*xx_XX\.UTF-8/),
          expect.stringMatching(/^membership: .*it cannot become "postgres"/),
          expect.stringMatching(/^rights: The role "poor_\w+" may not make a database/),
          expect.stringMatching(/^rights: .*event trigger guard/),
          expect.stringMatching(new RegExp(`^roles: This server lacks 1 role .*"${owner}"`)),
        ]);
        // Where there is no such database all else is told too.
        const none = await restore(uniqueName('none'), ['--dry-run', '--json'], poor);
        expect(none.status).toBe(1);
        const elsewhere = (JSON.parse(none.stdout) as Rehearsal).findings.filter(
          (one) => one.status === 'refused',
        );
        expect(elsewhere.map(({ subject, detail }) => `${subject}: ${detail}`)).toEqual(
          expect.arrayContaining([
            expect.stringMatching(/^database: The database "none_\w+" does not exist/),
            expect.stringMatching(/^locale: /),
            expect.stringMatching(/^roles: /),
          ]),
        );
        const people = await restore(database.name, [...args, '--dry-run'], poor);
        expect(people.status).toBe(1);
        expect(people.stdout.match(/^✗ /gm)).toHaveLength(refused.length);
        const real = await restore(database.name, args, poor);
        expect(real.status).toBe(1);
        for (const { detail } of refused) expect(real.stderr).toContain(detail);
        // What may be lacking where it goes on is no reason to refuse it.
        const name = uniqueName('kept');
        const kept = await restore(name, ['--create', '--keep-going', '--dry-run', '--json']);
        const going = JSON.parse(kept.stdout) as Rehearsal;
        expect(
          going.findings.filter((one) => one.status === 'refused').map(({ subject }) => subject),
        ).toEqual(['locale']);
      });
    });
  });

  test('owners that the role cannot become are told before; of a part only those of the part', () => {
    const [owner, other] = [uniqueName('owner'), uniqueName('other')];
    const sql = `create role ${owner}; create role ${other}; create table a (i int); create table b (i int);
      alter table a owner to ${owner}; alter table b owner to ${other}; insert into a values (1)`;
    return withBackup({ sql }, async ({ database, restore, edit }) => {
      const maker = uniqueName('maker');
      try {
        await withRoles(database, { [maker]: 'createdb' }, async () => {
          await database.query(`grant ${owner} to ${maker}`);
          const name = uniqueName('mine');
          const whole = await restore(name, ['--create'], maker);
          expect(whole.stderr).toMatch(
            new RegExp(`may not give objects to their owners: it cannot become .*"${other}"`),
          );
          expect(whole.status).toBe(1);
          expect(await isThere(database, name)).toBe(false);
          // The same of a backup of before, whose archive is asked.
          await edit(({ needs: _, ...manifest }) => manifest);
          const old = await restore(name, ['--create'], maker);
          expect(old.stderr).toMatch(new RegExp(`it cannot become .*"${other}"`));
          expect(await isThere(database, name)).toBe(false);
          const part = await restore(name, ['--create', '--table', 'a', '--dry-run', '--json'], maker);
          const { findings } = JSON.parse(part.stdout) as Rehearsal;
          expect(findings.filter(({ subject }) => ['roles', 'membership'].includes(subject))).toMatchObject([
            { subject: 'roles', status: 'ok' },
          ]);
          expect(part.leftovers).toEqual([]);
          const free = await restore(name, ['--create', '--no-owner', '--dry-run'], maker);
          expect(free).toMatchObject({ status: 0 });
        });
      } finally {
        await database.query(
          `reassign owned by ${owner}, ${other} to postgres; drop role ${owner}, ${other}`,
        );
      }
    });
  });
});

describe('pgproof restore --replace-incomplete', () => {
  const bad = `create table orders (id int primary key); insert into orders select generate_series(1, 50);
    create function nothing() returns int language sql as 'select 1 / 0';
    create materialized view bad as select public.nothing() as n with no data;
    update pg_class set relispopulated = true where relname = 'bad'`;

  test('makes anew what a failed restore left, and nothing else', () =>
    withBackup({ sql: bad }, async ({ database, restore }) => {
      const maker = uniqueName('maker');
      await withRoles(database, { [maker]: 'createdb' }, async () => {
        for (const role of [undefined, maker]) {
          const name = uniqueName('half');
          const more = role === undefined ? [] : ['--no-owner', '--no-privileges'];
          const first = await restore(name, ['--create', ...more], role);
          expect(first.stderr).toContain('--replace-incomplete');
          expect(first.status).toBe(1);
          const again = await restore(name, ['--create', ...more], role);
          expect(again.stderr).toMatch(
            /is there already: it is what a restore left that was begun at 20\S+Z .*--replace-incomplete/s,
          );
          await withClient({ ...database.parameters, database: name }, async (client) => {
            await client.query(`set application_name = 'somebody at work'`);
            const used = await restore(name, ['--replace-incomplete', ...more], role);
            expect(used.stderr).toMatch(/Somebody is connected .*postgres/s);
            expect(used.status).toBe(1);
          });
          const dry = await restore(name, ['--replace-incomplete', '--dry-run', '--json', ...more], role);
          expect((JSON.parse(dry.stdout) as Rehearsal).steps).toContainEqual(
            expect.stringMatching(/^drop "half_\w+", which is incomplete/),
          );
          const anew = await restore(name, ['--replace-incomplete', '--keep-going', ...more], role);
          expect(anew.stderr).toContain('All else is there');
          // It is to be used as it is: nobody is to drop it any more.
          const settings = `select setconfig from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where datname = $1`;
          expect(await database.query(settings, [name])).toEqual([]);
          const refused = await restore(name, ['--replace-incomplete', ...more], role);
          expect(refused.stderr).toContain('is not one that a failed restore left');
          expect(refused.status).toBe(1);
          expect(await isThere(database, name)).toBe(true);
          await runSql(database.server.parameters, `drop database ${name}`);
        }
      });
    }));

  test('under its own name too, whatever settings the archive has; a mark that anybody could set counts for nothing', () =>
    withBackup({ sql: bad }, async ({ database, directory }) => {
      const { name, server } = database;
      await runSql(
        server.parameters,
        `alter database ${name} set application_name = 'shop'; alter database ${name} set work_mem = '5MB'`,
      );
      const taken = await cli.run([
        'backup',
        '--source',
        database.url,
        '--database',
        name,
        '--store',
        `file://${directory}`,
        '--name',
        'own',
        '--verify',
        'none',
      ]);
      expect(taken.status).toBe(0);
      const own = `own/${name}/latest`;
      const run = (...more: string[]): ReturnType<Cli['run']> =>
        cli.run(['restore', own, '--any', '--store', `file://${directory}`, '--to', database.url, ...more]);
      await runSql(server.parameters, `drop database ${name}`);
      expect((await run('--create')).status).toBe(1);
      expect((await run('--create')).stderr).toContain('it is what a restore left');
      expect((await run('--replace-incomplete', '--keep-going')).stderr).toContain('All else is there');
      const settings = await runSql<{ setconfig: string[] }>(
        server.parameters,
        `select setconfig from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase where datname = $1`,
        [name],
      );
      expect(settings).toEqual([{ setconfig: ['application_name=shop', 'work_mem=5MB'] }]);
    }));

  test('what a killed restore left carries the mark', () =>
    withBackup(
      {
        sql: 'create table t as select 1 as i; create materialized view slow as select 1 as i from pg_sleep(1)',
      },
      async ({ database, start, restore }) => {
        const name = uniqueName('killed');
        const { child, ended } = await start(name, ['--create']);
        const sessions = `select pid from pg_stat_activity where datname = $1 and query ~ 'REFRESH'`;
        while ((await database.query(sessions, [name])).length === 0) await sleep(10);
        child.kill('SIGKILL');
        await ended;
        const ends = 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1';
        while ((await database.query(ends, [name])).length > 0) await sleep(10);
        expect((await restore(name, ['--create'])).stderr).toContain('it is what a restore left');
        expect(await restore(name, ['--replace-incomplete'])).toMatchObject({ status: 0 });
        expect((await restore(name, ['--replace-incomplete'])).stderr).toContain('is not one that a failed');
        await runSql(database.server.parameters, `drop database ${name}`);
      },
    ));
});

describe('pgproof restore --globals-only', () => {
  test('makes the roles that lack, whether the database is there or not, and nothing else', () => {
    const owner = uniqueName('gone');
    return withBackup(
      { sql: `create role ${owner}; create table t (i int); alter table t owner to ${owner}`, owner },
      async ({ database, id, restore }) => {
        const name = uniqueName('none');
        const there = `select 1 from pg_roles where rolname = '${owner}'`;
        const dry = await restore(name, ['--globals-only', '--allow-superusers', '--dry-run', '--json']);
        expect(JSON.parse(dry.stdout)).toMatchObject({
          wouldTry: true,
          database: null,
          steps: [expect.stringContaining(owner)],
        });
        expect(await database.query(there)).toEqual([]);
        const { status, stdout } = await restore(name, ['--globals-only', '--allow-superusers', '--json']);
        expect(status).toBe(0);
        expect(JSON.parse(stdout) as GlobalsReport).toMatchObject({
          id,
          roles: expect.arrayContaining([owner]),
          problems: [],
        });
        expect(await database.query(there)).toHaveLength(1);
        expect(await isThere(database, name)).toBe(false);
        const again = await restore(name, ['--globals', 'apply', '--globals-only', '--allow-superusers']);
        expect(again).toMatchObject({
          status: 0,
          stderr: expect.stringContaining('0 roles and 0 tablespaces were made'),
        });
        expect(await restore(name, ['--globals', 'skip', '--globals-only'])).toMatchObject({ status: 2 });
        await database.query(`drop role ${owner}`);
      },
    );
  });
});
