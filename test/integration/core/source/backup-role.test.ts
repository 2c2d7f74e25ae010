import { describe, expect, it } from 'vitest';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import { backupRoleSql } from '../../../../core/source/backup-role-sql.ts';
import { runBackup, verifyNow, withFileStore } from '../../../support/backup/run.ts';
import {
  outerMajors,
  runSql,
  type TestDatabase,
  uniqueName,
  withClient,
  withDatabase,
} from '../../../support/postgres/servers.ts';

const content = `
  create schema private; revoke all on schema private from public;
  create table private.secrets (id int generated always as identity primary key, name text);
  insert into private.secrets (name) values ('a'), ('b');
  alter table private.secrets enable row level security; alter table private.secrets force row level security;
  create policy nobody on private.secrets using (false);
  create table numbers (id serial primary key, at int); insert into numbers (at) values (1);
  create table parts (a int) partition by range (a);
  create table parts_1 partition of parts for values from (0) to (10); insert into parts values (1);
  create materialized view private.counted as select count(*) from numbers;
  create view private.seen as select * from numbers;
  create sequence private.seq; select nextval('private.seq');
  create foreign data wrapper far; create server away foreign data wrapper far;
  create foreign table private.there (a int) server away;
  create function private.twice(int) returns int language sql as 'select $1 * 2';
  revoke all on function private.twice(int) from public;
  select lo_from_bytea(4711, '\\x00ff');
  revoke all on database current_name from public`;

type AsRole = {
  readonly database: TestDatabase;
  readonly role: string;
  readonly parameters: ConnectionParameters;
  readonly apply: () => Promise<readonly string[]>;
};

/** A database that only its owner may look into, and a role that the SQL made. */
async function withRole(
  major: number,
  grants: 'auto' | 'each',
  use: (as: AsRole) => Promise<void>,
): Promise<void> {
  const role = uniqueName(`o'dd "role" \\ ${grants}`);
  const quoted = `"${role.replaceAll('"', '""')}"`;
  await withDatabase(major, {}, async (database) => {
    await database.query(content.replace('current_name', database.name));
    const apply = (): Promise<readonly string[]> =>
      withClient(database.parameters, async (client) => {
        const notices: string[] = [];
        client.on('notice', ({ message = '' }) => notices.push(message));
        await client.query(backupRoleSql({ name: role, grants }));
        return notices;
      });
    try {
      await apply();
      await database.query(`alter role ${quoted} password 'secret'`);
      await use({
        database,
        role: quoted,
        parameters: { ...database.tcpParameters, user: role, password: 'secret' },
        apply,
      });
    } finally {
      await database.query(`drop owned by ${quoted}; drop role ${quoted}`);
    }
  });
}

const writes = [
  'insert into numbers (at) values (2)',
  'update numbers set at = 3',
  'delete from numbers',
  'truncate numbers',
  'insert into private.secrets (name) values (1)',
  'alter table numbers add b int',
  'drop table numbers',
  'create table private.mine (a int)',
  'create schema mine',
  "create function private.f() returns int language sql as 'select 1'",
  "select nextval('private.seq')",
  "select setval('private.seq', 9)",
  "select nextval('numbers_id_seq')",
  'select lo_unlink(4711)',
  "select lo_put(4711, 0, '\\x01')",
  'refresh materialized view private.counted',
  "copy numbers from program 'echo 1'",
  "copy numbers to program 'cat'",
  "copy numbers to '/tmp/pgproof-never'",
  'create role mine',
  'create database mine',
  'create extension pg_trgm',
  'lock table numbers in exclusive mode',
  'create publication mine for table numbers',
  'set role postgres',
  'set session authorization postgres',
] as const;

describe.each(outerMajors())('the role for backups on PostgreSQL %i', (major) => {
  it.each(['auto', 'each'] as const)('dumps everything and writes nothing, grants %s', async (grants) => {
    await withRole(major, grants, async ({ database, role, parameters, apply }) => {
      await withFileStore(async (store) => {
        const { outcome, alerts } = runBackup(parameters, store, { fingerprint: true });
        const [result] = (await outcome).databases;
        if (result?.status !== 'done') throw new Error(JSON.stringify(result));
        expect(result.manifest.tables.map(({ name, rows }) => [name, rows])).toEqual([
          ['secrets', 2],
          ['numbers', 1],
          ['parts_1', 1],
        ]);
        expect(result.manifest.largeObjectsFingerprint).toEqual(expect.any(String));
        expect(result.manifest.globals.rolePasswords).toBe(grants === 'auto' && major >= 14);
        expect(result.manifest.server.systemIdentifier).toEqual(expect.any(String));
        expect(alerts).toEqual([]);
        expect(await verifyNow(store, result.id, 'restore')).toMatchObject({ verdict: 'proven' });
      });
      // Refused by its rights, not only by a setting that anybody may change.
      const done: string[] = [];
      for (const setting of ['off', 'on'])
        for (const sql of writes)
          await withClient(parameters, async (client) => {
            await client.query(`set default_transaction_read_only = ${setting}`);
            await client.query(sql).then(
              () => done.push(`${setting}: ${sql}`),
              () => undefined,
            );
          });
      expect(done).toEqual([]);
      // As often as one likes, and it says what everybody may.
      expect(await apply()).toEqual(
        [expect.stringContaining('run this again')].concat(grants === 'each' ? [expect.any(String)] : []),
      );
      await database.query(
        'grant temporary on database current_name to public'.replace('current_name', database.name),
      );
      await database.query('grant create on schema public to public');
      expect((await apply()).join('\n')).toMatch(
        /everybody may make temporary tables[\s\S]*may make tables in schema public/,
      );
      await database.query(`alter role ${role} with createdb`);
      await expect(apply()).rejects.toThrow(/may do more than read/);
      await database.query(`alter role ${role} with nocreatedb`);
    });
  });

  it('what is made later is read too, where every table has a grant of its own', async () => {
    await withRole(major, 'each', async ({ database, parameters }) => {
      await database.query(
        'create schema later; create table later.t as select 1 as a; create sequence later.s',
      );
      expect(await runSql(parameters, 'select a from later.t')).toEqual([{ a: 1 }]);
      expect(await runSql(parameters, 'select is_called from later.s')).toEqual([{ is_called: false }]);
    });
  });
});

it('a name stays a name', async () => {
  for (const name of ['', 'pg_x', 'public', 'none', 'a\nb', 'ä'.repeat(32)])
    expect(() => backupRoleSql({ name })).toThrow('That is no name for a role');
  const sql = backupRoleSql({ name: "$pgproof$'; drop table x; --" });
  expect(sql.match(/^do \$pgproof2\$$/gm) ?? sql.match(/^do \$pgproof1\$$/gm)).toHaveLength(2);
});
