import type { Client } from 'pg';
import type { DescribedEntry } from '../postgres/archive/describe-entries.ts';
import type { TocEntry } from '../postgres/archive/toc.ts';
import { steadySession } from '../postgres/connect/steady-session.ts';
import { unquoteIdentifier } from '../postgres/names.ts';

/** Something in a target's catalogs. Names as an archive lists them: line breaks are blanks. */
export type TargetObject = {
  /** `relation`, or the word of pg_dump's in small letters: `type`, `operator class`. */
  readonly kind: string;
  /** Empty for what lies in none. */
  readonly schema: string;
  /** Of a function with its arguments. */
  readonly name: string;
  /** Of an operator its operands, of an operator class its access method; of a relation its relkind. */
  readonly more: string;
  /** Of an index the table that it is of, as SQL. */
  readonly of: string | null;
  /** As SQL: `"sales"."Orders"`. */
  readonly sql: string;
};

/** Of which kind of the target's an entry is. What is not here cannot be looked for, and is taken to be not there. */
const kinds: Readonly<Record<string, string>> = {
  TABLE: 'relation',
  'FOREIGN TABLE': 'relation',
  VIEW: 'relation',
  'MATERIALIZED VIEW': 'relation',
  SEQUENCE: 'relation',
  TYPE: 'type',
  'SHELL TYPE': 'type',
  DOMAIN: 'type',
  FUNCTION: 'routine',
  PROCEDURE: 'routine',
  AGGREGATE: 'routine',
  'PROCEDURAL LANGUAGE': 'language',
};
const ofTheirOwnKind = [
  'SCHEMA',
  'EXTENSION',
  'COLLATION',
  'OPERATOR',
  'OPERATOR CLASS',
  'OPERATOR FAMILY',
  'TEXT SEARCH CONFIGURATION',
  'TEXT SEARCH DICTIONARY',
  'TEXT SEARCH PARSER',
  'TEXT SEARCH TEMPLATE',
  'ACCESS METHOD',
  'LANGUAGE',
  'FOREIGN DATA WRAPPER',
  'SERVER',
  'CONVERSION',
  'CAST',
  'PUBLICATION',
  'SUBSCRIPTION',
  'EVENT TRIGGER',
  'USER MAPPING',
];

const listed = (name: string): string => `translate(${name}, E'\\r\\n', '  ')`;
const types = (oids: string): string =>
  `array_to_string(array(select format_type(one, null) from unnest(${oids}::oid[]) with ordinality arg(one, place) order by place), ', ')`;
const inSchema = (kind: string, catalog: string, prefix: string, more = "''"): string => `
  select '${kind}', space.nspname, own.${prefix}name, ${more}, null, ''
    from ${catalog} own join pg_namespace space on space.oid = own.${prefix}namespace`;
const inNone = (kind: string, catalog: string, name: string): string =>
  `select '${kind}', '', ${name}, '', null, '' from ${catalog}`;

/** Everything that has one of these names; of functions and casts as pg_dump lists them, with types by format_type. */
const objects = `
  select kind, ${listed('schema')} as schema, ${listed('name')} as name, more, "of", sql from (
    select 'relation' as kind, space.nspname::text as schema, own.relname::text as name, own.relkind::text as more,
           (select format('%I.%I', home_space.nspname, home.relname) from pg_index
              join pg_class home on home.oid = indrelid join pg_namespace home_space on home_space.oid = home.relnamespace
             where indexrelid = own.oid) as "of", format('%I.%I', space.nspname, own.relname) as sql
      from pg_class own join pg_namespace space on space.oid = own.relnamespace
     where own.relkind <> 't'
    union all
    select 'type', space.nspname, own.typname, own.typtype::text, null, ''
      from pg_type own join pg_namespace space on space.oid = own.typnamespace
     where own.typrelid = 0 or exists (select from pg_class where oid = own.typrelid and relkind = 'c')
    union all
    select 'routine', space.nspname, own.proname || '(' || case when own.prokind = 'a' and own.pronargs = 0 then '*'
             else ${types("string_to_array(own.proargtypes::text, ' ')")} end || ')', '', null, ''
      from pg_proc own join pg_namespace space on space.oid = own.pronamespace
    union all
    select 'operator', space.nspname, own.oprname,
           case when own.oprleft = 0 then '' else format_type(own.oprleft, null) end || ',' ||
           case when own.oprright = 0 then '' else format_type(own.oprright, null) end, null, ''
      from pg_operator own join pg_namespace space on space.oid = own.oprnamespace
    union all ${inSchema('operator class', 'pg_opclass', 'opc', '(select amname from pg_am where oid = own.opcmethod)')}
    union all ${inSchema('operator family', 'pg_opfamily', 'opf', '(select amname from pg_am where oid = own.opfmethod)')}
    union all ${inSchema('collation', 'pg_collation', 'coll')}
    union all ${inSchema('conversion', 'pg_conversion', 'con')}
    union all ${inSchema('text search configuration', 'pg_ts_config', 'cfg')}
    union all ${inSchema('text search dictionary', 'pg_ts_dict', 'dict')}
    union all ${inSchema('text search parser', 'pg_ts_parser', 'prs')}
    union all ${inSchema('text search template', 'pg_ts_template', 'tmpl')}
    union all ${inNone('schema', 'pg_namespace', 'nspname')}
    union all ${inNone('extension', 'pg_extension', 'extname')}
    union all ${inNone('access method', 'pg_am', 'amname')}
    union all ${inNone('language', 'pg_language', 'lanname')}
    union all ${inNone('foreign data wrapper', 'pg_foreign_data_wrapper', 'fdwname')}
    union all ${inNone('server', 'pg_foreign_server', 'srvname')}
    union all ${inNone('publication', 'pg_publication', 'pubname')}
    union all ${inNone('event trigger', 'pg_event_trigger', 'evtname')}
    union all ${inNone(
      'subscription',
      '(select subname from pg_subscription where subdbid = (select oid from pg_database where datname = current_database())) own',
      'subname',
    )}
    union all ${inNone('user mapping', 'pg_user_mappings', "'USER MAPPING ' || usename || ' SERVER ' || srvname")}
    union all ${inNone('cast', 'pg_cast', "'CAST (' || format_type(castsource, null) || ' AS ' || format_type(casttarget, null) || ')'")}
  ) own where ${listed('name')} in (select unnest($1::text[]))`;

/** What a target has of the names that entries have. Sets the session's search path and output settings. */
export async function readTargetObjects(client: Client, names: readonly string[]): Promise<TargetObject[]> {
  await steadySession(client);
  const { rows } = await client.query<TargetObject>(objects, [names]);
  return rows;
}

/** Of these extensions, those that the server could make. */
export async function readOfferedExtensions(client: Client, names: readonly string[]): Promise<Set<string>> {
  const { rows } = await client.query<{ name: string }>(
    'select name from pg_catalog.pg_available_extensions where name = any ($1::text[])',
    [names],
  );
  return new Set(rows.map(({ name }) => name));
}

/** What an entry would be in the target; undefined where that is nothing with a name of its own. */
export function wantedObject(
  { type }: TocEntry,
  { schema, name, sql = '' }: DescribedEntry,
): Pick<TargetObject, 'kind' | 'schema' | 'name' | 'more'> | undefined {
  const kind = kinds[type] ?? (ofTheirOwnKind.includes(type) ? type.toLowerCase() : undefined);
  if (kind === undefined) return undefined;
  return {
    kind,
    schema: schema === '-' ? '' : schema,
    name,
    more: kind === 'relation' ? '' : moreOf(type, sql),
  };
}

function moreOf(type: string, sql: string): string {
  if (type === 'OPERATOR') {
    const side = (word: string): string => new RegExp(`^\\s+${word} = (.*?),?$`, 'm').exec(sql)?.[1] ?? '';
    return `${side('LEFTARG')},${side('RIGHTARG')}`;
  }
  if (type !== 'OPERATOR CLASS' && type !== 'OPERATOR FAMILY') return '';
  return unquoteIdentifier(/ USING ("(?:[^"]|"")+"|\S+?)(?:;| |$)/m.exec(sql)?.[1] ?? '');
}

/** By which an object of the target is found for an entry. */
export function objectKeyOf({
  kind,
  schema,
  name,
  more,
}: Pick<TargetObject, 'kind' | 'schema' | 'name' | 'more'>): string {
  const told = kind === 'operator' || kind.startsWith('operator ') ? more : '';
  return [kind, schema, name, told].join('\n');
}
