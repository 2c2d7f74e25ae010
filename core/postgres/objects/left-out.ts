import type { Client } from 'pg';
import { firstUserOid } from './object-query.ts';

/** An object of the catalogs: the OIDs of its catalog and its row, `1259 16501`, as a table of contents has them. */
export type ObjectKey = string;

/** What of the archive needs something that is not in it. */
export type Dependent = {
  readonly object: ObjectKey;
  /** For people, as the server describes it: `constraint orders_u_fkey on table app.orders`. */
  readonly name: string;
  readonly needs: string;
  /** `attach`: a partition is made by itself, and then cannot become one. */
  readonly part?: 'attach' | undefined;
};

export type LeftOutObjects = {
  /** Those that cannot be made without what was left out. */
  readonly dependents: readonly Dependent[];
  /** Those whose definition names something that was left out, and that are made without it; the dependents too. */
  readonly touched: ReadonlySet<ObjectKey>;
};

/**
 * A foreign key to a partitioned table has one to each partition, of which none is written: they are made with it. Those
 * that a partition has of its parent's come and go with the partition.
 */
function keyAbove(rule: string): string {
  return `(with recursive above as (
             select oid, conparentid, conrelid from pg_constraint where oid = ${rule}.conparentid
             union all select parent.oid, parent.conparentid, parent.conrelid
                         from above join pg_constraint parent on parent.oid = above.conparentid
           )
           select '2606 ' || above.oid from above where above.conparentid = 0 and above.conrelid = ${rule}.conrelid)`;
}

/**
 * The entry that an object comes with where it has none of its own: a constraint, an index and a type of rows with their
 * table, an array with its element. Foreign keys and triggers come with no table: those that the server makes for itself,
 * as on a table that others refer to, are not missed; a partition's own setting of its parent's trigger is written with it.
 */
function homeOf(classid: string, objid: string): string {
  return `case ${classid}
    when 'pg_rewrite'::regclass then (select '1259 ' || ev_class from pg_rewrite where oid = ${objid})
    when 'pg_attrdef'::regclass then (select '1259 ' || adrelid from pg_attrdef where oid = ${objid})
    when 'pg_constraint'::regclass then (
      select case when contype = 'f' then ${keyAbove('rule')}
                  when conrelid <> 0 then '1259 ' || conrelid else '1247 ' || contypid end
        from pg_constraint rule where oid = ${objid})
    when 'pg_trigger'::regclass then (
      select '1259 ' || clone.tgrelid
        from pg_trigger clone join pg_trigger parent on parent.oid::text = to_jsonb(clone) ->> 'tgparentid'
       where clone.oid = ${objid} and not clone.tgisinternal and clone.tgenabled <> parent.tgenabled)
    when 'pg_policy'::regclass then (select '1259 ' || polrelid from pg_policy where oid = ${objid})
    when 'pg_publication_rel'::regclass then (select '6104 ' || prpubid from pg_publication_rel where oid = ${objid})
    when 'pg_class'::regclass then (select case when kind.relkind = 'c' then '1247 ' || kind.reltype
                                                else '1259 ' || index.indrelid end
                                      from pg_class kind left join pg_index index on index.indexrelid = kind.oid
                                     where kind.oid = ${objid})
    when 'pg_type'::regclass then (
      select case when own.typelem <> 0 and own.typlen = -1 then coalesce(of_element.key, '1247 ' || own.typelem)
                  when row_type.relkind <> 'c' then '1259 ' || own.typrelid
                  else (select '1247 ' || rngtypid from pg_range where to_jsonb(pg_range) ->> 'rngmultitypid' = own.oid::text) end
        from pg_type own
        left join pg_class row_type on row_type.oid = own.typrelid
        left join lateral (select '1259 ' || element.typrelid as key
                             from pg_type element join pg_class relation on relation.oid = element.typrelid
                                  and relation.relkind <> 'c'
                            where element.oid = own.typelem) of_element on true
       where own.oid = ${objid})
    when 'pg_user_mapping'::regclass then (select '1417 ' || srvid from pg_user_mappings where umid = ${objid})
    when 'pg_amop'::regclass then (select '2753 ' || amopfamily from pg_amop where oid = ${objid})
    when 'pg_amproc'::regclass then (select '2753 ' || amprocfamily from pg_amproc where oid = ${objid})
  end`;
}

/** The index of a constraint is written with that, and not with the table; a schema of a publication belongs to that. */
function constraintOf(link: string): string {
  return `case ${link}.classid when 'pg_class'::regclass then (
            select '2606 ' || own.refobjid from pg_depend own
             where own.classid = 'pg_class'::regclass and own.objid = ${link}.objid and own.objsubid = 0
               and own.refclassid = 'pg_constraint'::regclass and own.deptype = 'i')
          when 6237 then (
            select '6104 ' || own.refobjid from pg_depend own
             where own.classid = 6237 and own.objid = ${link}.objid and own.refclassid = 'pg_publication'::regclass) end`;
}

/**
 * What depends on what, of a user's own. `loose` is what is written without what it names: a sequence's column, a table
 * or a schema (6237: pg_publication_namespace, which PostgreSQL has from 15 on) that a publication lists, what a partition's
 * has of its parent's; `attach` the partition itself.
 */
const references = `
  select link.classid::oid || ' ' || link.objid as object,
         coalesce(${constraintOf('link')}, ${homeOf('link.classid', 'link.objid')}) as home,
         link.refclassid::oid || ' ' || link.refobjid as used, ${homeOf('link.refclassid', 'link.refobjid')} as "usedHome",
         case when link.classid = 'pg_class'::regclass and link.refclassid = 'pg_class'::regclass and link.deptype = 'a'
                   and link.refobjsubid = 0 then 'attach'
              when link.deptype in ('P', 'S', 'I') or link.classid = 'pg_publication_rel'::regclass
                   or link.classid = 'pg_class'::regclass and link.deptype = 'a' and link.refobjsubid > 0
                      and exists (select from pg_sequence where seqrelid = link.objid) then 'loose'
              else 'needs' end as kind
    from pg_depend link
   where link.refobjid >= ${firstUserOid} and link.objid >= ${firstUserOid} and link.deptype not in ('e', 'x')
  union all
  select '6237 ' || objid, '6104 ' || refobjid, '6237 ' || objid, null, 'loose'
    from pg_depend where classid = 6237 and refclassid = 'pg_publication'::regclass`;

const members = `
  select classid::oid || ' ' || objid as object, '3079 ' || refobjid as extension
    from pg_depend where deptype = 'e' and refclassid = 'pg_extension'::regclass and objsubid = 0`;

/**
 * A default, a partition's setting of a trigger, a schema of a publication (pg_attrdef, pg_trigger,
 * pg_publication_namespace): the definition of what they belong to tells them too.
 */
const shownByHome = /^(?:2604|2620|6237) /;
const ofPublication = /^6237 /;

type Reference = {
  readonly object: ObjectKey;
  readonly home: ObjectKey | null;
  readonly used: ObjectKey;
  readonly usedHome: ObjectKey | null;
  readonly kind: 'attach' | 'loose' | 'needs';
};

/** Foreign keys to tables whose rows are left out, or those of a partition; the table that they are of has rows. */
const keysWithoutRows = `
  with recursive without as (
    select unnest($1::oid[]) as oid
    union select link.inhparent from without join pg_inherits link on link.inhrelid = without.oid
  )
  select '2606 ' || rule.oid as object, '1259 ' || rule.confrelid as used
    from pg_constraint rule
   where rule.contype = 'f' and rule.confrelid in (select oid from without)
     and rule.conrelid <> all ($1::oid[])`;

/**
 * What of a dump names something that the dump leaves out. Reads the catalogs in the client's snapshot.
 * @param dumped the objects of its table of contents
 * @param withoutRows OIDs of the tables of which it has no rows
 */
export async function leftOutObjects(
  client: Client,
  dumped: ReadonlySet<ObjectKey>,
  withoutRows: readonly string[],
): Promise<LeftOutObjects> {
  const { rows: links } = await client.query<Reference>(references);
  const { rows: owned } = await client.query<{ object: string; extension: string }>(members);
  const { rows: keys } = await client.query<{ object: string; used: string }>(keysWithoutRows, [withoutRows]);
  const extensionOf = new Map(owned.map(({ object, extension }) => [object, extension]));
  const isThere = (key: ObjectKey | null): boolean => {
    if (key === null) return false;
    const extension = extensionOf.get(key);
    return dumped.has(key) || (extension !== undefined && dumped.has(extension));
  };
  const touched = new Set<ObjectKey>();
  const found = new Map<string, Omit<Dependent, 'name'>>();
  const add = (object: ObjectKey, needs: ObjectKey, part?: 'attach'): void => {
    touched.add(object);
    if (!found.has(object)) found.set(object, { object, needs, ...(part === undefined ? {} : { part }) });
  };
  for (const { object, home, used, usedHome, kind } of links) {
    if (isThere(used) || isThere(usedHome)) continue;
    const entry = dumped.has(object) ? object : home !== null && dumped.has(home) ? home : undefined;
    if (entry === undefined) continue;
    touched.add(object);
    touched.add(entry);
    if (home !== null && shownByHome.test(object)) touched.add(home);
    // What an index or a type of rows comes with says more.
    const needs = usedHome ?? used;
    // A publication is written without a schema that is not in the dump, but by pg_dump 18, which has an entry for it.
    if (entry !== object && ofPublication.test(object)) continue;
    if (kind === 'needs') add(entry, needs);
    else if (kind === 'attach') add(entry, needs, 'attach');
  }
  for (const { object, used } of keys) if (dumped.has(object)) add(object, used);
  return { touched, dependents: await described(client, [...found.values()]) };
}

async function described(client: Client, found: readonly Omit<Dependent, 'name'>[]): Promise<Dependent[]> {
  const { rows } = await client.query<{ name: string | null; needs: string | null }>(
    `select pg_describe_object(split_part(object, ' ', 1)::oid, split_part(object, ' ', 2)::oid, 0) as name,
            pg_describe_object(split_part(used, ' ', 1)::oid, split_part(used, ' ', 2)::oid, 0) as needs
       from unnest($1::text[], $2::text[]) with ordinality as pair(object, used, place) order by place`,
    [found.map(({ object }) => object), found.map(({ needs }) => needs)],
  );
  return found.map((one, place) => ({
    ...one,
    name: rows[place]?.name ?? one.object,
    needs: rows[place]?.needs ?? one.needs,
  }));
}

/** The homes of objects that may have no entry of their own, by their keys. */
export async function homesOf(
  client: Client,
  keys: readonly ObjectKey[],
): Promise<Map<ObjectKey, ObjectKey>> {
  const { rows } = await client.query<{ key: string; home: string | null }>(
    `select key, ${homeOf('classid', 'objid')} as home
       from (select key, split_part(key, ' ', 1)::oid as classid, split_part(key, ' ', 2)::oid as objid
               from unnest($1::text[]) key) listed`,
    [keys],
  );
  return new Map(rows.flatMap(({ key, home }) => (home === null ? [] : [[key, home] as const])));
}
