import {
  deparsed,
  dumpedSchemas,
  grantsOf,
  isMember,
  labelsOf,
  named,
  noGrants,
  noOwner,
  type ObjectKind,
  since,
  sorted,
} from './object-query.ts';

/**
 * The columns of every relation of these kinds (relkind in SQL: `'r', 'p'`). In their order, but for inheritance
 * children: pg_dump writes those with the inherited columns first. Not: what was dropped, column numbers, statistics,
 * missing values, nor the options that the server gives columns for itself (`pg_attver=…`, since the minor releases
 * 15.20 and 17.12), which pg_dump leaves out.
 */
export function columnsOfRelations(major: number, kinds: string): string {
  return `
    select field.attrelid, jsonb_agg(jsonb_build_object(
             'name', field.attname,
             'type', format_type(field.atttypid, field.atttypmod),
             'collation', case when field.attcollation <> type.typcollation
                               then ${named('pg_collation', 'coll', 'field.attcollation')} end,
             'notNull', field.attnotnull,
             'default', ${deparsed('pg_get_expr(preset.adbin, preset.adrelid)')},
             'generated', field.attgenerated,
             'identity', field.attidentity,
             'storage', case when owner.relkind in ('r', 'p', 'm', 'f') then field.attstorage end,
             'compression', case when owner.relkind in ('r', 'p', 'm') then ${since(14, major, 'field.attcompression')} end,
             'statistics', coalesce(field.attstattarget, -1),
             'options', (select jsonb_agg(item order by item collate "C") from unnest(field.attoptions) item
                          where item not like 'pg\\_%'),
             'foreignOptions', ${sorted('field.attfdwoptions')},
             'grants', ${grantsOf('field.attacl', 'null::aclitem[]')},
             'comment', remark.description,
             'labels', ${labelsOf("'pg_class'::regclass", 'field.attrelid', 'field.attnum')})
           order by case when owner.relispartition or child.inhrelid is null then field.attnum else 0 end,
                    field.attname collate "C") as list
      from pg_attribute field
      join pg_class owner on owner.oid = field.attrelid and owner.relkind in (${kinds})
      join ${dumpedSchemas} space on space.oid = owner.relnamespace
      join pg_type type on type.oid = field.atttypid
      left join pg_inherits child on child.inhrelid = owner.oid and child.inhseqno = 1
      left join pg_attrdef preset on preset.adrelid = field.attrelid and preset.adnum = field.attnum
      left join pg_description remark on remark.classoid = 'pg_class'::regclass
           and remark.objoid = field.attrelid and remark.objsubid = field.attnum
     where field.attnum > 0 and not field.attisdropped
     group by field.attrelid`;
}

/**
 * Materialized views that pg_dump restores without rows: those that have none, and what is made from them
 * (buildMatViewRefreshDependencies in its sources).
 */
const emptyViews = `
  with recursive source as (
    select distinct made.ev_class as view, used.refobjid as source
      from pg_rewrite made
      join pg_depend used on used.classid = 'pg_rewrite'::regclass and used.objid = made.oid
           and used.refclassid = 'pg_class'::regclass and used.refobjid <> made.ev_class
      join pg_class kind on kind.oid = used.refobjid and kind.relkind in ('m', 'v')
  ), empty as (
    select oid from pg_class where relkind = 'm' and not relispopulated
    union
    select source.view from empty join source on source.source = empty.oid
  )
  select oid from empty`;

/** Triggers of partitions follow their parent's, but may be switched on and off by themselves. */
function clonedTriggers(major: number): string {
  return since(
    13,
    major,
    `(select jsonb_agg(jsonb_build_array(clone.tgname, clone.tgenabled) order by clone.tgname collate "C")
        from pg_trigger clone join pg_trigger parent on parent.oid = clone.tgparentid
       where clone.tgrelid = relation.oid and clone.tgenabled <> parent.tgenabled and not parent.tgisinternal)`,
  );
}

const relationKinds = `'r', 'p', 'v', 'm', 'f'`;

/** Tables of every kind, and views. Not where they lie: a tablespace is the server's, not the data's. */
const relations: ObjectKind = (major) => `
  select 'pg_class'::regclass as classid, relation.oid as objid, relation.relowner as owner,
         relation.relacl as acl, acldefault('r', relation.relowner) as preset,
         jsonb_build_object(
           'kind', relation.relkind,
           'persistence', relation.relpersistence,
           'columns', columns.list,
           'options', ${sorted('relation.reloptions')},
           'toastOptions', ${sorted('toast.reloptions')},
           'accessMethod', method.amname,
           'ofType', case when relation.reloftype <> 0 then format_type(relation.reloftype, null) end,
           'parents', (select jsonb_agg(parent.inhparent::regclass::text order by parent.inhseqno)
                         from pg_inherits parent where parent.inhrelid = relation.oid),
           'partitionKey', ${deparsed("case when relation.relkind = 'p' then pg_get_partkeydef(relation.oid) end")},
           'partitionBound', ${deparsed('pg_get_expr(relation.relpartbound, relation.oid)')},
           'rowSecurity', relation.relrowsecurity,
           'forcedRowSecurity', relation.relforcerowsecurity,
           'replicaIdentity', relation.relreplident,
           'clonedTriggers', ${clonedTriggers(major)},
           'server', server.srvname,
           'serverOptions', ${sorted('foreign_table.ftoptions')},
           'query', ${deparsed("case when relation.relkind in ('v', 'm') then pg_get_viewdef(relation.oid) end")},
           'populated', relation.relkind = 'm' and empty.oid is null)
         as definition
    from pg_class relation
    join ${dumpedSchemas} space on space.oid = relation.relnamespace
    left join (${columnsOfRelations(major, relationKinds)}) columns on columns.attrelid = relation.oid
    left join (${emptyViews}) empty on empty.oid = relation.oid
    left join pg_class toast on toast.oid = relation.reltoastrelid
    left join pg_am method on method.oid = relation.relam
    left join pg_foreign_table foreign_table on foreign_table.ftrelid = relation.oid
    left join pg_foreign_server server on server.oid = foreign_table.ftserver
   where relation.relkind in (${relationKinds}) and relation.relpersistence <> 't'`;

/** Without the value: it is no part of any transaction, so there is no telling which one pg_dump saw. */
const sequences: ObjectKind = () => `
  select 'pg_class'::regclass as classid, relation.oid as objid, relation.relowner as owner,
         relation.relacl as acl, acldefault('s', relation.relowner) as preset,
         jsonb_build_object(
           'type', format_type(sequence.seqtypid, null), 'start', sequence.seqstart,
           'increment', sequence.seqincrement, 'maximum', sequence.seqmax, 'minimum', sequence.seqmin,
           'cache', sequence.seqcache, 'cycle', sequence.seqcycle,
           'ownedBy', (select jsonb_build_array(used.refobjid::regclass::text, field.attname, used.deptype)
                         from pg_depend used
                         join pg_attribute field on field.attrelid = used.refobjid and field.attnum = used.refobjsubid
                        where used.classid = 'pg_class'::regclass and used.objid = relation.oid
                          and used.refclassid = 'pg_class'::regclass and used.deptype in ('a', 'i')))
         as definition
    from pg_class relation
    join ${dumpedSchemas} space on space.oid = relation.relnamespace
    join pg_sequence sequence on sequence.seqrelid = relation.oid
   where relation.relpersistence <> 't'`;

/**
 * Indexes, constraints, triggers and rules of an extension's table are no members of it themselves; pg_dump leaves
 * them out as it does the table.
 */
function ofExtension(relation: string): string {
  return isMember("'pg_class'::regclass", relation);
}

/** pg_dump leaves out the indexes that a failed CREATE INDEX CONCURRENTLY has left, but for those of partitioned tables. */
const indexes: ObjectKind = () => `
  select 'pg_class'::regclass as classid, relation.oid as objid, ${noOwner}, ${noGrants},
         jsonb_build_object(
           'definition', ${deparsed('pg_get_indexdef(relation.oid)')},
           'valid', index.indisvalid, 'clustered', index.indisclustered, 'replicaIdentity', index.indisreplident,
           'parent', parent.inhparent::regclass::text,
           'statistics', (select jsonb_agg(jsonb_build_array(field.attnum, field.attstattarget) order by field.attnum)
                            from pg_attribute field
                           where field.attrelid = relation.oid and field.attstattarget >= 0))
         as definition
    from pg_index index
    join pg_class relation on relation.oid = index.indexrelid
    join pg_class of_table on of_table.oid = index.indrelid
    join ${dumpedSchemas} space on space.oid = relation.relnamespace
    left join pg_inherits parent on parent.inhrelid = relation.oid
   where relation.relpersistence <> 't'
     and ((index.indisvalid and index.indisready) or of_table.relkind = 'p')
     and not ${ofExtension('index.indrelid')}`;

/**
 * Not NOT NULL, which is the column's; only PostgreSQL 18 stores it as a constraint too. Not the foreign keys that
 * follow from one of a partitioned table: pg_dump leaves making and naming them to the server. Whether a child's check
 * is validated follows from the parent's at restore.
 */
const constraints: ObjectKind = () => `
  select 'pg_constraint'::regclass as classid, rule.oid as objid, ${noOwner}, ${noGrants},
         jsonb_build_object(
           'definition', ${deparsed(`case when rule.conislocal or rule.contype <> 'c' then pg_get_constraintdef(rule.oid)
             else regexp_replace(pg_get_constraintdef(rule.oid), ' NOT VALID$', '') end`)},
           'validated', rule.convalidated or (rule.contype = 'c' and not rule.conislocal),
           'deferrable', rule.condeferrable, 'deferred', rule.condeferred) as definition
    from pg_constraint rule
    join ${dumpedSchemas} space on space.oid = rule.connamespace
    left join pg_class relation on relation.oid = rule.conrelid
   where rule.contype in ('c', 'f', 'p', 'u', 'x') and not (rule.contype = 'f' and rule.conparentid <> 0)
     and relation.relpersistence is distinct from 't' and not ${ofExtension('rule.conrelid')}
     and not ${isMember("'pg_type'::regclass", 'rule.contypid')}`;

const triggers: ObjectKind = (major) => `
  select 'pg_trigger'::regclass as classid, trigger.oid as objid, ${noOwner}, ${noGrants},
         jsonb_build_object('definition', ${deparsed('pg_get_triggerdef(trigger.oid)')},
                            'enabled', trigger.tgenabled) as definition
    from pg_trigger trigger
    join pg_class relation on relation.oid = trigger.tgrelid
    join ${dumpedSchemas} space on space.oid = relation.relnamespace
   where not trigger.tgisinternal and relation.relpersistence <> 't' and not ${ofExtension('trigger.tgrelid')}
     ${major >= 13 ? 'and trigger.tgparentid = 0' : ''}`;

/** A view's own rule is its query. */
const rules: ObjectKind = () => `
  select 'pg_rewrite'::regclass as classid, rule.oid as objid, ${noOwner}, ${noGrants},
         jsonb_build_object('definition', ${deparsed('pg_get_ruledef(rule.oid)')},
                            'enabled', rule.ev_enabled) as definition
    from pg_rewrite rule
    join pg_class relation on relation.oid = rule.ev_class
    join ${dumpedSchemas} space on space.oid = relation.relnamespace
   where rule.rulename <> '_RETURN' and relation.relpersistence <> 't'
     and not ${ofExtension('rule.ev_class')}`;

const policies: ObjectKind = () => `
  select 'pg_policy'::regclass as classid, policy.oid as objid, ${noOwner}, ${noGrants},
         jsonb_build_object(
           'command', policy.polcmd, 'permissive', policy.polpermissive,
           'roles', (select jsonb_agg(case when role <> 0 then pg_get_userbyid(role) end
                                      order by case when role <> 0 then pg_get_userbyid(role) end)
                       from unnest(policy.polroles) role),
           'using', ${deparsed('pg_get_expr(policy.polqual, policy.polrelid)')},
           'check', ${deparsed('pg_get_expr(policy.polwithcheck, policy.polrelid)')}) as definition
    from pg_policy policy
    join pg_class relation on relation.oid = policy.polrelid
    join ${dumpedSchemas} space on space.oid = relation.relnamespace`;

const statistics: ObjectKind = () => `
  select 'pg_statistic_ext'::regclass as classid, statistic.oid as objid, statistic.stxowner as owner,
         ${noGrants},
         jsonb_build_object('definition', ${deparsed('pg_get_statisticsobjdef(statistic.oid)')},
           'target', coalesce((to_jsonb(statistic) ->> 'stxstattarget')::int, -1)) as definition
    from pg_statistic_ext statistic
    join ${dumpedSchemas} space on space.oid = statistic.stxnamespace`;

/** Kinds that pg_dump's locks keep from changing come last, the others first: see readObjects. */
export const tableKinds: readonly ObjectKind[] = [
  indexes,
  constraints,
  triggers,
  rules,
  policies,
  statistics,
  sequences,
  relations,
];
