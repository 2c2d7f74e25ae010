import type { Client } from 'pg';
import type { TableRows } from '../manifest/manifest.ts';
import { asListed } from '../postgres/archive/entry-label.ts';
import { qualifiedName } from '../postgres/names.ts';
import type { MadeRelation } from './what-to-drop.ts';

/** What a database that held something before had of the tables that are to be restored. */
export type Before = {
  /** Whether the table was there, and whether it had rows. */
  readonly stateOf: (table: {
    readonly schema: string;
    readonly name: string;
  }) => 'absent' | 'empty' | 'rows';
};

/** Looked at before anything is changed; one short query for each table that is there. */
export async function readBefore(client: Client, tables: readonly TableRows[]): Promise<Before> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `select wanted.schema, wanted.name
       from unnest($1::text[], $2::text[]) wanted(schema, name)
       join pg_catalog.pg_namespace space on space.nspname = wanted.schema
       join pg_catalog.pg_class own on own.relnamespace = space.oid and own.relname = wanted.name`,
    [tables.map(({ schema }) => schema), tables.map(({ name }) => name)],
  );
  const found = new Map<string, 'empty' | 'rows'>();
  for (const table of rows) found.set(keyOf(table), (await hasRows(client, table)) ? 'rows' : 'empty');
  return { stateOf: (table) => found.get(keyOf(table)) ?? 'absent' };
}

async function hasRows(
  client: Client,
  table: { readonly schema: string; readonly name: string },
): Promise<boolean> {
  try {
    const { rows } = await client.query<{ found: boolean }>(
      `select exists (select from ${qualifiedName(table)}) as found`,
    );
    return rows[0]?.found ?? true;
  } catch {
    // A table that may not be read may hold anything.
    return true;
  }
}

/** Of what a restore was to make, what is there now: as SQL that drops it, a statement for each kind. */
export async function readMade(client: Client, makes: readonly MadeRelation[]): Promise<string[]> {
  const wanted = new Set(makes.map(keyOf));
  type Row = {
    schema: string;
    name: string;
    kind: string;
    parentSchema: string | null;
    parentName: string | null;
  };
  const { rows } = await client.query<Row>(
    `select space.nspname as schema, own.relname as name, own.relkind as kind,
            parent_space.nspname as "parentSchema", parent.relname as "parentName"
       from pg_catalog.pg_class own join pg_catalog.pg_namespace space on space.oid = own.relnamespace
       left join pg_catalog.pg_inherits link on own.relispartition and link.inhrelid = own.oid
       left join pg_catalog.pg_class parent on parent.oid = link.inhparent
       left join pg_catalog.pg_namespace parent_space on parent_space.oid = parent.relnamespace
      where own.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
        and not exists (select from pg_catalog.pg_depend link
                         where link.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and link.objid = own.oid
                           and link.deptype in ('a', 'i') and own.relkind = 'S')
      order by 1, 2`,
  );
  const isMade = (schema: string, name: string): boolean =>
    wanted.has(keyOf({ schema: asListed(schema), name: asListed(name) }));
  // A partition goes with the table that it is a partition of.
  const there = rows.filter(
    ({ schema, name, parentSchema, parentName }) =>
      isMade(schema, name) && (parentName === null || !isMade(parentSchema ?? '', parentName)),
  );
  return dropOrder.flatMap(({ kinds, word }) => {
    const names = there.filter(({ kind }) => kinds.includes(kind)).map(qualifiedName);
    return names.length === 0 ? [] : [`DROP ${word} ${names.join(', ')};`];
  });
}

const dropOrder = [
  { kinds: 'v', word: 'VIEW' },
  { kinds: 'm', word: 'MATERIALIZED VIEW' },
  { kinds: 'f', word: 'FOREIGN TABLE' },
  { kinds: 'rp', word: 'TABLE' },
  { kinds: 'S', word: 'SEQUENCE' },
] as const;

function keyOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${schema}\n${name}`;
}
