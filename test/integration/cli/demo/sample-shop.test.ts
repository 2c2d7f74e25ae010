import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { QueryResultRow } from 'pg';
import { expect, test } from 'vitest';
import {
  loadSampleShop,
  loadSmallDatabases,
  SampleDataError,
  type SampleProgress,
} from '../../../../cli/demo/sample-shop.ts';
import { childEnvironment } from '../../../../core/postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import { qualifiedName } from '../../../../core/postgres/names.ts';
import { chooseTools, toolPath } from '../../../../core/postgres/programs/tools.ts';
import { findTools } from '../../../support/postgres/programs.ts';
import { newestMajor, runSql, withOwnServer } from '../../../support/postgres/servers.ts';

const run = promisify(execFile);

test('the sample shop has every kind of object and comes back from pg_dump and pg_restore', async () => {
  await withOwnServer(newestMajor(), {}, async ({ parameters: server, major }) => {
    const seen: SampleProgress[] = [];
    const shop = await loadSampleShop(server, { scale: 0.02, onProgress: (progress) => seen.push(progress) });

    expect(shop.database).toBe('shop');
    expect(shop.bytes).toBeGreaterThan(10_000_000);
    expect(seen.map(({ label }) => label)).toContain('orders');
    expect(seen.map(({ step }) => step)).toEqual(seen.map((_, index) => index + 1));
    expect(seen.at(-1)?.steps).toBe(seen.length);
    expect(await kindsOf(server, 'shop')).toEqual(expect.arrayContaining(promisedKinds));

    await query(server, 'postgres', "CREATE DATABASE back TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
    await copyWithPgDump(server, major, 'shop', 'back');
    const rows = await rowsOf(server, 'shop');
    expect(rows.get('"shop"."order_lines"')).toBeGreaterThan(2000);
    expect(rows.get('"select"."no_columns"')).toBe(2);
    expect(rows.get('"select"."new\nline"')).toBe(2);
    expect(rows.get('"warehouse"."people"')).toBe(40);
    expect(rows.get('"audit"."failed_imports"')).toBe(0);
    expect(await rowsOf(server, 'back')).toEqual(rows);
    expect(await largeObjects(server, 'back')).toEqual(await largeObjects(server, 'shop'));

    await loadSampleShop(server, { database: 'again', scale: 0.02 });
    expect(await digests(server, 'again')).toEqual(await digests(server, 'shop'));
    expect(await rowsOf(server, 'again')).toEqual(rows);

    await expect(loadSampleShop(server, { scale: 0.02 })).rejects.toThrow(SampleDataError);
  });
});

test('the small databases have odd names and rows', async () => {
  await withOwnServer(newestMajor(), {}, async ({ parameters: server }) => {
    const made = await loadSmallDatabases(server);
    expect(made.map(({ database }) => database)).toEqual(['Ünïcode "quoted" db', 'reports']);
    expect((await rowsOf(server, 'Ünïcode "quoted" db')).get('"public"."日本語"')).toBe(4);
    expect((await rowsOf(server, 'reports')).get('"public"."measurements"')).toBe(416);
  });
});

const promisedKinds: string[] = [
  'table',
  'partitioned table',
  'view',
  'materialised view',
  'sequence',
  'unlogged table',
  'function',
  'procedure',
  'aggregate',
  'operator',
  'cast',
  'trigger',
  'rule',
  'policy',
  'enum',
  'domain',
  'composite',
  'range',
  'multirange',
  'collation',
  'text search configuration',
  'identity column',
  'generated column',
  'exclusion constraint',
  'extended statistics',
  'large object',
  'default privileges',
  'comment',
  'inherited table',
  'table without columns',
];

async function copyWithPgDump(
  server: ConnectionParameters,
  major: number,
  from: string,
  to: string,
): Promise<void> {
  const tools = chooseTools(await findTools(), major);
  const env = childEnvironment(server);
  const folder = await mkdtemp(join(tmpdir(), 'sample-shop-'));
  try {
    const archive = join(folder, 'shop.dump');
    await run(toolPath(tools, 'pg_dump'), ['-Fc', '-f', archive, from], { env });
    await run(toolPath(tools, 'pg_restore'), ['--exit-on-error', '-d', to, archive], { env });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function query<Row extends QueryResultRow>(
  server: ConnectionParameters,
  database: string,
  text: string,
): Promise<Row[]> {
  return await runSql<Row>({ ...server, database }, text);
}

async function digests(server: ConnectionParameters, database: string): Promise<object[]> {
  const digest = (table: string): string =>
    `(SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM ${table} t)`;
  const tables = ['shop.products', 'shop.customers', 'shop.orders', 'audit.events', 'audit.changes'];
  return await query(
    server,
    database,
    `SELECT ${tables.map((table, n) => `${digest(table)} AS d${n}`).join(', ')}`,
  );
}

async function rowsOf(server: ConnectionParameters, database: string): Promise<Map<string, number>> {
  const tables = await query<{ schema: string; name: string }>(
    server,
    database,
    `SELECT nspname AS schema, relname AS name
     FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const names = tables.map(qualifiedName);
  const counts = names.map(
    (name, index) => `SELECT ${index} AS place, count(*)::int AS rows FROM ONLY ${name}`,
  );
  const counted = await query<{ place: number; rows: number }>(server, database, counts.join(' UNION ALL '));
  return new Map(counted.map(({ place, rows }) => [names[place] ?? '', rows]));
}

async function largeObjects(server: ConnectionParameters, database: string): Promise<object[]> {
  return await query(
    server,
    database,
    `SELECT oid, pg_get_userbyid(lomowner) AS owner, lomacl::text, md5(lo_get(oid)), obj_description(oid, 'pg_largeobject')
     FROM pg_largeobject_metadata ORDER BY oid`,
  );
}

/** The kinds of objects in the schemas that the sample data made. */
async function kindsOf(server: ConnectionParameters, database: string): Promise<string[]> {
  const ours = `IN (SELECT oid FROM pg_namespace WHERE nspname IN ('shop', 'warehouse', 'audit', 'select'))`;
  const kinds = await query<{ kind: string }>(
    server,
    database,
    `SELECT CASE relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view'
         WHEN 'm' THEN 'materialised view' WHEN 'S' THEN 'sequence' END AS kind FROM pg_class WHERE relnamespace ${ours}
     UNION SELECT 'unlogged table' FROM pg_class WHERE relpersistence = 'u' AND relkind = 'r'
     UNION SELECT 'table without columns' FROM pg_class c WHERE relkind = 'r' AND relnamespace ${ours} AND relnatts = 0
     UNION SELECT CASE prokind WHEN 'f' THEN 'function' WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' END FROM pg_proc WHERE pronamespace ${ours}
     UNION SELECT CASE typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'c' THEN 'composite' WHEN 'r' THEN 'range' WHEN 'm' THEN 'multirange' END
         FROM pg_type t WHERE typnamespace ${ours} AND (typtype <> 'c' OR EXISTS (SELECT FROM pg_class WHERE oid = typrelid AND relkind = 'c'))
     UNION SELECT 'operator' FROM pg_operator WHERE oprnamespace ${ours}
     UNION SELECT 'cast' FROM pg_cast JOIN pg_proc p ON p.oid = castfunc WHERE pronamespace ${ours}
     UNION SELECT 'trigger' FROM pg_trigger WHERE NOT tgisinternal
     UNION SELECT 'rule' FROM pg_rewrite WHERE rulename <> '_RETURN' AND oid >= 16384
     UNION SELECT 'policy' FROM pg_policy
     UNION SELECT 'collation' FROM pg_collation WHERE collnamespace ${ours}
     UNION SELECT 'text search configuration' FROM pg_ts_config WHERE cfgnamespace ${ours}
     UNION SELECT 'identity column' FROM pg_attribute WHERE attidentity <> ''
     UNION SELECT 'generated column' FROM pg_attribute WHERE attgenerated <> ''
     UNION SELECT 'exclusion constraint' FROM pg_constraint WHERE contype = 'x'
     UNION SELECT 'extended statistics' FROM pg_statistic_ext
     UNION SELECT 'large object' FROM pg_largeobject_metadata
     UNION SELECT 'default privileges' FROM pg_default_acl
     UNION SELECT 'comment' FROM pg_description JOIN pg_class c ON c.oid = objoid WHERE relnamespace ${ours}
     UNION SELECT 'inherited table' FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE NOT relispartition`,
  );
  return kinds.map(({ kind }) => kind);
}
