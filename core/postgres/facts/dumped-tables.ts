import type { Client } from 'pg';
import type { TableRows } from '../../manifest/manifest.ts';

/** A table whose rows pg_dump will write into the archive. */
export type DumpedTable = {
  readonly schema: string;
  readonly name: string;
  /** The WHERE clause under which an extension's configuration table is dumped; empty for all others. */
  readonly condition: string;
  readonly oid?: string | undefined;
  /** The OID of the extension that it belongs to. */
  readonly extension?: string | null | undefined;
  /** Of a partition: the table at the top of its tree. */
  readonly root?: { readonly schema: string; readonly name: string } | undefined;
};

/** The same with what is asked of it in a restored database. */
export type ListedTable = DumpedTable & {
  /** Its rows do not survive a crash, and are on no standby. */
  readonly isUnlogged: boolean;
};

/** The tables whose rows pg_dump would write, sorted; in a restored database as well as at the source. */
export async function listDumpedTables(client: Client): Promise<ListedTable[]> {
  type Row = ListedTable & { readonly rootSchema: string | null; readonly rootName: string | null };
  const { rows } = await client.query<Row>(dumpedTables);
  return rows.map(({ schema, name, condition, isUnlogged, rootSchema, rootName, oid, extension }) => ({
    schema,
    name,
    condition,
    oid,
    extension,
    isUnlogged,
    ...(rootSchema === null || rootName === null ? {} : { root: { schema: rootSchema, name: rootName } }),
  }));
}

/** What a manifest says of a table whose rows were not counted. */
export function recordOf({ schema, name, root }: DumpedTable): TableRows {
  return { schema, name, rows: null, ...(root === undefined ? {} : { root }) };
}

/**
 * pg_dump's own choice of tables with data (getTables, selectDumpableTable, processExtensionTables in its sources):
 * ordinary tables, among them partitions and inheritance children, outside system schemas; not what an extension
 * owns, but for the configuration tables that it names; no unlogged ones on a standby, which cannot read them.
 */
const dumpedTables = `
  with recursive tree as (
    -- Not pg_partition_root(), which does not see with the snapshot's eyes.
    select link.inhrelid as part, link.inhparent as parent
      from pg_inherits link join pg_class part on part.oid = link.inhrelid and part.relispartition
    union all
    select tree.part, link.inhparent
      from tree
      join pg_class parent on parent.oid = tree.parent and parent.relispartition
      join pg_inherits link on link.inhrelid = tree.parent
  ), top as (
    select tree.part, space.nspname, root.relname
      from tree
      join pg_class root on root.oid = tree.parent and not root.relispartition
      join pg_namespace space on space.oid = root.relnamespace
  )
  select n.nspname as schema, c.relname as name, c.oid::text as oid, owned.refobjid::text as extension,
         coalesce(config.condition, '') as condition,
         top.nspname as "rootSchema", top.relname as "rootName",
         c.relpersistence = 'u' as "isUnlogged"
    from pg_class c
    left join top on top.part = c.oid
    join pg_namespace n on n.oid = c.relnamespace
    left join pg_depend owned on owned.classid = 'pg_class'::regclass and owned.objid = c.oid
         and owned.objsubid = 0 and owned.deptype = 'e'
    left join (select t.oid, t.condition
                 from pg_extension e, unnest(e.extconfig, e.extcondition) as t(oid, condition)) config
           on config.oid = c.oid
   where c.relkind = 'r' and c.relpersistence <> 't'
     and not (c.relpersistence = 'u' and pg_is_in_recovery())
     and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     and (owned.objid is null or config.oid is not null)
   order by n.nspname collate "C", c.relname collate "C"`;
