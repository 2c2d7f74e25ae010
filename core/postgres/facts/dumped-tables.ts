import type { Client } from 'pg';

/** A table whose rows pg_dump will write into the archive. */
export type DumpedTable = {
  readonly schema: string;
  readonly name: string;
  /** The WHERE clause under which an extension's configuration table is dumped; empty for all others. */
  readonly condition: string;
};

/** The same with what is asked of it in a restored database. */
export type ListedTable = DumpedTable & {
  /** Its rows do not survive a crash, and are on no standby. */
  readonly isUnlogged: boolean;
};

/** The tables whose rows pg_dump would write, sorted; in a restored database as well as at the source. */
export async function listDumpedTables(client: Client): Promise<ListedTable[]> {
  const { rows } = await client.query<ListedTable>(dumpedTables);
  return rows;
}

/**
 * pg_dump's own choice of tables with data (getTables, selectDumpableTable, processExtensionTables in its sources):
 * ordinary tables, among them partitions and inheritance children, outside system schemas; not what an extension
 * owns, but for the configuration tables that it names; no unlogged ones on a standby, which cannot read them.
 */
const dumpedTables = `
  select n.nspname as schema, c.relname as name, coalesce(config.condition, '') as condition,
         c.relpersistence = 'u' as "isUnlogged"
    from pg_class c
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
