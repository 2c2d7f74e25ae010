import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSampleShop } from '../../../../../cli/demo/sample-shop.ts';
import type { DatabaseObject } from '../../../../../core/manifest/manifest.ts';
import { fingerprintsOf } from '../../../../../core/postgres/facts/table-fingerprint.ts';
import { compareObjects } from '../../../../../core/postgres/objects/compare-objects.ts';
import { readObjects, steadyObjects } from '../../../../../core/postgres/objects/read-objects.ts';
import type { PrivateServer } from '../../../../../core/postgres/server/private-server.ts';
import { startServer } from '../../../../support/postgres/programs.ts';
import {
  newestMajor,
  outerMajors,
  runSql,
  testMajors,
  uniqueName,
  withClient,
  withDatabase,
} from '../../../../support/postgres/servers.ts';
import { catalogOddities } from './catalog-oddities.ts';
import { restoreInto } from './restore-into.ts';

const role = 'odd_role';
const databases = ['odd', 'shop'] as const;
const { signal } = new AbortController();

/** A source and an empty server per major, each this file's own: a dump of roles has all of a server's. */
const sources = new Map<number, PrivateServer>();
const targets = new Map<number, PrivateServer>();

function at(
  servers: Map<number, PrivateServer>,
  major: number,
  database: string,
): PrivateServer['parameters'] & { major: number } {
  const server = servers.get(major);
  if (server === undefined) throw new Error(`no server ${major}`);
  return { ...server.parameters, database, major };
}

const catalogAt = (where: PrivateServer['parameters']): Promise<DatabaseObject[]> =>
  withClient(where, readObjects);

beforeAll(async () => {
  await Promise.all(
    testMajors().flatMap((major) =>
      [sources, targets].map(async (servers) => servers.set(major, await startServer({ major }))),
    ),
  );
  for (const major of testMajors()) {
    await runSql(at(sources, major, 'postgres'), `create role ${role} nologin`);
    await runSql(at(sources, major, 'postgres'), 'create database odd');
    await runSql(at(sources, major, 'odd'), catalogOddities(role, major));
    await loadSampleShop(at(sources, major, 'postgres'), { scale: 0.005 });
  }
});

afterAll(async () => {
  await Promise.all([...sources.values(), ...targets.values()].map((server) => server.stop()));
});

/** Statement, and what it must be found by. */
const sabotages: readonly (readonly [string, string, string])[] = [
  [
    'drop index odd.odd_partial; create index odd_partial on odd.orders (late)',
    'differs',
    'index odd.odd_partial',
  ],
  ['drop index odd.odd_unique', 'missing', 'index odd.odd_unique'],
  ['alter table odd.measured disable trigger changes', 'differs', 'trigger changes on odd.measured'],
  [
    "create or replace function odd.note_change() returns trigger language plpgsql as 'begin return null; end'",
    'differs',
    'function odd.note_change()',
  ],
  [`revoke select (note) on odd.orders from ${role}`, 'differs', 'table odd.orders'],
  [`grant insert on odd.nothing to ${role}`, 'differs', 'table odd.nothing'],
  [`alter table odd.owner_of owner to ${role}`, 'differs', 'table odd.owner_of'],
  ['alter table odd.orders alter late set default 8', 'differs', 'table odd.orders'],
  [
    'alter table odd.orders drop constraint orders_amount_check',
    'missing',
    'table constraint orders_amount_check on odd.orders',
  ],
  ['alter policy own on odd.orders using (true)', 'differs', 'policy own on odd.orders'],
  ["comment on column odd.pair.b is 'other'", 'differs', 'type odd.pair'],
  ["comment on index odd.odd_partial is 'other'", 'differs', 'index odd.odd_partial'],
  ['drop materialized view odd.filled cascade', 'missing', 'materialized view odd.filled'],
  ['refresh materialized view odd.filled with no data', 'differs', 'materialized view odd.filled'],
  ['alter sequence odd.counter increment -3', 'differs', 'sequence odd.counter'],
  ["alter type odd.colour add value 'pink'", 'differs', 'type odd.colour'],
  ['alter table odd.orders disable row level security', 'differs', 'table odd.orders'],
  ['alter view odd.paid set (security_barrier)', 'differs', 'view odd.paid'],
  ['drop rule keep on odd.orders', 'missing', 'rule keep on odd.orders'],
  ['drop extension hstore', 'missing', 'extension hstore'],
  ['alter publication news drop table odd.measured', 'differs', 'publication news'],
  ['alter event trigger watching enable', 'differs', 'event trigger watching'],
  ['drop statistics odd.correlated', 'missing', 'statistics object odd.correlated'],
  ['alter domain odd.word drop not null', 'differs', 'type odd.word'],
  ["alter server remote options (set host 'other')", 'differs', 'server remote'],
  [`drop user mapping for ${role} server remote`, 'missing', `user mapping ${role} on server remote`],
  ['alter table odd.child alter c drop default', 'differs', 'table odd.child'],
  ["alter database odd set work_mem = '8MB'", 'differs', 'database setting odd: work_mem'],
  [`revoke create on database odd from ${role}`, 'differs', 'database odd'],
  ['create table odd.intruder ()', 'extra', 'table odd.intruder'],
];

describe.each(outerMajors())('PostgreSQL %i', (major) => {
  test('after a dump and a restore nothing differs, in objects nor in content', async () => {
    for (const database of databases) {
      await restoreInto(at(sources, major, database), at(targets, major, 'postgres'));
      const [before, after] = await Promise.all([
        catalogAt(at(sources, major, database)),
        catalogAt(at(targets, major, database)),
      ]);
      expect(before.length).toBeGreaterThan(70);
      expect(compareObjects(before, after, { sameMajor: true })).toEqual([]);
      const [held, holds] = await Promise.all(
        [sources, targets].map((servers) =>
          withClient(at(servers, major, database), (client) => fingerprintsOf(client, { signal })),
        ),
      );
      expect(holds).toEqual(held);
      expect(held?.every(({ fingerprint }) => typeof fingerprint === 'string')).toBe(true);
    }
  });

  test('every sabotage is found by name', async () => {
    const expected = await catalogAt(at(sources, major, 'odd'));
    await withClient(at(targets, major, 'odd'), async (client) => {
      for (const [statement, kind, name] of sabotages) {
        await client.query('begin');
        await client.query('set local client_min_messages = error');
        await client.query(statement);
        const found = await readObjects(client);
        await client.query('rollback');
        const differences = compareObjects(expected, found, { sameMajor: true });
        expect(
          differences.map((one) => `${one.kind} ${one.type} ${one.identity}`),
          statement,
        ).toContain(`${kind} ${name}`);
      }
    });
  });

  test('who may only read sees the same', async () => {
    const source = at(sources, major, 'odd');
    const reader = uniqueName('reader');
    await runSql(source, `create role ${reader} login password 'x' in role pg_read_all_data`);
    try {
      const asReader = await catalogAt({ ...source, user: reader });
      expect(compareObjects(await catalogAt(source), asReader, { sameMajor: true })).toEqual([]);
    } finally {
      await runSql(source, `drop role ${reader}`);
    }
  });
});

const majors = testMajors();
const pairs = majors.slice(1).map((newer, index) => [majors[index] ?? newer, newer] as const);

describe.each(pairs)('from PostgreSQL %i to %i', (older, newer) => {
  test('every object is found again, and the content is the same', async () => {
    const [source, name] = [at(sources, older, 'odd'), uniqueName('odd')];
    const target = { ...at(targets, newer, 'postgres') };
    await runSql(target, 'drop database if exists odd with (force)');
    await restoreInto(source, target);
    await runSql(target, `alter database odd rename to ${name}`);
    const found = await catalogAt({ ...target, database: name });
    const ofObjects = ({ type }: DatabaseObject): boolean => !type.startsWith('database');
    const expected = (await catalogAt(source)).filter(ofObjects);
    expect(compareObjects(expected, found.filter(ofObjects), { sameMajor: false })).toEqual([]);
  });
});

test('objects that change while they are backed up have no digest', async () => {
  const sql = `create function f() returns trigger language plpgsql as 'begin return new; end';
    create table t (a int); create index i on t (a); create trigger g before insert on t execute function f()`;
  await withDatabase(newestMajor(), { sql }, async ({ parameters, query }) => {
    await withClient(parameters, async (client) => {
      await client.query('begin isolation level repeatable read');
      const before = await readObjects(client);
      await query(
        `create or replace function f() returns trigger language plpgsql as 'begin return old; end'`,
      );
      await query('alter index i rename to j');
      await query('create or replace trigger g before delete on t execute function f()');
      await query('create table later ()');
      const steady = steadyObjects(before, await readObjects(client));
      const digests = new Map(steady.map(({ identity, digest }) => [identity, digest]));
      expect(digests.get('g on public.t')).toBeNull();
      expect(digests.get('public.t')).toMatch(/^[0-9a-f]{32}$/);
      // The source of a function is read from the snapshot, as pg_dump reads it.
      const inSnapshot = before.find(({ identity }) => identity === 'public.f()');
      expect(digests.get('public.f()')).toBe(inSnapshot?.digest);
      const names = ['public.i', 'public.j', 'public.later'];
      expect(names.filter((name) => digests.has(name))).toEqual([]);
    });
  });
});
