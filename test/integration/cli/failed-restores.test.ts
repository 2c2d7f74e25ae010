import { afterAll, beforeAll, expect, test } from 'vitest';
import { runBackup, withFileStore } from '../../support/backup/run.ts';
import { type Cli, openCli } from '../../support/cli/run.ts';
import { newestMajor, type TestDatabase, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(async () => {
  await cli.close();
});

/** A restore refuses the rows of `bad`: its CHECK calls a function that has changed its mind since they were written. */
const shop = `
  create table good (id serial primary key, note text); insert into good (note) select 'n' from generate_series(1, 20);
  create function may(int) returns bool language sql immutable as 'select true';
  create table bad (i int check (may(i))); insert into bad values (1);
  create or replace function may(int) returns bool language sql immutable as 'select false'`;

type Way = {
  readonly flags: readonly string[];
  /** What the target holds before. */
  readonly holds: string;
  /** Whether all but the rows of `bad` stays. */
  readonly keeps?: true;
};

const ways: Readonly<Record<string, Way>> = {
  'an empty database': { flags: [], holds: '' },
  'an empty database, all that can be': { flags: ['--keep-going'], holds: '', keeps: true },
  'one that lives on': { flags: ['--into-non-empty'], holds: 'create table own (i int)' },
  'one that lives on, all that can be': {
    flags: ['--into-non-empty', '--keep-going'],
    holds: 'create table own (i int)',
    keeps: true,
  },
  'a table alone': { flags: ['--into-non-empty', '--table', 'bad'], holds: 'create table own (i int)' },
  'rows alone': {
    flags: ['--into-non-empty', '--data-only', '--table', 'bad'],
    holds: 'create table bad (i int check (i > 1))',
  },
  'beside the living': {
    flags: ['--into-schema', 'beside', '--table', 'bad'],
    holds: 'create table bad (i int)',
  },
  'under its name': { flags: ['--rename-existing', '--table', 'bad'], holds: 'create table bad (i int)' },
};

test('what is said of a restore that failed is true: what it names may be dropped, and then all is as before', () =>
  withDatabase(newestMajor(), { sql: shop }, (database) =>
    withFileStore(async (store, _files, directory) => {
      const [result] = (await runBackup(database.parameters, store).outcome).databases;
      if (result?.status !== 'done') throw new Error(JSON.stringify(result));
      const run = (to: string, flags: readonly string[]): ReturnType<Cli['run']> =>
        cli.run(['restore', result.id, '--store', `file://${directory}`, '--to', to, ...flags]);
      for (const [name, { flags, holds, keeps }] of Object.entries(ways)) {
        await withDatabase(newestMajor(), { sql: holds }, async (target) => {
          const before = await thingsIn(target);
          const { status, stderr, leftovers } = await run(target.url, flags);
          expect({ name, status, leftovers }).toEqual({ name, status: 1, leftovers: [] });
          expect(stderr, name).not.toMatch(/empty that database/);
          if (keeps) {
            expect(stderr, name).toContain('All else is there');
            expect(await target.query('select count(*)::int as n from good')).toEqual([{ n: 20 }]);
            expect(stderr, name).not.toMatch(/drop/i);
            return;
          }
          if (/drop it and make it anew/.test(stderr)) return expect(before, name).toEqual([]);
          const drops = (stderr.replaceAll(/\s+/g, ' ').match(/DROP [^;]*;/g) ?? []).join(' ');
          if (drops !== '') await target.query(drops);
          expect(await thingsIn(target), `${name}: ${stderr}`).toEqual(before);
          expect((await run(target.url, flags)).stderr, name).toContain('violates check constraint');
        });
      }
    }),
  ));

/** Functions and types may stay, for they are in nobody's way: the next try uses them. */
async function thingsIn({ query }: Pick<TestDatabase, 'query'>): Promise<unknown[]> {
  return await query(
    `select relkind::text || ' ' || oid::regclass as thing from pg_class
      where relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
     union all select 'schema ' || nspname from pg_namespace where nspname !~ '^pg_' and nspname not in ('public', 'information_schema') order by 1`,
  );
}
