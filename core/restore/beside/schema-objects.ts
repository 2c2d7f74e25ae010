import type { Client } from 'pg';

/** Something that lies in a schema, and that a table can need: a type, a function, an operator. */
export type SchemaObject = {
  /** As ALTER has it: `TYPE`, `ROUTINE`, `OPERATOR CLASS`. */
  readonly kind: string;
  /** As ALTER has it, all names qualified and quoted: `public.f(integer)`. */
  readonly identity: string;
  /** The same in two databases where it is what the other one calls so. */
  readonly key: string;
  readonly schema: string;
  /** What makes it usable in the other's place. */
  readonly definition: string;
  /** What it does besides, which may differ. */
  readonly text: string;
};

/** The classes of objects, in the order in which they are moved: what a signature names goes first. */
export const objectClasses = ['type', 'multirange', 'routine', 'other'] as const;
export type ObjectClass = (typeof objectClasses)[number];

/** Of users' schemas, without what belongs to an extension. */
const ofUsers = (classId: string, oid: string, schema: string): string =>
  `${schema}.nspname !~ '^pg_' and ${schema}.nspname <> 'information_schema'
   and not exists (select from pg_depend d where d.classid = '${classId}'::regclass and d.objid = ${oid} and d.deptype = 'e')`;

/** An enum's definition is not compared as a text: the target's may have more words. */
const types = (isMultirange: boolean): string => `
  select 'TYPE' as kind, format('%I.%I', n.nspname, t.typname) as identity, format('type %I.%I', n.nspname, t.typname) as key,
         n.nspname as schema,
         case t.typtype
           when 'e' then (select string_agg(quote_literal(enumlabel), ',' order by enumsortorder) from pg_enum where enumtypid = t.oid)
           when 'd' then concat_ws(' ', format_type(t.typbasetype, t.typtypmod), t.typnotnull::text, t.typdefault,
             (select string_agg(pg_get_constraintdef(oid), ',' order by conname) from pg_constraint where contypid = t.oid))
           when 'c' then (select string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ',' order by attnum)
                            from pg_attribute where attrelid = t.typrelid and attnum > 0 and not attisdropped)
           when 'r' then (select format_type(rngsubtype, null) from pg_range where rngtypid = t.oid)
           else '' end as definition,
         case when t.typtype = 'e' then 'enum' else '' end as text
    from pg_type t join pg_namespace n on n.oid = t.typnamespace
    left join pg_class c on c.oid = t.typrelid
   where ${isMultirange ? "t.typtype = 'm'" : "t.typtype not in ('m', 'p') and t.typinput <> 'array_in'::regproc"}
     and (c.oid is null or c.relkind = 'c') and ${ofUsers('pg_type', 't.oid', 'n')}`;

/** Arguments as ALTER has them; an aggregate's words are its own. */
const routines = `
  select case p.prokind when 'a' then 'AGGREGATE' else 'ROUTINE' end as kind,
         format('%I.%I(%s)', n.nspname, p.proname,
           case when p.prokind = 'a' and p.pronargs = 0 then '*' else pg_get_function_identity_arguments(p.oid) end) as identity,
         format('routine %I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as key, n.nspname as schema,
         concat_ws(' ', p.prokind, pg_get_function_result(p.oid)) as definition, p.prosrc as text
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
   where ${ofUsers('pg_proc', 'p.oid', 'n')}`;

const otherCatalogs = [
  ['pg_opfamily', 'opfnamespace'],
  ['pg_opclass', 'opcnamespace'],
  ['pg_operator', 'oprnamespace'],
  ['pg_collation', 'collnamespace'],
  ['pg_conversion', 'connamespace'],
  ['pg_ts_template', 'tmplnamespace'],
  ['pg_ts_parser', 'prsnamespace'],
  ['pg_ts_dict', 'dictnamespace'],
  ['pg_ts_config', 'cfgnamespace'],
] as const;

const others = otherCatalogs
  .map(
    ([catalog, namespace]) => `
  select upper(i.type) as kind, i.identity, i.type || ' ' || i.identity as key, n.nspname as schema, '' as definition, '' as text
    from ${catalog} o join pg_namespace n on n.oid = o.${namespace},
         pg_identify_object('${catalog}'::regclass, o.oid, 0) i
   where ${ofUsers(catalog, 'o.oid', 'n')}`,
  )
  .join(' union all ');

const queries: Readonly<Record<ObjectClass, string>> = {
  type: types(false),
  multirange: types(true),
  routine: routines,
  other: others,
};

/** Those of the database that `client` is connected to, under a search path of pg_catalog alone. */
export async function schemaObjects(client: Client, of: ObjectClass): Promise<SchemaObject[]> {
  const { rows } = await client.query<SchemaObject>(`select * from (${queries[of]}) o order by identity`);
  return rows;
}

/** Relations to be moved, owned sequences with their tables; and extended statistics, which do not go with theirs. */
export async function schemaRelations(
  client: Client,
): Promise<Pick<SchemaObject, 'kind' | 'identity' | 'schema'>[]> {
  const { rows } = await client.query<Pick<SchemaObject, 'kind' | 'identity' | 'schema'>>(
    `select * from (
       select case c.relkind when 'v' then 'VIEW' when 'm' then 'MATERIALIZED VIEW' when 'S' then 'SEQUENCE'
                             when 'f' then 'FOREIGN TABLE' else 'TABLE' end as kind,
              format('%I.%I', n.nspname, c.relname) as identity, n.nspname as schema
         from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and ${ofUsers('pg_class', 'c.oid', 'n')}
          and not exists (select from pg_depend d where c.relkind = 'S' and d.classid = 'pg_class'::regclass
                             and d.objid = c.oid and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i'))
       union all
       select 'STATISTICS', format('%I.%I', n.nspname, s.stxname), n.nspname
         from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace
        where ${ofUsers('pg_statistic_ext', 's.oid', 'n')}
     ) r order by identity`,
  );
  return rows;
}

/** Extensions, and the schemas in which they lie. */
export async function extensionSchemas(client: Client): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{ name: string; schema: string }>(
    `select e.extname as name, n.nspname as schema
       from pg_extension e join pg_namespace n on n.oid = e.extnamespace order by 1`,
  );
  return new Map(rows.map(({ name, schema }) => [name, schema]));
}
