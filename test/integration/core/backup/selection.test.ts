import { describe, expect, it, test } from 'vitest';
import type { TableSelection } from '../../../../core/config/table-selection.ts';
import type { Manifest } from '../../../../core/manifest/manifest.ts';
import { summaryName } from '../../../../core/manifest/summary.ts';
import { readSmall } from '../../../../core/store/store.ts';
import { type Format, formats } from '../../../../core/vocabulary.ts';
import { runBackup, verifyNow, withFileStore } from '../../../support/backup/run.ts';
import {
  newestMajor,
  outerMajors,
  type TestDatabase,
  withDatabase,
} from '../../../support/postgres/servers.ts';

const content = `
  create schema app; create schema "Odd.Name"; create schema tools;
  create table app.users (id serial primary key, name text); insert into app.users (name) values ('a'), ('b');
  create table app.orders (id int primary key, "user" int references app.users (id));
  insert into app.orders values (1, 1), (2, 2), (3, 2);
  create table app.audit (id bigserial primary key, line text);
  insert into app.audit (line) select 'x' from generate_series(1, 100);
  create materialized view app.counted as select count(*) from app.audit;
  create view app.lines as select line from app.audit; create view app.more_lines as select line from app.lines;
  create table app.parts (a int primary key) partition by range (a);
  create table app.parts_1 partition of app.parts for values from (0) to (10);
  create table app.parts_2 partition of app.parts for values from (10) to (20);
  insert into app.parts select generate_series(5, 14);
  create table "Odd.Name"."T a" (a int); insert into "Odd.Name"."T a" values (1);
  create table "Odd.Name".t (a int);
  create type tools.mood as enum ('good', 'bad');
  create table app.moods (mood tools.mood, at int); insert into app.moods values ('good', 1);
  create function tools.twice(int) returns int language sql immutable as 'select $1 * 2';
  create index moods_twice on app.orders (tools.twice(id));
  select lo_from_bytea(0, '\\x00ff')`;

type Taken = {
  readonly manifest: Manifest;
  readonly read: string;
  readonly restored: string;
  readonly without: unknown;
};

async function take(
  { parameters }: TestDatabase,
  selection: TableSelection,
  {
    format = 'custom',
    level = 'restore',
  }: { readonly format?: Format; readonly level?: 'read' | 'restore' } = {},
): Promise<Taken> {
  return await withFileStore(async (store) => {
    const { outcome } = runBackup(parameters, store, {
      selection,
      format,
      fingerprint: true,
      jobs: format === 'directory' ? 2 : 1,
    });
    const [result] = (await outcome).databases;
    if (result?.status !== 'done') throw new Error(JSON.stringify(result));
    const summary = JSON.parse((await readSmall(store, `${result.id}/${summaryName}`)).toString());
    expect(summary.partial).toBe(result.manifest.partial);
    const read = await verifyNow(store, result.id, 'read');
    const restored = level === 'read' ? read : await verifyNow(store, result.id, 'restore');
    const told = JSON.stringify(restored.checks.filter(({ status }) => status !== 'passed'));
    return {
      manifest: result.manifest,
      read: read.verdict === 'intact' ? 'intact' : `${read.verdict} ${JSON.stringify(read.checks)}`,
      restored: `${restored.verdict}${told === '[]' ? '' : ` ${told}`}`,
      without: restored.without,
    };
  });
}

const labels = ({ tables }: Manifest): string[] => tables.map(({ schema, name }) => `${schema}.${name}`);

describe.each(outerMajors())('left out of a backup of PostgreSQL %i', (major) => {
  it.each(formats)(
    'tables and rows are in no archive and no comparison, in the %s format',
    async (format) => {
      await withDatabase(major, { sql: content }, async (database) => {
        const { manifest, read, restored } = await take(
          database,
          { excludeTables: ['app.PARTS_1', '*."T a"'], excludeTableData: ['app.aud?t'] },
          { format },
        );
        expect(labels(manifest)).toEqual([
          'Odd.Name.t',
          'app.moods',
          'app.orders',
          'app.parts_2',
          'app.users',
        ]);
        expect(manifest).toMatchObject({
          partial: true,
          selection: { excludeTables: ['app.PARTS_1', '*."T a"'], excludeTableData: ['app.aud?t'] },
          leftOut: {
            tables: [
              { schema: 'Odd.Name', name: 'T a' },
              { schema: 'app', name: 'parts_1' },
            ],
            rows: [{ schema: 'app', name: 'audit' }],
            dependents: [],
          },
          largeObjects: 1,
          warnings: [],
        });
        expect(read).toBe('intact');
        expect(restored).toBe('proven');
      });
    },
  );

  it('what needs a table that is left out is named, left out of the proof, and never called failed', async () => {
    await withDatabase(major, { sql: content }, async (database) => {
      const selection = { excludeTables: ['app.users', 'app.audit', 'parts', 'app.parts'] };
      const { manifest, read, restored, without } = await take(database, selection);
      expect(manifest.leftOut?.dependents.map(({ name, needs, part }) => [name, needs, part])).toEqual(
        expect.arrayContaining([
          ['constraint orders_user_fkey on table app.orders', 'table app.users', undefined],
          ['view app.lines', 'table app.audit', undefined],
          ['materialized view app.counted', 'table app.audit', undefined],
          ['table app.parts_1', 'table app.parts', 'attach'],
        ]),
      );
      expect(manifest.warnings?.map(({ message }) => message)).toEqual([
        'nothing is called "parts" here, which was to be left out',
        expect.stringMatching(/^5 objects cannot be restored, as what they need is left out: /),
      ]);
      expect(read).toBe('intact');
      expect(restored).toBe('proven-without');
      expect(without).toContain(
        'constraint orders_user_fkey on table app.orders, which needs table app.users',
      );
      expect(without).toContainEqual(
        expect.stringMatching(/^view app more_lines( \S+)?, which needs one of these$/),
      );
      const plain = await take(database, selection, { format: 'plain' });
      expect(plain.restored).toMatch(/^unverifiable .*left out on purpose/);
    });
  });

  it('schemas: what lies elsewhere is not missed, and rows that cannot come back are told', async () => {
    await withDatabase(major, { sql: content }, async (database) => {
      const odd = await take(database, { schemas: ['"Odd.Name"'] });
      expect(labels(odd.manifest)).toEqual(['Odd.Name.T a', 'Odd.Name.t']);
      expect(odd.manifest).toMatchObject({ partial: true, largeObjects: 0 });
      expect(odd.restored).toBe('proven');
      // A column of app.moods is of a type in tools.
      const app = await take(database, { excludeSchemas: ['tools', '"Odd*"'] });
      expect(app.read).toBe('intact');
      expect(app.restored).toMatch(/^unverifiable .*app\.moods/);
    });
  });

  it('a foreign key to rows that are left out', async () => {
    await withDatabase(major, { sql: content }, async (database) => {
      const { manifest, restored } = await take(database, {
        excludeTableData: ['users'],
        excludeTables: ['*.users_id_seq'],
      });
      expect(manifest.leftOut?.rows).toEqual([]);
      expect(restored).toMatch(/^proven/);
      const emptied = await take(database, { excludeTableData: ['app.users'] });
      expect(emptied.manifest.leftOut?.dependents).toMatchObject([
        { name: 'constraint orders_user_fkey on table app.orders' },
      ]);
      expect(emptied.restored).toBe('proven-without');
    });
  });
});

const referred = `
  create schema app; create schema aud;
  create function aud.stamp() returns trigger language plpgsql as 'begin return new; end';
  create table app.users (id int primary key); insert into app.users values (1), (2);
  create table app.orders (id int primary key, "user" int references app.users); insert into app.orders values (1, 1);
  create table app.parts (a int primary key, "user" int references app.users) partition by range (a);
  create table app.parts_1 partition of app.parts for values from (0) to (10) partition by range (a);
  create table app.parts_11 partition of app.parts_1 for values from (0) to (5);
  create table aud.parts_2 partition of app.parts for values from (10) to (20);
  create trigger stamp after insert on app.parts for each row execute function aud.stamp();
  alter table app.parts_1 disable trigger stamp;
  insert into app.parts values (1, 1), (2, 2), (11, 1);
  create table app.links (a int references app.parts); insert into app.links values (1);
  create publication all_of_aud for all tables`;

const broken = ({ leftOut }: Manifest): string[] => leftOut?.dependents.map(({ name }) => name).sort() ?? [];

describe.each(outerMajors().filter((major) => major >= 15))(
  'foreign keys, triggers and publications of PostgreSQL %i',
  (major) => {
    it('a table that others refer to needs none of them', async () => {
      await withDatabase(major, { sql: referred }, async (database) => {
        const { manifest, restored } = await take(database, { excludeTables: ['app.orders', 'app.links'] });
        expect(broken(manifest)).toEqual([]);
        expect(restored).toBe('proven');
        expect(labels(manifest)).toContain('app.parts_11');
      });
    });

    it('a partition is not lost with the key or the trigger of its parent', async () => {
      const sql = `${referred}; create publication of_schemas for tables in schema aud, app`;
      await withDatabase(major, { sql }, async (database) => {
        const { manifest, restored } = await take(database, { excludeSchemas: ['aud'] });
        // pg_dump 18 writes it although the schema is left out.
        const others = broken(manifest).filter((name) => !name.startsWith('publication of schema aud'));
        expect(others).toEqual([
          'constraint links_a_fkey on table app.links',
          'trigger stamp on table app.parts',
          'trigger stamp on table app.parts_1',
        ]);
        expect(restored).toBe('proven-without');
        const inner = await take(database, { excludeTables: ['app.parts_1'] });
        expect(broken(inner.manifest)).toEqual([
          'constraint links_a_fkey on table app.links',
          'table app.parts_11',
        ]);
        expect(inner.restored).toBe('proven-without');
      });
    });

    it('of a table with a constraint by operators that are left out, only the constraint', async () => {
      const sql = `
        create schema app; create schema tools; create operator family tools.whole using btree;
        create operator class tools.whole for type int using btree family tools.whole as
          operator 1 <, operator 2 <=, operator 3 =, operator 4 >=, operator 5 >, function 1 btint4cmp(int, int);
        create table app.rooms (id int, exclude using btree (id tools.whole with =)); insert into app.rooms values (1)`;
      await withDatabase(major, { sql }, async (database) => {
        const { manifest, restored } = await take(database, { schemas: ['app'] });
        expect(broken(manifest)).toEqual(['constraint rooms_id_excl on table app.rooms']);
        expect(restored).toBe('proven-without');
      });
    });
  },
);

describe.each(outerMajors())('schema public of PostgreSQL %i', (major) => {
  it.each([
    ['as it came', ''],
    [
      'with an owner, grants and a comment',
      `alter schema public owner to pg_monitor;
       grant create on schema public to pg_read_all_stats; comment on schema public is 'ours'`,
    ],
  ])('asked for by name, %s', async (_, sql) => {
    const tables =
      'create table t (a int); insert into t values (1); create schema app; create table app.u ();';
    await withDatabase(major, { sql: `${tables} ${sql}` }, async (database) => {
      const { manifest, read, restored } = await take(database, { schemas: ['public'] });
      expect(labels(manifest)).toEqual(['public.t']);
      expect([read, restored]).toEqual(['intact', 'proven']);
      const plain = await take(database, { schemas: ['public'] }, { format: 'plain' });
      expect(plain.restored).toBe('proven');
    });
  });
});

test('patterns that match nothing: less than asked fails, more than asked is a warning and whole', async () => {
  await withDatabase(newestMajor(), { sql: content }, async (database) => {
    const typo = await take(
      database,
      { excludeTables: ['ap.users'], excludeSchemas: ['Nowhere'] },
      { level: 'read' },
    );
    expect(typo.manifest.partial).toBeUndefined();
    expect(typo.manifest.selection).toEqual({ excludeTables: ['ap.users'], excludeSchemas: ['Nowhere'] });
    expect(typo.manifest.warnings).toHaveLength(2);
    expect(labels(typo.manifest)).toContain('app.users');
    await withFileStore(async (store, files) => {
      const { outcome, alerts } = runBackup(database.parameters, store, {
        selection: { schemas: ['app', 'ap'] },
      });
      const [result] = (await outcome).databases;
      expect(result).toMatchObject({ status: 'failed', error: { name: 'ChildFailed' } });
      expect(alerts[0]?.text).toContain('no matching schemas were found for pattern "ap"');
      expect((await files()).filter((path) => path.endsWith('json'))).toEqual([]);
    });
  });
});
