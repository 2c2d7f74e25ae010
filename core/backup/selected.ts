import type { TableSelection } from '../config/table-selection.ts';
import type { LeftOut } from '../manifest/manifest.ts';
import type { Toc } from '../postgres/archive/toc.ts';
import { childEnvironment } from '../postgres/connect/child-environment.ts';
import { connectionRedactor } from '../postgres/connect/connection-redactor.ts';
import { queryFailed } from '../postgres/connect/query-failed.ts';
import type { DumpOptions } from '../postgres/dump/dump-arguments.ts';
import type { DumpedTable } from '../postgres/facts/dumped-tables.ts';
import type { Snapshot } from '../postgres/facts/snapshot.ts';
import { leftOutObjects } from '../postgres/objects/left-out.ts';
import type { Taken } from '../postgres/objects/read-objects.ts';
import type { PostgresTools } from '../postgres/programs/tools.ts';
import { plural } from '../text/units.ts';
import type { Attempt, Held } from './attempt-context.ts';
import { type PreviewRequest, previewDump, unmatchedPatterns } from './preview-dump.ts';

/** What of the snapshot a dump takes, where something is left out of it on purpose. */
export type Selected = {
  /** As it was asked for. */
  readonly selection: TableSelection;
  /** Undefined where the patterns match nothing, so that it is whole. */
  readonly part: Part | undefined;
  readonly warnings: readonly string[];
};

export type Part = {
  readonly taken: Taken;
  readonly largeObjects: boolean;
  readonly leftOut: LeftOut;
};

/** What a manifest has room for; those without rows are all needed to compare with. */
const mostNames = 1_000;
const shown = 5;

/**
 * What the selection comes to in the snapshot, by what pg_dump says it would take. Undefined where nothing is to be left
 * out at all.
 *
 * @returns also the options and the snapshot without what is left out
 * @throws ChildFailed where a schema that was asked for is not there
 */
export async function selectTables(
  attempt: Attempt,
  { parameters, client, snapshot }: Held,
  { dump, tools }: { readonly dump: DumpOptions; readonly tools: PostgresTools },
): Promise<{
  readonly dump: DumpOptions;
  readonly snapshot: Snapshot;
  readonly selected: Selected | undefined;
}> {
  const { selection } = dump;
  if (selection === undefined) return { dump, snapshot, selected: undefined };
  const request: PreviewRequest = {
    dump,
    tools,
    env: childEnvironment(parameters, snapshot.encoding),
    redact: connectionRedactor(parameters),
    signal: attempt.signal,
    onLife: attempt.touch,
  };
  const unmatched = await unmatchedPatterns(selection, request);
  const warnings = unmatched.map(
    (pattern) => `nothing is called ${JSON.stringify(pattern)} here, which was to be left out`,
  );
  if (isAllUnmatched(selection, unmatched)) {
    const whole = { ...dump, selection: undefined };
    return { dump: whole, snapshot, selected: { selection, part: undefined, warnings } };
  }
  const toc = await previewDump(request);
  const dumped = new Set(toc.entries.flatMap(({ object }) => (object === undefined ? [] : [object])));
  const has = (key: string): boolean => dumped.has(key);
  const tables = snapshot.tables.filter(({ oid }) => has(`0 ${oid}`));
  const missing = snapshot.tables.filter(({ oid }) => !has(`0 ${oid}`));
  const oids = missing.flatMap(({ oid }) => (oid === undefined ? [] : [oid]));
  const objects = await leftOutObjects(client, dumped, oids).catch((cause: unknown) => {
    throw queryFailed(`What ${JSON.stringify(attempt.id.database)} is made of could not be read`, cause);
  });
  const leftOut = leftOutFrom(missing, has);
  const { dependents } = objects;
  return {
    dump,
    snapshot: {
      ...snapshot,
      tables,
      extensions: snapshot.extensions.filter(({ oid }) => oid === undefined || has(`3079 ${oid}`)),
    },
    selected: {
      selection,
      part: {
        taken: { dumped, touched: objects.touched },
        largeObjects: holdsLargeObjects(toc),
        leftOut: { ...leftOut, dependents: dependents.map((one) => ({ ...one })) },
      },
      warnings: dependents.length === 0 ? warnings : [...warnings, brokenBy(dependents)],
    },
  };
}

function isAllUnmatched(
  { schemas = [], excludeSchemas = [], excludeTables = [], excludeTableData = [] }: TableSelection,
  unmatched: readonly string[],
): boolean {
  const left = [...excludeSchemas, ...excludeTables, ...excludeTableData];
  return schemas.length === 0 && left.every((pattern) => unmatched.includes(pattern));
}

function holdsLargeObjects({ entries }: Toc): boolean {
  return entries.some(({ type }) => type === 'BLOB' || type === 'BLOBS' || type === 'BLOB METADATA');
}

function leftOutFrom(
  missing: readonly DumpedTable[],
  has: (key: string) => boolean,
): Pick<LeftOut, 'tables' | 'moreTables' | 'rows'> {
  const isMade = ({ oid, extension }: DumpedTable): boolean =>
    has(`1259 ${oid}`) || (typeof extension === 'string' && has(`3079 ${extension}`));
  const gone = missing.filter((table) => !isMade(table));
  const more = gone.length - mostNames;
  return {
    tables: gone.slice(0, mostNames).map(({ schema, name }) => ({ schema, name })),
    ...(more > 0 ? { moreTables: more } : {}),
    rows: missing.filter(isMade).map(({ schema, name, extension }) => ({
      schema,
      name,
      ...(typeof extension === 'string' ? { ofExtension: true } : {}),
    })),
  };
}

function brokenBy(dependents: Readonly<LeftOut['dependents']>): string {
  const named = dependents.slice(0, shown).map(({ name, needs }) => `${name} (needs ${needs})`);
  const more = dependents.length - shown;
  const needs = dependents.length === 1 ? 'it needs' : 'they need';
  return `${plural(dependents.length, 'object')} cannot be restored, as what ${needs} is left out: ${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}
