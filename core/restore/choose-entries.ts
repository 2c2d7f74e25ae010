import { PgproofError, UsageError } from '../errors.ts';
import type { Manifest, TableRows } from '../manifest/manifest.ts';
import { isLabelOf } from '../postgres/archive/entry-label.ts';
import { firstCopy } from '../postgres/archive/first-copy.ts';
import { readToc, type Toc, type TocEntry } from '../postgres/archive/toc.ts';
import { type Unmet, unmetEntries } from '../postgres/archive/unmet.ts';
import { labelOf } from '../postgres/names.ts';
import type { PostgresTools } from '../postgres/programs/tools.ts';
import { oneLine } from '../text/one-line.ts';
import { isThroughRoot, type PartitionTrees, partitionTrees } from './partition-trees.ts';
import { isPartial, type Selection, type TableSelector } from './request.ts';
import { selectEntries } from './select-entries.ts';

/** A table or schema that was asked for is not in the backup. */
export class NotInBackup extends PgproofError {
  override readonly name = 'NotInBackup';
}

/** What pg_restore gets beside the archive. @throws UsageError */
export function selectionArguments(manifest: Manifest, selection: Selection): string[] {
  const { part, owners, privileges } = selection;
  const args = [
    ...(part === 'schema' ? ['--schema-only'] : []),
    ...(part === 'data' ? ['--data-only'] : []),
    ...(owners ? [] : ['--no-owner']),
    ...(privileges ? [] : ['--no-privileges']),
  ];
  if (manifest.dump.format === 'plain' && (args.length > 0 || isPartial(selection))) {
    throw new UsageError({
      what: 'A backup in plain SQL can be restored as a whole only',
      got: [...args, ...(isPartial(selection) ? ['--table or --schema'] : [])].join(' '),
      fix: 'Restore all of it into a new database (--create) and take from there what you need.',
    });
  }
  return args;
}

/** What a restore of some tables or schemas takes of an archive. */
export type Choice = {
  /** The entries that it leaves out, by dump id. */
  readonly leaveOut: ReadonlySet<number>;
  /** Whether it brings this table's rows. */
  readonly holds: (table: TableRows) => boolean;
  /** What people should know of it. */
  readonly notes: readonly string[];
};

type ChoiceSource = {
  readonly tools: PostgresTools;
  readonly path: string;
  readonly intoEmpty: boolean;
  /** For files of ours. */
  readonly directory: string;
  readonly signal: AbortSignal;
};

/**
 * What a restore of some tables or schemas takes; undefined for a whole one. A partitioned table is its partitions, at
 * every level. A partition alone is a table by itself, unless the archive loads its rows through the root of its tree:
 * then that tree is made too, and the rows lie in it where they belong on this server.
 *
 * @throws NotInBackup
 */
export async function chooseEntries(
  manifest: Manifest,
  selection: Selection,
  source: ChoiceSource,
): Promise<Choice | undefined> {
  const { format } = manifest.dump;
  if (format === 'plain' || (!isPartial(selection) && !hasUnmet(manifest))) return undefined;
  const { tools, path, signal } = source;
  const toc = await readToc({ tools, path, format, signal });
  const unmet = unmetEntries(manifest, toc);
  if (!isPartial(selection)) return withoutUnmet(unmet);
  const trees = partitionTrees(toc);
  const tables = new Map(toc.entries.filter(({ type }) => type === 'TABLE').map((one) => [one.dumpId, one]));
  const chosen = new Set<number>();
  // pg_restore's own comparison of names, which knows where one ends: a list of contents does not tell.
  const find = async (filter: readonly string[]): Promise<boolean> => {
    const found = await readToc({ tools, path, format, selection: filter, signal });
    for (const { dumpId } of found.entries) chosen.add(dumpId);
    return found.entries.some(({ dumpId }) => tables.has(dumpId));
  };
  for (const wanted of selection.tables) {
    const { schema, name } = wanted;
    const isThere = await find([...(schema === undefined ? [] : [`--schema=${schema}`]), `--table=${name}`]);
    if (!isThere) refuseUnknownTable(manifest, wanted);
  }
  for (const schema of selection.schemas) {
    refuseUnknownSchema(manifest, schema);
    await find([`--schema=${schema}`]);
  }
  for (const id of [...chosen]) if (tables.has(id)) for (const part of trees.below(id)) chosen.add(part);
  const { added, notes } = await treesOf(toc, trees, chosen, selection, source);
  const selected = selectEntries(toc, new Set([...chosen, ...added]), source.intoEmpty);
  const isRowsOf = ({ type, dependsOn }: TocEntry, of: ReadonlySet<number>): boolean =>
    type === 'TABLE DATA' && dependsOn.some((id) => of.has(id));
  for (const entry of toc.entries) if (isRowsOf(entry, added)) selected.delete(entry.dumpId);
  // Attaching a partition to a tree that has indexes makes those of the partition.
  if (!source.intoEmpty && added.size > 0) for (const id of attachedIndexes(toc)) selected.delete(id);
  const rows = toc.entries.filter(({ dumpId, type }) => type === 'TABLE DATA' && selected.has(dumpId));
  return {
    leaveOut: new Set([
      ...toc.entries.map(({ dumpId }) => dumpId).filter((id) => !selected.has(id)),
      ...unmet.entries.map(({ dumpId }) => dumpId),
    ]),
    holds: (table) =>
      isSelected(selection, table) ||
      (table.root !== undefined && rows.some(({ label }) => isLabelOf(label, table))),
    notes,
  };
}

/** Whether a partial backup holds what cannot be restored, as it needs what was left out. */
export function hasUnmet({ dump, leftOut }: Manifest): boolean {
  return dump.format !== 'plain' && (leftOut?.dependents ?? []).length > 0;
}

const shownUnmet = 5;

function withoutUnmet({ entries, names }: Unmet): Choice {
  const rows = entries.filter(({ type }) => type === 'TABLE DATA');
  const more = names.length - shownUnmet;
  const named = names.slice(0, shownUnmet).join('; ');
  return {
    leaveOut: new Set(entries.map(({ dumpId }) => dumpId)),
    holds: (table) => !rows.some(({ label }) => isLabelOf(label, table)),
    notes: [
      `not restored, as it needs what was left out of the backup on purpose: ${oneLine(named)}${more > 0 ? `; and ${more} more` : ''}`,
    ],
  };
}

/** The tables that are to be made, without rows, for partitions whose rows are loaded through the root of their tree. */
async function treesOf(
  toc: Toc,
  trees: PartitionTrees,
  chosen: ReadonlySet<number>,
  { part }: Selection,
  { tools, path, intoEmpty, directory, signal }: ChoiceSource,
): Promise<{ readonly added: ReadonlySet<number>; readonly notes: readonly string[] }> {
  const added = new Set<number>();
  const notes: string[] = [];
  if (part !== 'all') return { added, notes };
  // pg_dump decides by what is above a partition, so siblings are alike.
  const asked = new Set<number>();
  for (const id of chosen) {
    const parent = trees.parentOf(id);
    const rootId = trees.rootOf(id);
    if (parent === undefined || chosen.has(rootId) || asked.has(parent)) continue;
    if (intoEmpty) asked.add(parent);
    const rows = toc.entries.find(({ type, dependsOn }) => type === 'TABLE DATA' && dependsOn.includes(id));
    if (rows === undefined) continue;
    const copied = await firstCopy({ tools, path, dumpId: rows.dumpId, directory, signal });
    const root = toc.entries.find(({ dumpId }) => dumpId === rootId);
    if (copied === undefined || !isThroughRoot(copied, root)) continue;
    if (!intoEmpty) {
      // The tree is there, and rows that come through its root need their partition to be in it.
      const attach = toc.entries.find(
        ({ type, dependsOn }) =>
          type === 'TABLE ATTACH' && dependsOn.includes(id) && dependsOn.includes(parent),
      );
      if (attach !== undefined) added.add(attach.dumpId);
      continue;
    }
    for (const one of [rootId, ...trees.below(rootId)]) if (!chosen.has(one)) added.add(one);
    notes.push(
      `${labelOf(copied)} was made too, with all its partitions: pg_dump wrote the rows of its partitions so that they are loaded through it, and each lies where it belongs on this server`,
    );
  }
  return { added, notes: [...new Set(notes)] };
}

/** Indexes of partitions that are parts of their parent's, and what attaches them. */
function attachedIndexes({ entries }: Toc): number[] {
  const isIndex = new Set(
    entries.filter(({ type }) => type === 'INDEX' || type === 'CONSTRAINT').map(({ dumpId }) => dumpId),
  );
  return entries
    .filter(({ type }) => type === 'INDEX ATTACH')
    .flatMap(({ dumpId, dependsOn }) => [dumpId, ...dependsOn.filter((id) => isIndex.has(id))]);
}

/** Whether a table, or the one that it is a partition of, was asked for by name. */
function isSelected(selection: Selection, table: TableRows): boolean {
  return (
    selection.schemas.includes(table.schema) ||
    selection.tables.some(
      (one) => matches(one, table) || (table.root !== undefined && matches(one, table.root)),
    )
  );
}

function matches(one: TableSelector, table: { readonly schema: string; readonly name: string }): boolean {
  return one.name === table.name && (one.schema === undefined || one.schema === table.schema);
}

function refuseUnknownTable({ id, tables }: Manifest, wanted: TableSelector): void {
  if (tables.some((table) => matches(wanted, table))) return;
  throw new NotInBackup({
    what: `There is no such table in ${id}`,
    got: wanted.schema === undefined ? wanted.name : `${wanted.schema}.${wanted.name}`,
    expected: namesLike(
      wanted.name,
      tables.map(({ schema, name }) => `${schema}.${name}`),
    ),
    fix: 'See them all: pgproof show ID.',
  });
}

function refuseUnknownSchema({ id, tables }: Manifest, wanted: string): void {
  const schemas = [...new Set(tables.map(({ schema }) => schema))];
  if (schemas.includes(wanted)) return;
  throw new NotInBackup({
    what: `There is no table in such a schema in ${id}`,
    got: wanted,
    expected: namesLike(wanted, schemas),
    fix: 'See them all: pgproof show ID.',
  });
}

const shownNames = 5;

/** Those that share their beginning first; few of them. */
function namesLike(wanted: string, names: readonly string[]): string {
  const stem = wanted.slice(0, 3).toLowerCase();
  const near = names.filter((name) => name.toLowerCase().includes(stem));
  const chosen = near.length > 0 ? near : names;
  return chosen.length <= shownNames
    ? `one of ${chosen.join(', ')}`
    : `one of ${chosen.slice(0, shownNames).join(', ')}, …`;
}
