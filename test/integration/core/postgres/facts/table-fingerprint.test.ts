import { describe, expect, test } from 'vitest';
import { listDumpedTables } from '../../../../../core/postgres/facts/dumped-tables.ts';
import {
  fingerprintLargeObjects,
  fingerprintsOf,
  fingerprintTable,
  readTableColumns,
} from '../../../../../core/postgres/facts/table-fingerprint.ts';
import {
  newestMajor,
  runSql,
  testMajors,
  uniqueName,
  withClient,
  withDatabase,
} from '../../../../support/postgres/servers.ts';

const options = { signal: new AbortController().signal };

async function fingerprints(
  major: number,
  sql: string,
  settings = '',
): Promise<Record<string, string | null>> {
  return withDatabase(major, { sql }, ({ parameters }) =>
    withClient(parameters, async (client) => {
      if (settings !== '') await client.query(settings);
      const tables = await fingerprintsOf(client, options);
      return Object.fromEntries(
        tables.map(({ name, rows, fingerprint }) => [name, `${rows} ${fingerprint}`]),
      );
    }),
  );
}

const content = `
  create domain positive as int check (value > 0);
  create type pair as (a int, b text);
  create type mood as enum ('sad', 'glad');
  create table t (id positive, n numeric, f float8, r real, c char(5), b bytea, p pair, m mood[], at timestamptz,
    i interval, j json, x xml, money money, g int generated always as (id * 2) stored);
  insert into t (id, n, f, r, c, b, p, m, at, i, j, x, money) values
    (1, 1.10, 'NaN', 0.1, 'a', '\\x00ff', '(1,"x y")', '{sad,glad}', '2026-01-01 00:00+02', '1 mon 2 days', '{"a": 1}', '<a/>', 1.5),
    (2, 'NaN', '-0', 1e20, '', '', null, '[0:1]={sad,sad}', 'infinity', '-1 s', '[]', '', -2),
    (3, null, 1.0/3, null, null, null, '(,)', '{}', null, null, null, null, null),
    (3, null, 1.0/3, null, null, null, '(,)', '{}', null, null, null, null, null);
  create table "Odd ""name"".x" ("a,b" int, "select" text);
  insert into "Odd ""name"".x" values (1, null), (1, ''), (null, '(');
  create table nothing ();
  insert into nothing default values;
  create table empty (a int);
  do $$ begin execute 'create table wide (' || (select string_agg('c' || i || ' int default ' || i, ',')
    from generate_series(1, 1600) i) || ')'; end $$;
  insert into wide default values`;

describe('fingerprints', () => {
  test('are the same on every major, whatever the settings of the session', async () => {
    const settings = `set datestyle = 'SQL, DMY'; set timezone = 'Asia/Tokyo'; set extra_float_digits = -5;
      set bytea_output = 'escape'; set intervalstyle = 'iso_8601'; set xmlbinary = 'hex'`;
    const [first, ...others] = await Promise.all([
      ...testMajors().map((major) => fingerprints(major, content)),
      fingerprints(newestMajor(), content, settings),
    ]);
    expect(Object.keys(first ?? {}).sort()).toEqual(['Odd "name".x', 'empty', 'nothing', 't', 'wide']);
    expect(first?.t).toMatch(/^4 rows1:[0-9a-f]{32}$/);
    expect(first?.empty).toBe(`0 rows1:${'0'.repeat(32)}`);
    for (const other of others) expect(other).toEqual(first);
  });

  test('do not depend on the order of rows or columns, nor on columns that were dropped', async () => {
    const one = await fingerprints(
      newestMajor(),
      `create table t (a int, gone text, b text); insert into t values (1, 'x', 'one'), (2, 'y', 'two');
       alter table t drop gone`,
    );
    const other = await fingerprints(
      newestMajor(),
      `create table t (b text, a int); insert into t values ('two', 2), ('one', 1)`,
    );
    expect(other).toEqual(one);
  });

  test.each([
    ['a value', `update t set b = 'One' where a = 1`],
    ['values that changed places', `update t set b = case a when 1 then 'two' else 'one' end`],
    ['null for nothing', `update t set b = null where a = 3`],
    ['a row for another', `delete from t where a = 1; insert into t values (4, 'one')`],
    ['two rows of which one is twice there', `update t set a = 1, b = 'one' where a = 2`],
    ['zeros at the end of a number', 'update t set n = 1.0'],
    ['one byte', `update t set bytes = '\\x0001'`],
  ])('show %s', async (_what, change) => {
    const table = `create table t (a int, b text, n numeric default 1.00, bytes bytea default '\\x0000');
      insert into t values (1, 'one'), (2, 'two'), (3, '')`;
    const before = await fingerprints(newestMajor(), table);
    const after = await fingerprints(newestMajor(), `${table}; ${change}`);
    expect(after.t?.slice(0, 2)).toBe('3 ');
    expect(after.t).not.toBe(before.t);
  });

  test('are null where the server cannot make them, and the rows are counted all the same', async () => {
    const sql = 'create table t (a int, secret text); insert into t select 1 from generate_series(1, 5)';
    await withDatabase(newestMajor(), { sql }, async ({ parameters }) => {
      const reader = uniqueName('reader');
      await runSql(parameters, `create role ${reader} login; grant select (a) on t to ${reader}`);
      try {
        await withClient({ ...parameters, user: reader }, async (client) => {
          await client.query('begin');
          const [table] = await listDumpedTables(client);
          if (table === undefined) throw new Error('the table is there');
          const columns = await readTableColumns(client);
          expect(await fingerprintTable(client, table, columns)).toEqual({ rows: 5, fingerprint: null });
        });
      } finally {
        await runSql(parameters, `drop owned by ${reader}; drop role ${reader}`);
      }
    });
  });

  test('of large objects take in their numbers and their bytes', async () => {
    const of = (sql: string): Promise<string | null> =>
      withDatabase(newestMajor(), { sql }, ({ parameters }) =>
        withClient(parameters, async (client) => {
          await client.query('begin');
          return fingerprintLargeObjects(client);
        }),
      );
    const base = `select lo_from_bytea(70001, '\\x01'), lo_from_bytea(70002, '')`;
    const first = await of(base);
    expect(first).toMatch(/^rows1:[0-9a-f]{32}$/);
    expect(await of(`select lo_from_bytea(70002, ''), lo_from_bytea(70001, '\\x01')`)).toBe(first);
    expect(await of(`${base}; select lo_put(70001, 0, '\\x02')`)).not.toBe(first);
    expect(await of(`select lo_from_bytea(70001, ''), lo_from_bytea(70002, '\\x01')`)).not.toBe(first);
    expect(await of('select')).toBe(`rows1:${'0'.repeat(32)}`);
  });
});
