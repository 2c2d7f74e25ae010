import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Rehearsal } from '../../../core/restore/rehearsal.ts';
import { runBackup, withFileStore } from '../../support/backup/run.ts';
import { type Cli, openCli } from '../../support/cli/run.ts';
import { newestMajor, type TestDatabase, uniqueName, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(async () => {
  await cli.close();
});

const poor = uniqueName('poor');
const maker = uniqueName('maker');

const shop = `
  create table orders (id serial primary key, note text); insert into orders (note) select 'n' from generate_series(1, 20);
  create table sold (day date not null) partition by range (day);
  create table sold_2026 partition of sold for values from ('2026-01-01') to ('2027-01-01');
  insert into sold values ('2026-02-03');
  create view latest as select max(id) from orders;
  create schema a; create table a.t (i int); create schema b; create table b.t (i int);
  create schema taken; create table taken.x (i int); create schema empty`;

type Lack = {
  readonly flags: readonly string[];
  readonly role?: string;
  /** What a rehearsal and the restore are refused by; undefined where both do as they are told. */
  readonly refused?: RegExp;
  readonly status?: number;
};

const lacks: Readonly<Record<string, Lack>> = {
  'a database that is in use': { flags: [], refused: /is not empty/ },
  'all of it into what has it': { flags: ['--into-non-empty'], refused: /is in the target already/ },
  'a table that is there': {
    flags: ['--into-non-empty', '--table', 'orders'],
    refused: /is in the target already/,
  },
  'a view of a table that is there': {
    flags: ['--into-schema', 'v', '--table', 'latest'],
    refused: /orders/,
  },
  'a schema that is in use': {
    flags: ['--into-schema', 'elsewhere', '--table', 'orders'],
    refused: /"elsewhere" is there, and is not empty/,
  },
  'a schema of the backup': { flags: ['--into-schema', 'taken', '--table', 'orders'], status: 2 },
  'tables of one name': { flags: ['--into-schema', 'both', '--table', 't'], status: 2 },
  'flags that contradict': { flags: ['--into-schema', 'x', '--create'], status: 2 },
  'no name to make way for': { flags: ['--rename-existing'], status: 2 },
  'a role that may make neither database nor schema': {
    flags: ['--into-schema', 'x', '--table', 'orders', '--no-owner'],
    role: poor,
    refused: /may make no databases/,
  },
  'a role that may make databases alone': {
    flags: ['--into-schema', 'x', '--table', 'orders', '--no-owner'],
    role: maker,
    refused: /may make no schema in that database/,
  },
  'a partition of a table that stays': {
    flags: ['--rename-existing', '--table', 'sold_2026'],
    refused: /cannot give way/,
  },
  'somebody else’s table': {
    flags: ['--rename-existing', '--table', 'orders', '--no-owner'],
    role: poor,
    refused: /may not rename/,
  },
  'nothing, beside': { flags: ['--into-schema', 'fine', '--table', 'orders'] },
  'nothing, into an empty schema': { flags: ['--into-schema', 'vacant', '--table', 'orders'] },
  'nothing, under its name': { flags: ['--rename-existing', '--table', 'orders', '--table', 'sold'] },
};

test('what a rehearsal refuses the restore refuses by the same words, and what it would try is tried', () =>
  withDatabase(newestMajor(), { sql: shop }, (database) =>
    withFileStore(async (store, _files, directory) => {
      const { databases } = await runBackup(database.parameters, store).outcome;
      const [result] = databases;
      if (result?.status !== 'done') throw new Error(JSON.stringify(result));
      await database.query('create schema elsewhere; create table elsewhere.y (i int); create schema vacant');
      await database.query(
        `create role ${poor} login password '${poor}'; create role ${maker} login createdb password '${maker}'`,
      );
      const run = (flags: readonly string[], role: string | undefined): ReturnType<Cli['run']> => {
        const to = new URL(database.url);
        if (role !== undefined) Object.assign(to, { username: role, password: role });
        return cli.run(['restore', result.id, '--store', `file://${directory}`, '--to', to.href, ...flags]);
      };
      try {
        for (const [name, { flags, role, refused, status = refused === undefined ? 0 : 1 }] of Object.entries(
          lacks,
        )) {
          const before = await thingsIn(database);
          const dry = await run([...flags, '--dry-run', '--json'], role);
          expect(dry, name).toMatchObject({ status, leftovers: [] });
          expect(await thingsIn(database), name).toEqual(before);
          const real = await run(flags, role);
          expect(real, name).toMatchObject({ status });
          if (status === 0) continue;
          expect(await thingsIn(database), name).toEqual(before);
          if (status === 2) {
            expect(real.stderr, name).toContain(JSON.parse(dry.stdout).error.what);
            continue;
          }
          const { findings, wouldTry } = JSON.parse(dry.stdout) as Rehearsal;
          expect(wouldTry, name).toBe(false);
          const details = findings.filter((one) => one.status === 'refused').map(({ detail }) => detail);
          expect(details.join('\n'), name).toMatch(refused ?? /^$/);
          for (const detail of details) expect(real.stderr.replaceAll('\n', ' '), name).toContain(detail);
        }
      } finally {
        await database.query(`drop role ${poor}, ${maker}`);
      }
    }),
  ));

/** Relations and databases: a refusal makes and renames none. */
async function thingsIn(database: TestDatabase): Promise<unknown> {
  return await database.query(
    `select relnamespace::regnamespace || '.' || relname as thing from pg_class where relname !~ '^pg_' order by 1`,
  );
}
