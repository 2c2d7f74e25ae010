import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../../../core/manifest/manifest.ts';
import type { PostgresTools } from '../../../../core/postgres/programs/tools.ts';
import { readSmall } from '../../../../core/store/store.ts';
import { formats } from '../../../../core/vocabulary.ts';
import { realTools, runBackup, verifyNow, withFileStore } from '../../../support/backup/run.ts';
import { outerMajors, runSql, withClient, withDatabase } from '../../../support/postgres/servers.ts';

const everyKindOfTable = `
  create schema "odd ""schema""
name";
  create table "odd ""schema""
name"."-t ""x"" = 'y'" (a int); insert into "odd ""schema""
name"."-t ""x"" = 'y'" select generate_series(1, 7);
  create table empty (a int);
  create table no_columns (); insert into no_columns default values; insert into no_columns default values;
  create table parent (a int); create table child () inherits (parent);
  insert into parent values (1); insert into child values (2), (3);
  create table parted (a int) partition by range (a);
  create table parted_1 partition of parted for values from (0) to (10);
  create table parted_2 partition of parted default;
  insert into parted select generate_series(5, 14);
  create unlogged table unlogged (a int); insert into unlogged values (1);
  create table generated (a int, b int generated always as (a * 2) stored); insert into generated values (1), (2);
  create table text_rows (t text); insert into text_rows values (E'line\\nbreak'), (E'\\\\.'), (null), ('');
  create materialized view counted as select count(*) from parted;
  create view looked as select * from parted;
  create function f() returns text language sql as $$ select 'COPY public.empty FROM stdin;
\\.
' $$;
  select lo_from_bytea(0, decode(repeat('ab', 100000), 'hex'));`;

describe.each(outerMajors())('a backup of PostgreSQL %i', (major) => {
  it.each(formats)('in the %s format holds every row, says so, and verifies', async (format) => {
    await withDatabase(major, { sql: everyKindOfTable }, async ({ parameters, name }) => {
      await withFileStore(async (store, files) => {
        const { outcome, alerts } = runBackup(parameters, store, {
          format,
          jobs: format === 'directory' ? 3 : 1,
        });
        const [result] = (await outcome).databases;
        if (result?.status !== 'done') throw new Error(JSON.stringify(result));
        const manifest = parseManifest(await readSmall(store, `${result.id}/manifest.json`), 'manifest');
        expect(manifest).toEqual(result.manifest);
        expect(manifest).toMatchObject({
          id: result.id,
          database: name,
          dump: { format },
          server: { versionNum: expect.any(Number) },
        });
        expect(Object.fromEntries(manifest.tables.map((table) => [table.name, table.rows]))).toEqual({
          '-t "x" = \'y\'': 7,
          child: 2,
          empty: 0,
          generated: 2,
          no_columns: 2,
          parent: 1,
          parted_1: 5,
          parted_2: 5,
          text_rows: 4,
          unlogged: 1,
        });
        const expected = [...manifest.objects.map((object) => object.name), 'manifest.json'].map(
          (end) => `${result.id}/${end}`,
        );
        expect((await files()).filter((path) => /\.\w+$/.test(path) && !path.endsWith('archive'))).toEqual(
          expect.arrayContaining(expected),
        );
        expect(await verifyNow(store, result.id)).toMatchObject({ verdict: 'intact' });
        expect(alerts).toEqual([]);
      });
    });
  });

  it('counts what pg_dump reads while others write and truncate', async () => {
    await withDatabase(
      major,
      { sql: 'create table busy (a int); create table cleared as select 1 as a' },
      async ({ parameters }) => {
        await withFileStore(async (store) => {
          let writing = true;
          const writers = [1, 2].map(() =>
            withClient(parameters, async (client) => {
              for (let round = 0; writing; round += 1) {
                await client.query('insert into busy select generate_series(1, 50)');
                await client.query('delete from busy where ctid in (select ctid from busy limit 20)');
                await client.query(
                  `truncate cleared; insert into cleared select generate_series(1, ${round % 7})`,
                );
              }
            }),
          );
          try {
            for (let night = 0; night < 5; night += 1) {
              const { outcome, alerts } = runBackup(parameters, store);
              const [result] = (await outcome).databases;
              if (result?.status !== 'done') throw new Error(JSON.stringify(result));
              expect(await verifyNow(store, result.id)).toMatchObject({ verdict: 'intact' });
              expect(alerts).toEqual([]);
            }
          } finally {
            writing = false;
            await Promise.all(writers);
          }
        });
      },
    );
  });

  it('takes a new snapshot when a table goes away before pg_dump has locked it', async () => {
    await withDatabase(
      major,
      { sql: 'create table stays (a int); create table goes (a int)' },
      async (database) => {
        await withFileStore(async (store) => {
          let calls = 0;
          // Asked for once before the run, and then with the snapshot open.
          const tools = async (serverMajor: number): Promise<PostgresTools> => {
            calls += 1;
            if (calls === 2) await database.query('drop table goes');
            return realTools(serverMajor);
          };
          const { outcome, alerts } = runBackup(database.parameters, store, {}, { tools });
          const [result] = (await outcome).databases;
          if (result?.status !== 'done') throw new Error(JSON.stringify(result));
          expect(result.manifest.tables.map(({ name }) => name)).toEqual(['stays']);
          expect(await verifyNow(store, result.id)).toMatchObject({ verdict: 'intact' });
          expect(calls).toBe(3);
          expect(alerts).toEqual([]);
        });
      },
    );
  });

  it('of an extension leaves out its own tables, and takes its configuration', async () => {
    const available = await withDatabase(major, {}, ({ query }) =>
      query<{ name: string }>(
        "select name from pg_available_extensions where name in ('pg_trgm', 'hstore', 'cube')",
      ),
    );
    expect(available.length).toBeGreaterThan(0);
    const sql = `${available.map(({ name }) => `create extension ${name};`).join(' ')} create table mine as select 1 as a;
      create table configuration (a int); insert into configuration values (1), (2), (3);
      alter extension ${available[0]?.name} add table configuration;
      update pg_extension set extconfig = array['configuration'::regclass::oid], extcondition = array['where a > 1']
        where extname = '${available[0]?.name}'`;
    await withDatabase(major, { sql }, async ({ parameters }) => {
      await withFileStore(async (store) => {
        const [result] = (await runBackup(parameters, store).outcome).databases;
        if (result?.status !== 'done') throw new Error(JSON.stringify(result));
        expect(result.manifest.tables.map(({ name, rows }) => [name, rows])).toEqual([
          ['configuration', 2],
          ['mine', 1],
        ]);
        expect(result.manifest.extensions.map(({ name }) => name)).toEqual(
          available.map(({ name }) => name).sort(),
        );
        expect(await verifyNow(store, result.id)).toMatchObject({ verdict: 'intact' });
      });
    });
  });

  it('without passwords of roles holds all else of the roles, and is proven', async () => {
    await withDatabase(major, { sql: 'create table t as select 1 as a' }, async ({ parameters, name }) => {
      const role = `hashed_${name}`;
      await runSql(
        parameters,
        `create role ${role} login createdb password 'x'; alter role ${role} set jit = off`,
      );
      try {
        await withFileStore(async (store) => {
          const globalsOf = async (rolePasswords: boolean): Promise<string> => {
            const [result] = (await runBackup(parameters, store, { rolePasswords }).outcome).databases;
            if (result?.status !== 'done') throw new Error(JSON.stringify(result));
            expect(result.manifest.globals).toMatchObject(
              rolePasswords ? { rolePasswords } : { rolePasswords, rolePasswordsLeftOut: 'asked' },
            );
            const { verdict, checks } = await verifyNow(store, result.id, 'restore');
            expect(checks.find((check) => check.name === 'roles')).toMatchObject({ status: 'passed' });
            expect(verdict).toBe('proven');
            return (await readSmall(store, `${result.id}/globals.sql`)).toString();
          };
          expect(await globalsOf(true)).toMatch(new RegExp(`ALTER ROLE ${role} .* PASSWORD '`));
          const without = await globalsOf(false);
          expect(without).toMatch(new RegExp(`ALTER ROLE ${role} WITH .*CREATEDB LOGIN`));
          expect(without).not.toMatch(/PASSWORD|SCRAM|md5/);
        });
      } finally {
        await runSql(parameters, `drop role ${role}`);
      }
    });
  });

  it('by a role that may read the tables but no password hashes says so, and holds the roles', async () => {
    await withDatabase(major, { sql: 'create table t as select 1 as a' }, async ({ parameters, name }) => {
      const reader = `reader_${name}`;
      await runSql(parameters, `create role ${reader} login password 'x'; grant select on t to ${reader}`);
      try {
        await withFileStore(async (store) => {
          const [result] = (await runBackup({ ...parameters, user: reader }, store).outcome).databases;
          if (result?.status !== 'done') throw new Error(JSON.stringify(result));
          expect(result.manifest.globals).toMatchObject({
            rolePasswords: false,
            rolePasswordsLeftOut: 'refused',
            bootstrapRole: 'postgres',
          });
          expect(result.manifest.globals.roles).toContain(reader);
          const globals = (await readSmall(store, `${result.id}/globals.sql`)).toString();
          expect(globals).toContain(`CREATE ROLE ${reader};`);
          expect(globals).not.toMatch(/PASSWORD|SCRAM/);
        });
      } finally {
        await runSql(parameters, `revoke select on t from ${reader}; drop role ${reader}`);
      }
    });
  });
});
