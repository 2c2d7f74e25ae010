import type { Client } from 'pg';
import type { NotDumped } from '../../manifest/manifest.ts';
import { labelOf } from '../names.ts';
import { type ExtensionTable, type NotDumpedOptions, rowsInNoDump } from './rows-in-no-dump.ts';

/** The kind of a table that a standby cannot read; restored it is empty. */
export const unloggedRows = 'rows of an unlogged table';

/** A schema of ten thousand partitions whose triggers are disabled needs no line for each. */
const mostEntries = 1_000;

/**
 * What a database holds and pg_dump leaves out without failing, in the snapshot's transaction: for want of rights, or
 * because no dump can hold it. Whatever may not be read says so. Sorted by kind and name.
 */
export async function readNotDumped(client: Client, options: NotDumpedOptions): Promise<NotDumped[]> {
  const { rows: objects } = await client.query<Entry>(objectsInNoDump);
  const { rows: tables } = await client.query<ExtensionTable>(extensionTables);
  const counted = await rowsInNoDump(client, tables, options);
  const all = [
    ...objects.map(({ kind, schema, name, detail }) => ({
      kind,
      name: schema === null ? name : labelOf({ schema, name }),
      reason: reasons[kind](detail),
    })),
    ...counted,
  ];
  const more = all.length - mostEntries;
  if (more <= 0) return all;
  return [
    ...all.slice(0, mostEntries),
    { kind: 'others', name: String(more), reason: 'they are too many for this list' },
  ];
}

type Kind =
  | 'subscription'
  | 'state of a subscription'
  | 'invalid index'
  | 'options of a user mapping'
  | 'state of triggers'
  | typeof unloggedRows
  | 'value of a sequence';
type Entry = {
  readonly kind: Kind;
  readonly schema: string | null;
  readonly name: string;
  readonly detail: string;
};

const reasons: Readonly<Record<Kind, (detail: string) => string>> = {
  subscription: (publications) =>
    `pg_dump writes subscriptions for superusers only; this one takes ${publications}`,
  'state of a subscription': () =>
    'it is enabled; restored it is not, and has no tables until it is refreshed',
  'invalid index': () => 'pg_dump leaves out what CREATE INDEX CONCURRENTLY did not finish',
  'options of a user mapping': () => 'this role may not read them, so the mapping is dumped without',
  'state of triggers': (constraint) =>
    `the triggers of constraint ${constraint} are not as usual (DISABLE TRIGGER ALL); restored, they are in force`,
  [unloggedRows]: () => 'a standby has none of them, so the table is empty after a restore',
  'value of a sequence': (why) => why,
};

/** Who may read a user mapping's options: pg_user_mappings in system_views.sql. */
const objectsInNoDump = `
  with me as (select current_setting('is_superuser') = 'on' as superuser),
  places as (select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema')
  select 'subscription' as kind, null as schema, subname::text as name,
         array_to_string(array(select quote_ident(one) from unnest(subpublications) one), ', ') as detail
    from pg_subscription, me
   where not superuser and subdbid = (select oid from pg_database where datname = current_database())
  union all
  select 'state of a subscription', null, subname, ''
    from pg_subscription, me
   where superuser and subenabled and subdbid = (select oid from pg_database where datname = current_database())
  union all
  select 'invalid index', places.nspname, relation.relname, ''
    from pg_index own join pg_class relation on relation.oid = own.indexrelid and relation.relkind = 'i'
    join places on places.oid = relation.relnamespace
   where not (own.indisvalid and own.indisready)
  union all
  select 'options of a user mapping', null,
         coalesce(quote_ident(mapping.usename), '?') || ' at ' || quote_ident(server.srvname), ''
    from pg_user_mappings mapping join pg_foreign_server server on server.oid = mapping.srvid, me
   where not superuser and not coalesce(case
           when mapping.umuser = 0 then pg_has_role(server.srvowner, 'usage')
           else mapping.usename = current_user
                and (pg_has_role(server.srvowner, 'usage') or has_server_privilege(server.oid, 'usage'))
         end, false)
  union all
  select distinct 'state of triggers', places.nspname, relation.relname, quote_ident(rule.conname)
    from pg_trigger own
    join pg_constraint rule on rule.oid = own.tgconstraint and rule.contype <> 't'
    join pg_class relation on relation.oid = own.tgrelid
    join places on places.oid = relation.relnamespace
   where own.tgisinternal and own.tgenabled <> 'O'
  union all
  select case relation.relkind when 'r' then '${unloggedRows}' else 'value of a sequence' end,
         places.nspname, relation.relname, 'it is unlogged, and a standby does not know it'
    from pg_class relation join places on places.oid = relation.relnamespace
   where pg_is_in_recovery() and relation.relpersistence = 'u' and relation.relkind in ('r', 'S')
     and not exists (select from pg_depend own where own.classid = 'pg_class'::regclass
                      and own.objid = relation.oid and own.objsubid = 0 and own.deptype = 'e')
  union all
  select 'value of a sequence', listed.schemaname, listed.sequencename,
         'it belongs to extension ' || quote_ident(owner.extname) || ', which does not name it as configuration'
    from pg_extension owner
    join pg_depend member on member.classid = 'pg_class'::regclass and member.deptype = 'e'
         and member.refclassid = 'pg_extension'::regclass and member.refobjid = owner.oid
    join pg_class relation on relation.oid = member.objid and relation.relkind = 'S'
         and not (relation.relpersistence = 'u' and pg_is_in_recovery())
    join pg_namespace place on place.oid = relation.relnamespace
    join pg_sequences listed on listed.schemaname = place.nspname and listed.sequencename = relation.relname
   where listed.last_value is not null and relation.oid <> all (coalesce(owner.extconfig, '{}'))
   order by 1, 2, 3, 4`;

const extensionTables = `
  select place.nspname as schema, relation.relname as name, owner.extname as extension, config.condition
    from pg_extension owner
    join pg_depend member on member.classid = 'pg_class'::regclass and member.objsubid = 0 and member.deptype = 'e'
         and member.refclassid = 'pg_extension'::regclass and member.refobjid = owner.oid
    join pg_class relation on relation.oid = member.objid and relation.relkind = 'r'
         and relation.relpersistence <> 't' and not (relation.relpersistence = 'u' and pg_is_in_recovery())
    join pg_namespace place on place.oid = relation.relnamespace
    left join lateral unnest(owner.extconfig, owner.extcondition) as config(oid, condition)
           on config.oid = relation.oid
   where config.oid is null or config.condition <> ''
   order by place.nspname collate "C", relation.relname collate "C"`;
