import type { Client } from 'pg';

/*
 * Several jobs load tables at the same time, in an order of their own, and afterwards do all that follows in another.
 * That comes to what one job makes in the archive's order unless something that runs meanwhile looks at another table,
 * which no dependency tells of: a function that is not built in. Functions in C of an extension without tables of its
 * own (pg_trgm, citext) look at nothing. Cautious: what only might look counts.
 */
const query = `
with written as (
  select p.oid
    from pg_proc p join pg_language l on l.oid = p.prolang
   where p.oid >= 16384
     and not (l.lanname in ('c', 'internal')
              and exists (select from pg_depend d join pg_extension e on e.oid = d.refobjid
                           where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
                             and d.refclassid = 'pg_extension'::regclass and e.extconfig is null))),
operators as (
  select o.oid, w.oid as function from pg_operator o join written w on w.oid in (o.oprcode, o.oprrest, o.oprjoin)),
calls as (
  select d.classid, d.objid, w.oid as function
    from pg_depend d join written w on d.refclassid = 'pg_proc'::regclass and d.refobjid = w.oid
  union all
  select d.classid, d.objid, o.function
    from pg_depend d join operators o on d.refclassid = 'pg_operator'::regclass and d.refobjid = o.oid),
configuration as (select unnest(extconfig) as oid from pg_extension),
reasons(stage, reason, function) as (
  select 'rows', 'a CHECK constraint calls ', c.function
    from calls c join pg_constraint k on c.classid = 'pg_constraint'::regclass and k.oid = c.objid
   where k.contype in ('c', 'x')
  union all
  select 'rows', 'a generated column calls ', c.function
    from calls c join pg_attrdef a on c.classid = 'pg_attrdef'::regclass and a.oid = c.objid
    join pg_attribute n on n.attrelid = a.adrelid and n.attnum = a.adnum and n.attgenerated <> ''
  union all
  select 'rows', 'a partition key calls ', c.function
    from calls c join pg_class r on c.classid = 'pg_class'::regclass and r.oid = c.objid
   where r.relkind = 'p'
  union all
  select 'after', 'materialized views call ', c.function
    from calls c join pg_rewrite r on c.classid = 'pg_rewrite'::regclass and r.oid = c.objid
   where (select count(*) from pg_class where relkind = 'm') > 1
  union all
  select 'rows', 'a type is read by ', w.oid from pg_type t join written w on w.oid = t.typinput
  union all
  select 'rows', 'a range type is read by ', w.oid from pg_range r join written w on w.oid = r.rngcanonical
  union all
  select 'rows', 'tables of an extension refer to each other', null
    from pg_constraint k where k.contype = 'f' and k.conrelid in (select oid from configuration)
  union all
  select 'rows', 'a table of an extension has triggers', null
    from pg_trigger t where not t.tgisinternal and t.tgrelid in (select oid from configuration)
  union all
  select 'after', 'an extension has an event trigger', null from pg_event_trigger e where evtenabled <> 'D'
     and exists (select from pg_depend d where d.deptype = 'e'
                    and d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid))
select stage, min(reason || coalesce(function::regprocedure::text, '')) as reason from reasons group by stage`;

/** Why order matters, for people, each undefined where several jobs come to the same as one. */
export type OrderReasons = {
  /** While rows are loaded: `a CHECK constraint calls public.f(integer)`. */
  readonly rows: string | undefined;
  /** In what comes after all rows: indexes, foreign keys, materialized views. */
  readonly after: string | undefined;
};

/**
 * Asked of the restored database when its definitions are made and its rows are not loaded yet, which decides; and of the
 * source, for the time that a restore of the backup will take.
 */
export async function whyOrderMatters(client: Client): Promise<OrderReasons> {
  const { rows } = await client.query<{ stage: keyof OrderReasons; reason: string }>(query);
  const reasonOf = (wanted: keyof OrderReasons): string | undefined =>
    rows.find(({ stage }) => stage === wanted)?.reason;
  return { rows: reasonOf('rows'), after: reasonOf('after') };
}
