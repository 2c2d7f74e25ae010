import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import type { DatabaseObject } from '../../manifest/manifest.ts';
import { steadySession } from '../connect/steady-session.ts';
import { canonicalSql } from './canonical-sql.ts';
import { codeKinds } from './code.ts';
import { databaseItself, databaseKinds } from './database.ts';
import { homesOf, type ObjectKey } from './left-out.ts';
import { objectsOfKind } from './object-query.ts';
import { tableKinds } from './tables.ts';
import { usesOfObjects } from './uses.ts';

/** An object, and everything about it that a restore brings back, as JSON. */
export type ObjectDefinition = {
  readonly type: string;
  readonly identity: string;
  readonly definition: string;
  /** See {@link ObjectKey}; the database itself has none. */
  readonly key?: string | undefined;
};

/** What of a database a dump takes. */
export type Taken = {
  /** The objects of its table of contents. */
  readonly dumped: ReadonlySet<ObjectKey>;
  /** Those that are not to be compared, as their definition names what is left out. */
  readonly touched: ReadonlySet<ObjectKey>;
};

/**
 * Every object of the database that pg_dump writes, sorted by type and identity: what the system catalogs say in the
 * client's snapshot, where it has one. Some definitions the server can only give as they are now: a caller that reads
 * inside a transaction reads twice and takes {@link steadyObjects}. Left out are members of extensions, temporary
 * objects, what comes with another object by itself, and large objects. Sets the session's search_path and output
 * settings.
 *
 * Needs no rights beyond connecting. A handful of queries, whatever the number of objects.
 * @throws whatever the server refused; a transaction is aborted then
 */
export async function readObjects(
  client: Client,
  options: {
    readonly onLife?: (() => void) | undefined;
    /** Undefined: everything. */
    readonly taken?: Taken | undefined;
  } = {},
): Promise<DatabaseObject[]> {
  const { taken } = options;
  const all = await readDefinitions(client, options);
  const definitions = taken === undefined ? all : await takenOf(client, all, taken);
  const { rows } = await client.query<{ type: string; identity: string; uses: string }>(usesOfObjects);
  const uses = new Map(
    rows.map((row) => [objectKey(row), (JSON.parse(row.uses) as string[]).sort(compareText)]),
  );
  return definitions.map(({ type, identity, definition, key }) => {
    if (key !== undefined && taken?.touched.has(key)) return { type, identity, digest: null, uses: null };
    const used = uses.get(objectKey({ type, identity }));
    return {
      type,
      identity,
      digest: createHash('sha256').update(definition).digest('hex').slice(0, digestLength),
      ...(used === undefined ? {} : { uses: used }),
    };
  });
}

/** A constraint that is written with its table is taken where that is. */
async function takenOf(
  client: Client,
  all: readonly ObjectDefinition[],
  { dumped }: Taken,
): Promise<ObjectDefinition[]> {
  const keys = all.flatMap(({ key }) => (key === undefined || dumped.has(key) ? [] : [key]));
  const homes = await homesOf(client, keys);
  return all.filter(({ key }) => key === undefined || dumped.has(key) || dumped.has(homes.get(key) ?? ''));
}

const digestLength = 32;

/** As {@link readObjects}, with the definitions themselves. */
export async function readDefinitions(
  client: Client,
  { onLife }: { readonly onLife?: (() => void) | undefined } = {},
): Promise<ObjectDefinition[]> {
  await steadySession(client);
  const { rows } = await client.query<{ major: number; superuser: boolean }>(
    `select current_setting('server_version_num')::int / 10000 as major,
            current_setting('is_superuser')::bool as superuser`,
  );
  const { major = 0, superuser = false } = rows[0] ?? {};
  const found: ObjectDefinition[] = [];
  // What other sessions may change under pg_dump's locks is read first, as close as possible to when pg_dump reads it.
  for (const kind of [...tableKinds, ...codeKinds, ...databaseKinds]) {
    const sql = kind(major, superuser);
    if (sql !== undefined) found.push(...(await readKind(client, objectsOfKind(sql))));
    onLife?.();
  }
  found.push(...(await readKind(client, databaseItself)));
  return found.sort((a, b) => compareText(a.type, b.type) || compareText(a.identity, b.identity));
}

async function readKind(client: Client, sql: string): Promise<ObjectDefinition[]> {
  const { rows } = await client.query<ObjectDefinition>(sql);
  return rows.map((row) => ({ ...row, definition: canonicalDefinition(row.definition) }));
}

function canonicalDefinition(json: string): string {
  const definition: unknown = JSON.parse(json, (key, value: unknown) =>
    key === 'sql' && typeof value === 'string' ? canonicalSql(value) : value,
  );
  return JSON.stringify(definition);
}

/** By code point, as collation "C" does, whatever the locale. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * What two readings in one transaction agree on. pg_dump's locks do not keep others from replacing a function or
 * renaming an index: an object whose definition has changed gets the digest null, one that is in only one of the
 * readings is left out.
 */
export function steadyObjects(
  before: readonly DatabaseObject[],
  after: readonly DatabaseObject[],
): DatabaseObject[] {
  const earlier = new Map(before.map((object) => [objectKey(object), object]));
  return after.flatMap((object) => {
    const then = earlier.get(objectKey(object));
    if (then === undefined) return [];
    const isSteady = JSON.stringify(then.uses) === JSON.stringify(object.uses);
    return [
      {
        ...object,
        digest: then.digest === object.digest ? object.digest : null,
        ...(isSteady ? {} : { uses: null }),
      },
    ];
  });
}

/** One text per object. No name of a type has a newline. */
export function objectKey({ type, identity }: Pick<DatabaseObject, 'type' | 'identity'>): string {
  return `${type}\n${identity}`;
}

export async function countLargeObjects(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>('select count(*) from pg_largeobject_metadata');
  return Number(rows[0]?.count);
}
