import type { Client } from 'pg';
import { messageOf } from '../../errors.ts';
import { quoteIdentifier } from '../../postgres/names.ts';
import { TargetRefused } from '../finding.ts';
import { matchingSchemas } from '../name-pattern.ts';
import type { Selection } from '../request.ts';
import { listed } from './choose-beside.ts';
import {
  extensionSchemas,
  objectClasses,
  type SchemaObject,
  schemaObjects,
  schemaRelations,
} from './schema-objects.ts';
import { wordPattern } from './word-pattern.ts';

/** What the target has, which what is moved may use there. */
export type TargetObjects = {
  readonly objects: ReadonlyMap<string, SchemaObject>;
  readonly extensions: ReadonlyMap<string, string>;
};

export async function readTargetObjects(client: Client): Promise<TargetObjects> {
  const objects = new Map<string, SchemaObject>();
  for (const of of objectClasses)
    for (const object of await schemaObjects(client, of)) objects.set(object.key, object);
  return { objects, extensions: await extensionSchemas(client) };
}

/**
 * In the temporary database: moves what was restored into the new schema. Relations always; of the rest what was asked for
 * with its whole schema, and what the target lacks or has otherwise. What the target has stays where it is called like
 * there, so that what is moved will refer to the target's.
 *
 * @returns notes for people
 * @throws TargetRefused where two objects would have one name, or the role may not
 */
export async function moveIntoSchema(
  client: Client,
  schema: string,
  { selection, target }: { readonly selection: Selection; readonly target: TargetObjects },
): Promise<string[]> {
  const notes = await alignExtensions(client, target.extensions);
  try {
    await refuseEqualNames(client);
    const whole = await wholeSchema(client, selection);
    // What is in function bodies is the same either way; the schema's owner, grants and comment come along like this.
    if (whole !== undefined)
      await client.query(`alter schema ${quoteIdentifier(whole)} rename to ${quoteIdentifier(schema)}`);
    else await client.query(`create schema ${quoteIdentifier(schema)}`);
    const left = new Set<string>(whole === undefined ? [] : [whole]);
    for (const relation of await schemaRelations(client)) {
      left.add(relation.schema);
      await move(client, relation, schema);
    }
    notes.push(...(await moveNeeds(client, schema, { selection, target })));
    left.delete(schema);
    notes.push(...(await namedInText(client, schema, [...left])));
    return notes;
  } catch (error: unknown) {
    if (error instanceof TargetRefused) throw error;
    throw new TargetRefused(
      {
        what: `What was restored cannot be moved into the schema ${JSON.stringify(schema)}`,
        got: messageOf(error),
        fix: 'Nothing in the database was changed. Restore into a new one (--create), and take from there what you need.',
      },
      { cause: error },
    );
  }
}

async function moveNeeds(
  client: Client,
  schema: string,
  { selection, target }: { readonly selection: Selection; readonly target: TargetObjects },
): Promise<string[]> {
  const along: string[] = [];
  const otherwise: string[] = [];
  for (const of of objectClasses) {
    const objects = await schemaObjects(client, of);
    const whole = wholeOf(selection, [...new Set(objects.map((one) => one.schema))]);
    for (const object of objects) {
      if (object.schema === schema) continue;
      const there = target.objects.get(object.key);
      const isAsked = whole.has(object.schema);
      if (!isAsked && there !== undefined && servesAs(there, object)) {
        if (of === 'routine' && there.text !== object.text) otherwise.push(object.identity);
        continue;
      }
      if (!isAsked) along.push(`${object.kind.toLowerCase()} ${object.identity}`);
      await move(client, object, schema);
    }
  }
  return [
    ...(along.length === 0
      ? []
      : [`came along, as the database lacks it or has it otherwise: ${listed(along)}`]),
    ...(otherwise.length === 0
      ? []
      : [`used as the database has them, which is not as in the backup: ${listed(otherwise)}`]),
  ];
}

async function move(
  client: Client,
  { kind, identity, schema: from }: Pick<SchemaObject, 'kind' | 'identity' | 'schema'>,
  schema: string,
): Promise<void> {
  if (from !== schema) await client.query(`alter ${kind} ${identity} set schema ${quoteIdentifier(schema)}`);
}

/** An enum of the target may have more words: rows of the backup fit all the same. */
function servesAs(there: SchemaObject, object: SchemaObject): boolean {
  if (there.kind !== object.kind) return false;
  if (object.text !== 'enum' || object.kind !== 'TYPE') return there.definition === object.definition;
  const words = new Set(labels(there.definition));
  return there.text === 'enum' && labels(object.definition).every((word) => words.has(word));
}

/** `'new','it''s'` */
function labels(definition: string): string[] {
  return definition.match(/E?'(?:[^']|'')*'/g) ?? [];
}

/** The schemas of which all was asked for. */
function wholeOf(selection: Selection, schemas: readonly string[]): ReadonlySet<string> {
  const { tables, schemas: wanted, excludeSchemas = [] } = selection;
  const isAllBut = tables.length === 0 && wanted.length === 0;
  const matching = (patterns: readonly string[]): string[] =>
    patterns.flatMap((one) => matchingSchemas(schemas, one));
  const away = new Set(matching(excludeSchemas));
  return new Set((isAllBut ? schemas : matching(wanted)).filter((one) => !away.has(one)));
}

/** The one schema that was asked for as a whole, where nothing else was, and nothing lies in it that cannot move. */
async function wholeSchema(client: Client, selection: Selection): Promise<string | undefined> {
  if (selection.tables.length > 0) return undefined;
  const { rows } = await client.query<{ schema: string; has_extension: boolean }>(
    `select n.nspname as schema, exists (select from pg_extension e where e.extnamespace = n.oid) as has_extension
       from pg_namespace n
      where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and exists (select from pg_depend d where d.refclassid = 'pg_namespace'::regclass and d.refobjid = n.oid and d.deptype = 'n')`,
  );
  const whole = wholeOf(
    selection,
    rows.map(({ schema }) => schema),
  );
  const asked = rows.filter(({ schema }) => whole.has(schema));
  const only = asked[0];
  return asked.length === 1 && only !== undefined && !only.has_extension ? only.schema : undefined;
}

/** What is moved refers to an extension's objects by their schema, which is to be the one that the target has them in. */
async function alignExtensions(client: Client, there: ReadonlyMap<string, string>): Promise<string[]> {
  const stuck: string[] = [];
  for (const [name, schema] of await extensionSchemas(client)) {
    const wanted = there.get(name);
    if (wanted === undefined || wanted === schema) continue;
    await client.query(`create schema if not exists ${quoteIdentifier(wanted)}`);
    await client
      .query(`alter extension ${quoteIdentifier(name)} set schema ${quoteIdentifier(wanted)}`)
      .catch(() => stuck.push(name));
  }
  return stuck.length === 0
    ? []
    : [`extensions that lie in another schema than at the source, and cannot be moved: ${stuck.join(', ')}`];
}

async function refuseEqualNames(client: Client): Promise<void> {
  const { rows } = await client.query<{ names: string }>(
    `select pg_catalog.string_agg(pg_catalog.format('%I.%I', n.nspname, c.relname), ' and ' order by n.nspname) as names
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
        and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
      group by c.relname having count(*) > 1 order by 1`,
  );
  if (rows.length === 0) return;
  throw new TargetRefused({
    what: 'Two tables, views, sequences or indexes of one name cannot lie in one schema',
    got: listed(rows.map(({ names }) => names)),
    fix: 'Restore them one at a time, each into a schema of its own: --table SCHEMA.TABLE, or --schema. Nothing in the database was changed.',
  });
}

/** The text of a function is data to the server: a schema that is named in it is not changed when the function moves. */
async function namedInText(client: Client, schema: string, before: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ identity: string }>(
    `select pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as identity
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
      where n.nspname = $1 and l.lanname not in ('c', 'internal')
        and exists (select from unnest($2::text[]) t(pattern) where concat_ws(' ', p.prosrc, p.proconfig::text) ~* t.pattern)`,
    [schema, before.map(wordPattern)],
  );
  const found = rows.map(({ identity }) => identity);
  return found.length === 0
    ? []
    : [`functions that name their schema of before in their text still mean that one: ${listed(found)}`];
}
