import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RestoreReport } from '../../../core/restore/report.ts';
import { fileStore } from '../../../core/store/file/file-store.ts';
import type { Format } from '../../../core/vocabulary.ts';
import { runBackup } from '../../support/backup/run.ts';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import {
  newestMajor,
  outerMajors,
  runSql,
  type TestDatabase,
  uniqueName,
  withDatabase,
} from '../../support/postgres/servers.ts';

const long = 'n'.repeat(63);
const shop = `
  create schema sales; create schema orders; create schema "Odd S";
  create type sales.state as enum ('new', 'paid');
  create domain sales.mail as text check (value like '%@%');
  create function sales.code(int) returns int immutable language sql as 'select $1';
  create function sales.stamp() returns trigger language plpgsql as 'begin return new; end';
  create operator sales.=== (function = int4eq, leftarg = int, rightarg = int);
  create table sales.customers (id int generated always as identity primary key, name text);
  create table sales.orders (id serial primary key, customer int references sales.customers, state sales.state default 'new',
    mail sales.mail, code int default sales.code(4) check (sales.code(code) > 0), twice int generated always as (sales.code(2)) stored);
  create index orders_code on sales.orders (sales.code(code));
  create trigger stamp before insert on sales.orders for each row execute function sales.stamp();
  create view sales.paid as select id from sales.orders where state = 'paid' and id operator(sales.===) id;
  create materialized view sales.sums as select count(*) as n from sales.orders;
  create table orders.orders (id int primary key);
  create table "Odd S"."Orders" (a int);
  create table "Odd S"."a.b ""c""
d" (a int);
  create table ${long} (a int);
  create table événement (a int);
  create table base (a int); create table derived (b int) inherits (base);
  create table log (day int, n int, primary key (day, n)) partition by range (day);
  create table log_1 partition of log for values from (0) to (10);
  create table log_2 partition of log for values from (10) to (20);
  create sequence shared; create table uses_shared (a int default nextval('shared'));
  insert into sales.customers (name) select 'c' || i from generate_series(1, 20) i;
  insert into sales.orders (customer, mail) select i, i || '@x' from generate_series(1, 20) i;
  insert into orders.orders select generate_series(1, 30);
  insert into "Odd S"."Orders" values (1); insert into "Odd S"."a.b ""c""
d" values (1), (2);
  insert into ${long} values (1); insert into événement values (1); insert into base values (1); insert into derived values (1, 2);
  insert into log select i, i from generate_series(0, 19) i;
  select setval('shared', 40); insert into uses_shared values (40);
  refresh materialized view sales.sums;`;

let cli: Cli;
let directory: string;
beforeAll(async () => {
  cli = await openCli();
  directory = await mkdtemp(join(tmpdir(), 'pgproof-some-'));
});
afterAll(async () => {
  await cli.close();
  await rm(directory, { recursive: true, force: true });
});

/** Backs a shop up, and hands it over as the database that lives on. */
async function withShop(
  use: (
    database: TestDatabase,
    restore: (to: string, ...more: string[]) => Promise<CliResult>,
  ) => Promise<void>,
  {
    major = newestMajor(),
    format = 'custom',
    sql = shop,
  }: { major?: number; format?: Format; sql?: string } = {},
): Promise<void> {
  await withDatabase(major, { sql }, async (database) => {
    const { databases } = await runBackup(database.parameters, fileStore({ directory }), { format }).outcome;
    const [result] = databases;
    if (result?.status !== 'done') throw new Error(JSON.stringify(result));
    const url = (name: string): string => {
      const other = new URL(database.url);
      other.pathname = `/${name}`;
      return other.href;
    };
    await use(database, (to, ...more) =>
      cli.run(['restore', result.id, '--store', `file://${directory}`, '--to', url(to), ...more]),
    );
  });
}

/** The relations of a database that are nobody's index, and of others than those of the system. */
async function relationsOf({ parameters }: TestDatabase, database: string): Promise<string[]> {
  const rows = await runSql<{ name: string }>(
    { ...parameters, database },
    `select relnamespace::regnamespace || '.' || relname as name from pg_class
      where relkind not in ('i', 'I', 't') and relnamespace::regnamespace::text !~ '^pg_|^information' order by relname collate "C"`,
  );
  return rows.map(({ name }) => name);
}

async function withNew({ server }: TestDatabase, use: (name: string) => Promise<void>): Promise<void> {
  const name = uniqueName('some');
  try {
    await use(name);
  } finally {
    await runSql(server.parameters, `drop database if exists ${name}`);
  }
}

describe('pgproof restore of a part', () => {
  test('names and patterns choose; what is exact wins, and what means nothing names near ones', () =>
    withShop(async (database, restore) => {
      await withNew(database, async (name) => {
        const many = [
          '--table',
          'orders.orders',
          '--table',
          '"Odd S".*',
          '--table',
          'nnn*',
          '--table',
          'événement',
        ];
        expect(await restore(name, '--create', ...many, '--table', 'LOG_?')).toMatchObject({ status: 0 });
        expect(await relationsOf(database, name)).toEqual([
          '"Odd S".Orders',
          '"Odd S".a.b "c"\nd',
          'public.log_1',
          'public.log_2',
          `public.${long}`,
          'orders.orders',
          'public.événement',
        ]);
      });
      const near = await restore('none', '--create', '--table', 'custmers');
      expect(near).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/custmers \(expected one of sales\.customers/),
      });
      expect((await restore('none', '--create', '--exclude-schema', 'sals')).stderr).toMatch(
        /expected one of sales/,
      );
      const both = await restore('none', '--create', '--table', 'sales.orders', '--exclude-table', 'ord*');
      expect(both).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('both asked for and excluded: sales.orders'),
      });
      expect(
        await restore('none', '--create', '--schema', 'sales', '--exclude-schema', 'sales'),
      ).toMatchObject({ status: 2 });
    }));

  test('a dropped table comes back into the database that lives on, with what it needs and the living has not', () =>
    withShop(async (database, restore) => {
      await database.query(
        `drop table sales.orders cascade; drop function sales.stamp; alter sequence shared restart 1000`,
      );
      const { status, stdout, stderr } = await restore(
        database.name,
        '--table',
        'sales.orders',
        '--table',
        'log_1',
        '--into-non-empty',
      );
      // Only one of the two can be made: nothing is changed.
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(
        /in the target already; nothing was changed: table public\.log_1.*--rename-existing.*--into-schema.*--data-only/,
      );
      expect(stderr).not.toContain('--create');
      await database.query('drop table log_1; drop table uses_shared');
      const done = await restore(
        database.name,
        '--table',
        'sales.orders',
        '--table',
        'log_1',
        '--table',
        'uses_shared',
        '--into-non-empty',
      );
      expect(done.stderr).toContain('3 tables and 31 rows as recorded');
      expect(done.status).toBe(0);
      expect(done.stderr).toMatch(/used as they are: .*type sales\.state/);
      expect(done.stderr).toMatch(
        /foreign key orders_customer_fkey of sales\.orders is not made, .*ADD CONSTRAINT orders_customer_fkey/,
      );
      expect(done.stderr).toMatch(/view sales\.paid needs what is restored and is not in the target/);
      const [found] = await database.query<Record<string, string>>(
        `select (select count(*) from log)::int as log, nextval('shared')::int as shared, nextval('sales.orders_id_seq')::int as own,
                (select count(*) from pg_trigger where tgname = 'stamp')::int as triggers,
                (select count(*) from pg_inherits where inhrelid = 'log_1'::regclass)::int as attached`,
      );
      // The sequence that lived on is not set back.
      expect(found).toEqual({ log: 20, shared: 1000, own: 21, triggers: 1, attached: 1 });
      const views = await restore(database.name, '--table', 'paid', '--table', 'sums', '--into-non-empty');
      expect(views).toMatchObject({
        status: 0,
        stderr: expect.stringContaining('sales.sums was filled from what the target holds'),
      });
    }));

  test('what cannot be made is told before anything is: tables of a view, the index of one that was renamed', () =>
    withShop(async (database, restore) => {
      await withNew(database, async (name) => {
        const view = await restore(name, '--create', '--table', 'sales.paid');
        expect(view).toMatchObject({
          status: 1,
          stderr: expect.stringContaining('Name what they need too: --table sales.orders'),
        });
        expect(
          await runSql(database.server.parameters, 'select from pg_database where datname = $1', [name]),
        ).toEqual([]);
        const child = await restore(name, '--create', '--table', 'derived', '--json');
        expect(JSON.parse(child.stdout)).toMatchObject({
          tables: [{ name: 'derived', restored: 1 }],
        } satisfies Partial<Record<keyof RestoreReport, unknown>>);
        expect(await relationsOf(database, name)).toEqual(['public.base', 'public.derived']);
      });
      await database.query('alter table sales.orders rename to orders_broken');
      const { stderr } = await restore(database.name, '--table', 'sales.orders', '--into-non-empty');
      expect(stderr).toMatch(
        /orders_pkey of sales\.orders: an index is there under that name, of sales\.orders_broken/,
      );
    }));

  test('all but what is excluded, with the views that need it and its sequence', () =>
    withShop(
      async (database, restore) => {
        await withNew(database, async (name) => {
          const { status, stderr } = await restore(
            name,
            '--create',
            '--exclude-table',
            'sales.o*',
            '--exclude-schema',
            '"Odd S"',
          );
          expect(stderr).toMatch(/not restored: view sales\.paid needs table sales\.orders/);
          expect(status).toBe(0);
          const there = await relationsOf(database, name);
          expect(there).toEqual(
            expect.arrayContaining(['sales.customers', 'public.log_1', 'orders.orders', 'public.shared']),
          );
          expect(there.join()).not.toMatch(/sales\.(?:orders|paid|sums)|Odd/);
        });
      },
      { format: 'directory' },
    ));

  test('rows only: into tables that are there, of which those with rows before are told', () =>
    withShop(
      async (database, restore) => {
        await database.query(
          `truncate "Odd S"."Orders"; drop table derived; alter sequence shared restart 3`,
        );
        const only = ['--data-only', '--into-non-empty'];
        const gone = await restore(database.name, '--table', 'derived', ...only);
        expect(gone.stderr).toContain('there is no table public.derived');
        const { status, stdout, stderr } = await restore(
          database.name,
          '--table',
          '"Odd S"."Orders"',
          '--table',
          'uses_shared',
          ...only,
        );
        expect(stderr).toContain(
          'held rows before, to which those of the backup were added, and were not compared: public.uses_shared',
        );
        expect(stdout).toMatch(/Odd S\.Orders +1 +1 +as recorded/);
        expect(status).toBe(0);
        expect(await database.query(`select nextval('shared')::int as next`)).toEqual([{ next: 41 }]);
        // A failure names what may be dropped: nothing, for it made nothing.
        const twice = await restore(database.name, '--table', 'orders.orders', ...only);
        expect(twice.stderr).toMatch(/duplicate key[\s\S]*No table was made by this restore/);
        expect(twice.stderr).not.toContain('empty that database');
        expect(twice.status).toBe(1);
      },
      { format: 'tar' },
    ));

  test('a failure half way names the tables that this restore made, quoted, and no other', () =>
    withShop(async (database, restore) => {
      await database.query(`drop table "Odd S"."Orders"; drop table sales.orders cascade;
        alter domain sales.mail add constraint never check (value = '')`);
      const failed = await restore(
        database.name,
        '--table',
        '"Odd S"."Orders"',
        '--table',
        'sales.orders',
        '--into-non-empty',
      );
      expect(failed.status).toBe(1);
      expect(failed.stderr).toMatch(
        /may be dropped before you try again, and nothing else: DROP TABLE "Odd S"\."Orders", "sales"\."orders";/,
      );
      expect(failed.stderr).not.toMatch(/empty that database|drop that database/);
      const [, drop = ''] = /nothing else: (DROP TABLE .*?;)/.exec(failed.stderr) ?? [];
      await database.query(drop);
      await database.query('alter domain sales.mail drop constraint never');
      expect(await restore(database.name, '--table', 'sales.orders', '--into-non-empty')).toMatchObject({
        status: 0,
      });
    }));
});

test('all of it into a database that holds some of it: refused, or --keep-going brings what lacks and adds no row twice', () =>
  withShop(async (database, restore) => {
    await database.query('drop table orders.orders; drop table sales.orders cascade');
    const rehearsed = await restore(database.name, '--into-non-empty', '--dry-run');
    expect(rehearsed).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/✗ selection .*table public\.base/),
    });
    const refused = await restore(database.name, '--into-non-empty');
    expect(refused.stderr).toMatch(/nothing was changed: .*table public\.base: a table is there/);
    const { status, stdout, stderr } = await restore(database.name, '--into-non-empty', '--keep-going');
    expect(stdout).toMatch(/NOT RESTORED[\s\S]*TABLE sales customers/);
    expect(stderr).toContain('All else is there');
    expect(status).toBe(1);
    expect(
      await database.query(
        `select (select count(*) from sales.customers)::int as kept, (select count(*) from sales.orders)::int as back,
                (select count(*) from orders.orders)::int as too`,
      ),
    ).toEqual([{ kept: 20, back: 20, too: 30 }]);
  }));

test.each(outerMajors())('PostgreSQL %i: the catalogs are asked for every kind of object', (major) =>
  withShop(
    async (database, restore) => {
      await database.query(
        'drop table sales.orders cascade; drop table sales.customers; drop function sales.code',
      );
      const all = ['--schema', 'sales', '--into-non-empty'];
      const { status, stderr } = await restore(database.name, ...all);
      expect({ status, stderr }).toEqual({
        status: 0,
        stderr: expect.stringContaining('2 tables and 40 rows as recorded'),
      });
      expect(await database.query(`select count(*)::int as n from sales.paid`)).toEqual([{ n: 0 }]);
      const [keys] = await database.query<{ n: number }>(
        `select count(*)::int as n from pg_constraint where contype = 'f'`,
      );
      expect(keys?.n).toBe(1);
    },
    { major },
  ),
);
