import type { Client } from 'pg';
import { wordPattern } from './word-pattern.ts';

/** Something of the database in use that bears the name of what is restored, or belongs to it. */
export type InTheWay = {
  /** As ALTER has it: `TABLE`, `INDEX`, `SEQUENCE`, `STATISTICS`, `TYPE`. */
  readonly kind: string;
  readonly schema: string;
  readonly name: string;
  readonly oid: string;
  /** Whether it was asked for by its name, and does not just belong to what was. */
  readonly isNamed: boolean;
  /** Of a partition the table that it is a partition of, where that does not give way; as SQL. */
  readonly parent: string | null;
  /** Whether the role of this session has the rights that the server asks for. */
  readonly mayRename: boolean;
};

type Name = { readonly schema: string; readonly name: string };

/** As an archive lists a name. */
const listed = (name: string): string => `translate(${name}, E'\\r\\n', '  ')`;

const mayRename = (owner: string): string =>
  `(pg_has_role(${owner}, 'USAGE') and has_schema_privilege(n.oid, 'CREATE'))`;

/**
 * What has to give way to tables of these names: whatever is called so, a table's partitions at every level, and of all
 * these their indexes, the sequences of their columns and their extended statistics. Row types go with their tables.
 */
export async function findInTheWay(client: Client, wanted: readonly Name[]): Promise<InTheWay[]> {
  const { rows } = await client.query<InTheWay>(
    `with recursive wanted as (select * from unnest($1::text[], $2::text[]) w(schema, name)),
     named as (
       select c.oid, c.relkind from wanted w join pg_namespace n on ${listed('n.nspname')} = w.schema
         join pg_class c on c.relnamespace = n.oid and ${listed('c.relname')} = w.name),
     trees as (
       select oid from named union
       select i.inhrelid from trees join pg_inherits i on i.inhparent = trees.oid
         join pg_class c on c.oid = i.inhrelid and c.relispartition),
     belonging as (
       select oid from trees union
       select x.indexrelid from trees join pg_index x on x.indrelid = trees.oid union
       select d.objid from trees join pg_depend d on d.refobjid = trees.oid and d.refclassid = 'pg_class'::regclass
         join pg_class s on s.oid = d.objid and s.relkind = 'S'
        where d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i'))
     select case c.relkind when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' when 'S' then 'SEQUENCE' when 'f' then 'FOREIGN TABLE'
                           when 'c' then 'TYPE' when 'i' then 'INDEX' when 'I' then 'INDEX' else 'TABLE' end as kind,
            n.nspname as schema, c.relname as name, c.oid::text as oid,
            exists (select from wanted w where w.schema = ${listed('n.nspname')} and w.name = ${listed('c.relname')}) as "isNamed",
            (select i.inhparent::regclass::text from pg_inherits i
              where i.inhrelid = c.oid and c.relispartition and c.relkind in ('r', 'p', 'f')
                and i.inhparent not in (select oid from trees)) as parent,
            ${mayRename('c.relowner')} as "mayRename"
       from belonging b join pg_class c on c.oid = b.oid join pg_namespace n on n.oid = c.relnamespace
     union all
     select 'STATISTICS', n.nspname, s.stxname, s.oid::text, false, null, ${mayRename('s.stxowner')}
       from trees join pg_statistic_ext s on s.stxrelid = trees.oid join pg_namespace n on n.oid = s.stxnamespace
     union all
     select 'TYPE', n.nspname, t.typname, t.oid::text, true, null, ${mayRename('t.typowner')}
       from wanted w join pg_namespace n on ${listed('n.nspname')} = w.schema
       join pg_type t on t.typnamespace = n.oid and ${listed('t.typname')} = w.name and t.typrelid = 0
     order by "isNamed" desc, kind desc, schema, name`,
    [wanted.map(({ schema }) => schema), wanted.map(({ name }) => name)],
  );
  return rows;
}

/** Names that relations, types and statistics of these schemas have. */
export async function takenNames(client: Client, schemas: readonly string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    `with s as (select oid from pg_namespace where nspname = any($1))
     select relname as name from pg_class where relnamespace in (select oid from s) union
     select typname from pg_type where typnamespace in (select oid from s) union
     select stxname from pg_statistic_ext where stxnamespace in (select oid from s)`,
    [schemas],
  );
  return new Set(rows.map(({ name }) => name));
}

/** What goes on to mean the tables of before once they have other names, in words for people. */
export type StillPointing = {
  /** `view public.v`, `constraint lines_fkey on table lines`; with how to point a foreign key at the restored table. */
  readonly pointers: readonly string[];
  /** Functions whose text names one of them: they will find the restored one. */
  readonly byName: readonly string[];
};

/** @param client in the transaction that renames, before it does */
export async function findPointing(client: Client, found: readonly InTheWay[]): Promise<StillPointing> {
  const tables = found.filter(({ kind }) => kind !== 'INDEX' && kind !== 'STATISTICS');
  const oids = tables.map(({ oid }) => oid);
  const { rows } = await client.query<{ what: string }>(
    `with old as (select unnest($1::oid[]) as oid),
     refs as (select oid, 'pg_class'::regclass as class from old union
              select t.oid, 'pg_type'::regclass from old join pg_type t on t.typrelid = old.oid union
              select a.oid, 'pg_type'::regclass from old join pg_type t on t.typrelid = old.oid join pg_type a on a.oid = t.typarray)
     select distinct case
              when k.oid is not null then format('foreign key %I of %s (to point it at the restored one: ALTER TABLE %s DROP CONSTRAINT %I, ADD CONSTRAINT %I %s)',
                                                 k.conname, k.conrelid::regclass, k.conrelid::regclass, k.conname, k.conname, pg_get_constraintdef(k.oid))
              when r.oid is not null then format('%s %s', case v.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'rule of' end, v.oid::regclass)
              else pg_describe_object(d.classid, d.objid, 0) end as what
       from refs join pg_depend d on d.refclassid = refs.class and d.refobjid = refs.oid
       left join pg_constraint k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid and k.contype = 'f'
       left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
       left join pg_class v on v.oid = r.ev_class
      where (d.deptype = 'n' or d.classid = 'pg_publication_rel'::regclass
             or (d.classid = 'pg_class'::regclass and d.deptype = 'a' and exists (select from pg_class c where c.oid = d.objid and c.relkind in ('r', 'p'))))
        and not exists (select from pg_depend own where own.classid = d.classid and own.objid = d.objid
                           and own.refclassid = 'pg_class'::regclass and own.refobjid in (select oid from old) and own.deptype in ('a', 'i', 'P', 'S')
                           and d.classid <> 'pg_publication_rel'::regclass and d.classid <> 'pg_class'::regclass)
        and coalesce(k.conrelid, v.oid, 0) not in (select oid from old) and k.conparentid is not distinct from (case when k.oid is null then null else 0 end)
        and not (d.classid = 'pg_class'::regclass and d.objid in (select oid from old))
        and not (d.classid = 'pg_attrdef'::regclass and d.objid in (select f.oid from pg_attrdef f where f.adrelid in (select oid from old)))
      order by 1`,
    [oids],
  );
  const parents = await client.query<{ what: string }>(
    `select format('%s, of which %s %s', i.inhparent::regclass, i.inhrelid::regclass,
                   case when c.relispartition then 'stays a partition' else 'stays a child' end) as what
       from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhrelid = any($1::oid[]) and i.inhparent <> all($1::oid[]) and c.relkind in ('r', 'p', 'f') order by 1`,
    [oids],
  );
  const byName = await client.query<{ name: string }>(
    `select format('%I.%I', n.nspname, p.proname) as name
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
        and exists (select from unnest($1::text[]) t(pattern) where p.prosrc ~* t.pattern) order by 1`,
    [found.filter(({ isNamed }) => isNamed).map(({ name }) => wordPattern(name))],
  );
  return {
    pointers: [...rows, ...parents.rows].map(({ what }) => what),
    byName: byName.rows.map(({ name }) => name),
  };
}
