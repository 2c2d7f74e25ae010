import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyOf, parseId } from '../../../core/manifest/backup-id.ts';
import { type Manifest, parseManifest, serialize } from '../../../core/manifest/manifest.ts';
import type { RestoreReport } from '../../../core/restore/report.ts';
import { runBackup, withFileStore } from '../../support/backup/run.ts';
import { type Cli, openCli } from '../../support/cli/run.ts';
import { hasFixtureExtensions } from '../../support/postgres/programs.ts';
import {
  newestMajor,
  runSql,
  type TestDatabase,
  uniqueName,
  withDatabase,
} from '../../support/postgres/servers.ts';

const hasExtensions = await hasFixtureExtensions(newestMajor());

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(async () => {
  await cli.close();
});

const shop = `
  create type state as enum ('new', 'paid');
  create table customers (id serial primary key, name text);
  create table orders (id int primary key, customer int references customers, state state default 'new');
  create index orders_state on orders (state);
  create table "odd ""t"" x
y" (a int);
  insert into customers (name) select 'c' || i from generate_series(1, 50) i;
  insert into orders select i, i % 50 + 1 from generate_series(1, 500) i;
  insert into "odd ""t"" x
y" values (1), (2);`;

type Stored = {
  readonly store: string;
  readonly directory: string;
  readonly id: string;
  readonly database: TestDatabase;
};

/** A backup of the shop in a directory of its own. */
function withBackup(
  use: (stored: Stored) => Promise<void>,
  plan: Parameters<typeof runBackup>[2] = {},
): Promise<void> {
  return withDatabase(newestMajor(), { sql: shop }, (database) =>
    withFileStore(async (store, _files, directory) => {
      const { databases } = await runBackup(database.parameters, store, plan).outcome;
      const [result] = databases;
      if (result?.status !== 'done') throw new Error(JSON.stringify(result));
      await use({ store: `file://${directory}`, directory, id: result.id, database });
    }),
  );
}

/** URL of another database of the same server. */
function urlOf({ url }: TestDatabase, name: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(name)}`;
  return other.href;
}

/** A name that is free, and whose database is dropped afterwards. */
async function withTarget(
  { server }: TestDatabase,
  use: (name: string) => Promise<void>,
  name = uniqueName('restored'),
): Promise<void> {
  try {
    await use(name);
  } finally {
    await runSql(server.parameters, `drop database if exists "${name.replaceAll('"', '""')}"`);
  }
}

describe('pgproof restore', () => {
  test('makes the database, compares every table and says so in a table', () =>
    withBackup(({ store, id, database }) =>
      withTarget(database, async (name) => {
        const to = urlOf(database, name);
        const { status, stdout, stderr, leftovers } = await cli.run([
          'restore',
          id,
          '--store',
          store,
          '--to',
          to,
          '--create',
        ]);
        expect(stderr).toContain('3 tables and 552 rows as recorded');
        expect(status).toBe(0);
        expect(stdout).toMatch(/public\.orders +500 +500 +as recorded/);
        expect(leftovers).toEqual([]);
        // Never verified: said, and done all the same, for it was named.
        expect(stderr).toContain('is not verified');
        expect(stderr).not.toContain(new URL(database.url).password);
        const [found] = await runSql<{ n: string }>(
          { ...database.parameters, database: name },
          'select count(*) as n from orders',
        );
        expect(found?.n).toBe('500');
      }),
    ));

  test('jobs that wait for each other: begun again with one, where the database is ours to drop', () => {
    // Each index takes two locks; built at the same time, in opposite order.
    const sql = `create function opposed(a int, b int) returns int immutable language plpgsql as $$
      begin
        perform pg_catalog.pg_advisory_xact_lock(a); perform pg_catalog.pg_sleep(0.4);
        perform pg_catalog.pg_advisory_xact_lock(b); return a;
      end $$;
      create table one as select 1 as i; create index on one (opposed(i, i + 1));
      create table two as select 2 as i; create index on two (opposed(i, i - 1))`;
    return withDatabase(newestMajor(), { sql }, (database) =>
      withFileStore(async (store, _files, directory) => {
        const { databases } = await runBackup(database.parameters, store).outcome;
        const id = databases[0]?.status === 'done' ? databases[0].id : '';
        const args = ['restore', id, '--store', `file://${directory}`, '--jobs', '2'];
        await withTarget(database, async (name) => {
          const { status, stderr } = await cli.run([...args, '--to', urlOf(database, name), '--create']);
          expect({ status, stderr }).toEqual({
            status: 0,
            stderr: expect.stringMatching(
              / with 1 job, 2 tables[\s\S]*\(deadlock\): it was begun again, with one job/,
            ),
          });
        });
        await withTarget(database, async (name) => {
          await runSql(database.server.parameters, `create database ${name}`);
          const { status, stderr } = await cli.run([...args, '--to', urlOf(database, name)]);
          expect(stderr).toMatch(/deadlock detected[\s\S]*add --jobs 1\./);
          expect(status).toBe(1);
        });
      }),
    );
  });

  test.runIf(hasExtensions)('configuration tables that refer to each other, three times of three', () => {
    const sql = `create schema rates; create extension pgproof_rates; insert into rates.rate values ('red', 7);
      insert into rates.applied (code, word) select 'red', 'w' || i from generate_series(1, 50) i`;
    return withDatabase(newestMajor(), { sql }, (database) =>
      withFileStore(async (store, _files, directory) => {
        const { databases } = await runBackup(database.parameters, store).outcome;
        const id = databases[0]?.status === 'done' ? databases[0].id : '';
        const args = ['restore', id, '--store', `file://${directory}`, '--create', '--jobs', '4'];
        for (let time = 1; time <= 3; time += 1)
          await withTarget(database, async (name) => {
            const { status, stderr } = await cli.run([...args, '--to', urlOf(database, name)]);
            expect(stderr).toMatch(/2 tables and 51 rows as recorded/);
            expect(stderr).toContain("in the archive's order, as tables of an extension refer to each other");
            expect(status).toBe(0);
          });
      }),
    );
  });

  test('--keep-going restores all that can be, and the list of what was not is its result', () => {
    const odd = `create function nothing() returns int language sql as 'select 1 / 0';
      create materialized view bad as select public.nothing() as n with no data;
      update pg_class set relispopulated = true where relname = 'bad'`;
    return withDatabase(newestMajor(), { sql: `${shop} ${odd}` }, (database) =>
      withFileStore(async (store, _files, directory) => {
        const { databases } = await runBackup(database.parameters, store).outcome;
        const id = databases[0]?.status === 'done' ? databases[0].id : '';
        const restore = (name: string, ...more: string[]): ReturnType<Cli['run']> =>
          cli.run([
            'restore',
            id,
            '--store',
            `file://${directory}`,
            '--to',
            urlOf(database, name),
            '--create',
            ...more,
          ]);
        await withTarget(database, async (name) => {
          const { status, stdout, stderr } = await restore(name, '--keep-going');
          expect(stdout).toMatch(/NOT RESTORED[\s\S]*MATERIALIZED VIEW DATA bad[\s\S]*division by zero/);
          expect(stderr).toContain('All else is there');
          expect(status).toBe(1);
        });
        await withTarget(database, async (name) => {
          const { status, stdout } = await restore(name, '--keep-going', '--json');
          const { problems, tables } = JSON.parse(stdout) as RestoreReport;
          expect(problems).toMatchObject([{ message: expect.stringContaining('division by zero') }]);
          expect(tables.map((one) => one.status)).toEqual(['as recorded', 'as recorded', 'as recorded']);
          expect(status).toBe(1);
        });
      }),
    );
  });

  test('a name that looks like a connection string stays a name; --json is one document', () =>
    withBackup(({ store, id, database }) =>
      withTarget(
        database,
        async (name) => {
          const args = [
            'restore',
            id,
            '--store',
            store,
            '--to',
            urlOf(database, name),
            '--create',
            '--jobs',
            '1',
            '--json',
          ];
          const { status, stdout } = await cli.run(args);
          expect(status).toBe(0);
          const report = JSON.parse(stdout) as RestoreReport;
          expect(report).toMatchObject({ id, database: name, created: true, jobs: 1, problems: [] });
          expect(report.tables.map(({ status: one }) => one)).toEqual([
            'as recorded',
            'as recorded',
            'as recorded',
          ]);
        },
        `host=evil dbname='x' "${uniqueName()}"`,
      ),
    ));

  test('one table of a backup, with its indexes, sequence and type, and no other', () =>
    withBackup(({ store, id, database }) =>
      withTarget(database, async (name) => {
        const args = [
          'restore',
          id,
          '--store',
          store,
          '--to',
          urlOf(database, name),
          '--create',
          '--table',
          'public.orders',
        ];
        expect(await cli.run(args)).toMatchObject({ status: 0 });
        const there = await runSql<{ relname: string }>(
          { ...database.parameters, database: name },
          `select relname from pg_class where relnamespace = 'public'::regnamespace order by 1`,
        );
        expect(there.map(({ relname }) => relname)).toEqual(['orders', 'orders_pkey', 'orders_state']);
      }),
    ));

  test('a lost table comes back into a database that lives on', () =>
    withBackup(async ({ store, id, database }) => {
      await database.query('drop table orders; update customers set name = name || $$!$$');
      const args = ['restore', id, '--store', store, '--to', database.url, '--table', 'orders'];
      expect(await cli.run(args)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('is not empty'),
      });
      expect(await cli.run([...args, '--into-non-empty'])).toMatchObject({ status: 0 });
      const [found] = await database.query<{ n: string; k: string }>(
        `select (select count(*) from orders) as n, (select count(*) from pg_constraint where conname = 'orders_pkey') as k`,
      );
      expect(found).toEqual({ n: '500', k: '1' });
    }));

  test.each(['plain', 'tar', 'directory'] as const)('%s too', (format) =>
    withBackup(
      ({ store, id, database }) =>
        withTarget(database, async (name) => {
          const args = ['restore', id, '--store', store, '--to', urlOf(database, name), '--create'];
          expect(await cli.run(args)).toMatchObject({ status: 0 });
        }),
      { format },
    ),
  );

  test('what is not empty, not there, or there already is left as it is', () =>
    withBackup(async ({ store, id, database }) => {
      const restore = (to: string, ...more: string[]): ReturnType<Cli['run']> =>
        cli.run(['restore', id, '--store', store, '--to', to, ...more]);
      expect((await restore(database.url)).stderr).toMatch(/is not empty: .*table public\.customers/);
      expect((await restore(database.url, '--create')).stderr).toContain('is there already');
      const gone = await restore(urlOf(database, 'no such database'));
      expect(gone.status).toBe(1);
      expect(gone.stderr).toMatch(/no such database.*does not exist/s);
      const [found] = await database.query<{ n: string }>('select count(*) as n from orders');
      expect(found?.n).toBe('500');
    }));

  test('bytes that changed are told before anything is made', () =>
    withBackup(({ store, directory, id, database }) =>
      withTarget(database, async (name) => {
        const archive = join(directory, id, 'archive.dump');
        const bytes = await readFile(archive);
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 40) ^ 1, bytes.length - 40);
        await writeFile(archive, bytes);
        const args = ['restore', id, '--store', store, '--to', urlOf(database, name), '--create'];
        const { status, stderr } = await cli.run(args);
        expect(status).toBe(1);
        expect(stderr).toContain('is not what was backed up');
        expect(
          await runSql(database.server.parameters, 'select 1 from pg_database where datname = $1', [name]),
        ).toEqual([]);
      }),
    ));

  test('rows that are not as recorded fail the restore, table by table', () =>
    withBackup(({ store, directory, id, database }) =>
      withTarget(database, async (name) => {
        const path = join(directory, keyOf(parseId(id), 'manifest.json'));
        const manifest: Manifest = parseManifest(await readFile(path), path);
        const tables = manifest.tables.map((one) => (one.name === 'orders' ? { ...one, rows: 501 } : one));
        await writeFile(path, serialize({ ...manifest, tables }));
        const args = ['restore', id, '--store', store, '--to', urlOf(database, name), '--create'];
        const { status, stderr } = await cli.run(args);
        expect(status).toBe(1);
        expect(stderr).toContain('public.orders has 500 rows, recorded were 501');
        expect(stderr).toContain('drop that database before you try again');
      }),
    ));

  test('latest is the newest good one; without any it says so', () =>
    withBackup(({ store, id, database }) =>
      withTarget(database, async (name) => {
        const latest = id.replace(/[^/]+$/, 'latest');
        const args = ['restore', latest, '--store', store, '--to', urlOf(database, name), '--create'];
        const refused = await cli.run(args);
        expect(refused).toMatchObject({
          status: 1,
          stderr: expect.stringContaining('verified and found good'),
        });
        expect((await cli.run(['verify', id, '--store', store])).status).toBe(0);
        const done = await cli.run(args);
        expect(done.stderr).not.toContain('Careful');
        expect(done.status).toBe(0);
      }),
    ));

  test('a role that the server lacks is named, with what helps', () =>
    withBackup(async ({ store, directory, id, database }) => {
      // A backup of a server whose role is gone: the archive names it, this server does not know it.
      const role = uniqueName('gone');
      await database.query(`create role ${role}; alter table orders owner to ${role}`);
      const taken = await cli.run([
        'backup',
        '--source',
        database.url,
        '--database',
        database.name,
        '--store',
        `file://${directory}`,
        '--name',
        'roles',
        '--json',
      ]);
      const [backup] = (JSON.parse(taken.stdout) as { databases: { id: string }[] }).databases;
      await database.query(`alter table orders owner to current_user; drop role ${role}`);
      expect(id).not.toBe(backup?.id);
      const restore = (name: string, ...more: string[]): ReturnType<Cli['run']> =>
        cli.run([
          'restore',
          backup?.id ?? '',
          '--store',
          store,
          '--to',
          urlOf(database, name),
          '--create',
          ...more,
        ]);
      await withTarget(database, async (name) => {
        const { status, stderr } = await restore(name);
        expect(status).toBe(1);
        expect(stderr).toContain(`This server lacks 1 role that the backup names: "${role}"`);
        expect(stderr).toContain('--globals apply');
        // Before anything was made.
        const there = 'select 1 from pg_database where datname = $1';
        expect(await runSql(database.server.parameters, there, [name])).toEqual([]);
        // What does not need it is not refused for it.
        expect((await restore(name, '--table', 'customers')).status).toBe(0);
      });
      await withTarget(database, async (name) => expect((await restore(name, '--no-owner')).status).toBe(0));
      await withTarget(database, async (name) => {
        expect((await restore(name, '--globals', 'apply', '--allow-superusers')).status).toBe(0);
      });
      await database.query(`drop role ${role}`);
    }));

  test('a superuser that the server has not is refused before anything is changed, unless told', () =>
    withBackup(async ({ store, directory, database }) => {
      const boss = uniqueName('boss');
      await database.query(`create role ${boss} superuser`);
      const store2 = ['--store', `file://${directory}`, '--name', 'powers', '--verify', 'none'];
      const source = ['--source', database.url, '--database', database.name];
      expect((await cli.run(['backup', ...source, ...store2])).status).toBe(0);
      await database.query(`drop role ${boss}`);
      const restore = (name: string, ...more: string[]): ReturnType<Cli['run']> => {
        const id = `powers/${database.name}/latest`;
        const to = ['--any', '--store', store, '--to', urlOf(database, name), '--create'];
        return cli.run(['restore', id, ...to, '--globals', 'apply', ...more]);
      };
      await withTarget(database, async (name) => {
        const count = 'select count(*)::int as found from pg_database where datname = $1';
        const refused = await restore(name);
        expect(refused.status).toBe(1);
        expect(refused.stderr).toContain(`role "${boss}", a superuser`);
        // Said once, before anything is done, and to people only.
        expect(refused.stderr.match(/with the rights of the role postgres/g)).toHaveLength(1);
        expect(await database.query(count, [name])).toEqual([{ found: 0 }]);
        const json = await restore(name, '--json');
        expect(json).toMatchObject({ status: 1, stderr: expect.not.stringContaining('with the rights of') });
        expect(JSON.parse(json.stdout)).toMatchObject({ error: { name: 'TargetRefused' } });
        expect((await restore(name, '--allow-superusers')).status).toBe(0);
        expect(await database.query(`select rolsuper from pg_roles where rolname = '${boss}'`)).toEqual([
          { rolsuper: true },
        ]);
      });
      await database.query(`drop role ${boss}`);
    }));

  test('wrong calls end with 2 and touch nothing', () =>
    withBackup(
      async ({ store, id, database }) => {
        const run = (...more: string[]): ReturnType<Cli['run']> =>
          cli.run(['restore', id, '--store', store, '--to', database.url, ...more]);
        expect(await run('--table', '')).toMatchObject({ status: 2 });
        expect(await run('--schema-only', '--data-only')).toMatchObject({ status: 2 });
        expect(await run('--jobs', '0')).toMatchObject({ status: 2 });
        expect(await run('--nonsense')).toMatchObject({ status: 2 });
        // Plain SQL has no table of contents to choose from.
        expect(await run('--table', 'orders')).toMatchObject({
          status: 2,
          stderr: expect.stringContaining('plain SQL can be restored as a whole only'),
        });
      },
      { format: 'plain' },
    ));

  test('roles alone, as SQL', () =>
    withBackup(async ({ store, id }) => {
      const { status, stdout } = await cli.run(['restore', id, '--store', store, '--globals', 'print']);
      expect(status).toBe(0);
      expect(stdout).toMatch(/^CREATE ROLE /m);
    }));
});
