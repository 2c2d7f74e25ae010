import type { Client } from 'pg';
import { expect, test } from 'vitest';
import type { UserCheck } from '../../../../../core/config/checks.ts';
import type { Check } from '../../../../../core/manifest/verification.ts';
import { overrideDatabaseSettings } from '../../../../../core/postgres/connect/steady-session.ts';
import { withConnections } from '../../../../../core/verify/prove/connections.ts';
import { compareRestoredRows } from '../../../../../core/verify/prove/restored-rows.ts';
import {
  checkLargeObjects,
  checkValid,
  compareSequences,
  sequenceValues,
} from '../../../../../core/verify/prove/restored-state.ts';
import { runUserChecks } from '../../../../../core/verify/prove/user-checks.ts';
import { newestMajor, withDatabase } from '../../../../support/postgres/servers.ts';

const sql = `
  create schema "odd ""s";
  create table "odd ""s"."new
line" (id int primary key, note text);
  insert into "odd ""s"."new
line" select n, n::text from generate_series(1, 20) n;
  create table users (id serial primary key, email text unique, age int);
  insert into users (email, age) select n || '@example.com', n from generate_series(1, 30) n;
  create table parent (a int);
  create table child () inherits (parent);
  insert into child values (1), (2);
  create table "none" ();
  alter table users add constraint grown check (age > 3) not valid;
  select lo_from_bytea(0, 'x');`;

/** A restored database that says of its sessions what would end or change ours. */
async function inDatabase(use: (clients: readonly Client[], name: string) => Promise<void>): Promise<void> {
  const major = newestMajor();
  await withDatabase(major, { sql }, async ({ parameters, name, query }) => {
    await query(`alter database ${name} set statement_timeout = '1ms';
      alter database ${name} set default_transaction_read_only = on;
      alter database ${name} set search_path = "odd ""s", public`);
    await withConnections(
      overrideDatabaseSettings(parameters, major),
      2,
      new AbortController().signal,
      (clients) => use(clients, name),
    );
  });
}

const only = ([first]: readonly Client[]): Client => first as Client;
const summary = (check: Check | undefined): string => `${check?.name} ${check?.status}: ${check?.detail}`;

test('rows are counted in every table, whatever it is called, without its children', () =>
  inDatabase(async (clients) => {
    const tables = [
      { schema: 'odd "s', name: 'new\nline', rows: 20 },
      { schema: 'public', name: 'users', rows: 30 },
      { schema: 'public', name: 'parent', rows: 0 },
      { schema: 'public', name: 'child', rows: 2 },
      { schema: 'public', name: 'none', rows: null },
    ];
    const server = { version: '17.0', versionNum: 170_000, encoding: 'UTF8', inRecovery: false };
    const compare = async (changed: typeof tables, held?: number): Promise<Check | undefined> => {
      for (const client of clients) await client.query('rollback');
      const inArchive =
        held === undefined ? [] : [{ schema: 'public', name: 'none', rows: held, blocks: [held] }];
      const counts = { tables: inArchive, rows: held ?? 0, encoding: 'UTF8', complete: true };
      const options = { isLeftOut: () => false, counts };
      return (await compareRestoredRows(clients, { tables: changed, server }, options))[0];
    };
    expect(summary(await compare(tables))).toBe(
      'rows passed: 5 tables, 52 rows after the restore, as recorded; the rows of 1 were not counted when it was made',
    );
    expect((await compare(tables))?.notCompared).toEqual(['rows of public.none: not counted at the source']);
    expect(summary(await compare(tables, 0))).toMatch(/: of 1 as in the archive$/);
    expect(summary(await compare(tables, 7))).toBe(
      'rows failed: public.none has 0 rows, in the archive are 7',
    );
    const [first, ...rest] = tables.map((table) => ({ ...table, rows: (table.rows ?? 0) + 1 }));
    expect(
      summary(
        await compare([{ schema: 'public', name: 'gone', rows: 1 }, ...rest, ...(first ? [first] : [])]),
      ),
    ).toBe(
      'rows failed: 6 differences: public.gone is missing; public.users has 30 rows, recorded were 31; ' +
        'public.parent has 0 rows, recorded were 1; public.child has 2 rows, recorded were 3; ' +
        'public.none has 0 rows, recorded were 1; "odd ""s"."new line" has 20 rows, recorded were 21',
    );
  }));

const run = (client: Client, checks: readonly UserCheck[], isPartial = false): Promise<Check | undefined> =>
  runUserChecks(client, checks, { limitSeconds: 1, isPartial, runCommand: async () => true });

test('checks of the user’s see the database as its own sessions do', () =>
  inDatabase(async (clients) => {
    const checks = [
      { sql: 'select count(*) = 20 from "new\nline"' },
      { name: 'people', sql: "select exists (select from users where email = '3@example.com');" },
    ];
    expect(summary(await run(only(clients), checks))).toBe('checks passed: 2 checks, all true');
    expect(await run(only(clients), [])).toBeUndefined();
  }));

test.each([
  ['select null::bool', 'returned null: neither true nor false'],
  ['select max(age) > 1 from users where false', 'returned null: neither true nor false'],
  ["select 'true'", 'returned true, no boolean: compare it'],
  ['select 5', 'returned 5, no boolean: compare it'],
  ['select \'{"a": 1}\'::json', 'returned {"a":1}, no boolean'],
  ['select true, true', 'returned 2 columns: one is expected'],
  ['select true where false', 'returned 0 rows: one is expected'],
  ['select true from generate_series(1, 2)', 'returned 2 rows: one is expected'],
  ['', 'returned 0 columns: one is expected'],
  ['select true; commit', 'cannot be run: cannot insert multiple commands into a prepared statement'],
  ['selct true', 'cannot be run: syntax error at or near "selct"'],
  ['select nonsense', 'cannot be run: column "nonsense" does not exist'],
  ['select is_fresh()', 'cannot be run: function is_fresh() does not exist (No function matches'],
  ['select count(*) > 1 from userz', 'cannot be run: relation "userz" does not exist'],
  ["select age > 'x' from users limit 1", 'cannot be run: invalid input syntax for type integer: "x"'],
  ['select 1 / 0 = 1', 'cannot be run: division by zero'],
  [
    'insert into users (age) values (1) returning true',
    'cannot be run: cannot execute INSERT in a read-only',
  ],
])('the check %j is not about the backup, and is told how to be mended', (sql, problem) =>
  inDatabase(async (clients) => {
    const check = await run(only(clients), [
      { name: 'mine', sql },
      { name: 'other', sql: 'select true' },
    ]);
    expect(summary(check)).toContain(`checks unverifiable: mine: ${problem}`);
    expect(check?.detail).toContain('Mend the check');
  }),
);

test('only a check that is false fails, in words that fit stale data; what else was not decided is told too', () =>
  inDatabase(async (clients) => {
    const check = await run(only(clients), [
      { name: 'fresh', sql: 'select max(age) > 100 from users' },
      { name: 'mine', sql: 'selct true' },
      { name: 'well', sql: 'select true' },
    ]);
    expect(summary(check)).toMatch(
      /^checks failed: 2 differences: fresh: returned false, not true: .*at the source.*stale data.*; mine: cannot be run: syntax error/,
    );
  }));

test('a check that takes too long, or is about what was left out, decides nothing', () =>
  inDatabase(async (clients) => {
    expect(summary(await run(only(clients), [{ sql: 'select true from pg_sleep(20)' }]))).toMatch(
      /^checks unverifiable: select true from pg_sleep\(20\): not done after 1 s: /,
    );
    const about = [{ sql: 'select count(*) > 1 from embeddings' }];
    expect((await run(only(clients), about))?.detail).toContain('Mend the check');
    expect((await run(only(clients), about, true))?.detail).toContain('perhaps among what was left out');
  }));

test('an index that is not valid and a constraint that was not checked are found', () =>
  inDatabase(async (clients) => {
    const client = only(clients);
    const archive = 'ALTER TABLE public.users\n    ADD CONSTRAINT grown CHECK ((age > 3)) NOT VALID;\n';
    expect(summary(await checkValid(client, archive))).toMatch(
      /^valid passed: 3 indexes, \d+ constraints; 1 NOT VALID, as in the archive$/,
    );
    const other = archive.replace(' NOT VALID', '');
    expect(summary(await checkValid(client, other))).toBe(
      'valid failed: constraint grown on public.users was not checked',
    );
    await client.query(
      `update pg_index set indisvalid = false where indexrelid = 'public.users_email_key'::regclass`,
    );
    expect(summary(await checkValid(client, archive))).toBe(
      'valid failed: index public.users_email_key is not valid',
    );
  }));

test('sequences and large objects', () =>
  inDatabase(async (clients) => {
    const client = only(clients);
    const archive = `SELECT pg_catalog.setval('public.users_id_seq', 30, true);\n`;
    expect(summary(await compareSequences(client, sequenceValues(archive, 'UTF8')))).toBe(
      'sequences passed: 1 value, as in the archive',
    );
    const wrong = `SELECT pg_catalog.setval('public.users_id_seq', 31, true);\n
SELECT pg_catalog.setval('"odd ""s"."it''s"', 1, false);\n`;
    expect(summary(await compareSequences(client, sequenceValues(wrong, 'UTF8')))).toBe(
      'sequences failed: 2 differences: public.users_id_seq is at 30, in the archive at 31; "odd ""s"."it\'s" is missing',
    );
    expect(summary(await checkLargeObjects(client, { largeObjects: 1 }))).toBe(
      'large objects passed: 1, as recorded',
    );
    expect(summary(await checkLargeObjects(client, { largeObjects: 2 }))).toBe(
      'large objects failed: 1, recorded were 2',
    );
  }));
