import type { Manifest, TableRows } from '../manifest/manifest.ts';
import { asListed, isLabelOf } from '../postgres/archive/entry-label.ts';
import { readToc } from '../postgres/archive/toc.ts';
import { type Unmet, unmetEntries } from '../postgres/archive/unmet.ts';
import type { PostgresTools } from '../postgres/programs/tools.ts';
import { oneLine } from '../text/one-line.ts';
import { type ArchiveEntries, readArchiveEntries } from './archive-entries.ts';
import { type AskedEntries, askedEntries } from './asked-entries.ts';
import { relationTypes } from './entry-links.ts';
import { type InTheWay, thingsInTheWay } from './in-the-way.ts';
import { type LookUp, lookAtTarget } from './look-at-target.ts';
import { moreTables } from './more-tables.ts';
import { isPartial, type Selection } from './request.ts';
import { type EntrySelection, emptyTarget, selectEntries, type TargetHas } from './select-entries.ts';
import { refuseLacking, refuseNotThere, selectionNotes } from './selection-notes.ts';
import type { MadeRelation } from './what-to-drop.ts';

/** What a restore of some tables or schemas takes of an archive. */
export type Choice = {
  /** The entries that it leaves out, by dump id. */
  readonly leaveOut: ReadonlySet<number>;
  /** Whether it brings this table's rows. */
  readonly holds: (table: TableRows) => boolean;
  /** What people should know of it. */
  readonly notes: readonly string[];
  /** What the target had not, and has then. */
  readonly makes: readonly MadeRelation[];
  /** What of the target has names that the restore needs: nothing can be made before they are free. */
  readonly inTheWay: readonly InTheWay[];
  /** Of sequences that the target has and that are used: the archive's statements that set them. */
  readonly sequenceSettings: readonly string[];
};

export type ChoiceSource = {
  readonly tools: PostgresTools;
  readonly path: string;
  readonly intoEmpty: boolean;
  /** For files of ours. */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Asks the target what it has; undefined: it is taken to be empty, and to offer every extension. */
  readonly lookUp?: LookUp | undefined;
  /** Leaves out what cannot be made, and tells of it, instead of refusing. */
  readonly keepGoing?: boolean | undefined;
};

/**
 * What a restore of some tables or schemas takes; undefined for a whole one. A partitioned table is its partitions, at
 * every level. A partition alone is a table by itself, unless the target has its parent; or the archive loads its rows
 * through the root of its tree: then that is made too, and the rows lie in it where they belong on this server.
 *
 * @throws NotInBackup, UsageError, TargetRefused
 */
export async function chooseEntries(
  manifest: Manifest,
  selection: Selection,
  source: ChoiceSource,
): Promise<Choice | undefined> {
  const { format } = manifest.dump;
  if (format === 'plain' || (!isPartial(selection) && !hasUnmet(manifest))) return undefined;
  const { tools, path, signal, directory } = source;
  if (!isPartial(selection)) {
    const toc = await readToc({ tools, path, format, signal });
    return withoutUnmet(unmetEntries(manifest, toc));
  }
  const archive = await readArchiveEntries({ tools, path, format, directory, signal });
  const { entries: unmet } = unmetEntries(manifest, { ...archive, ...unknownVersions });
  const asked = withoutUnmetEntries(
    askedEntries(manifest, selection, archive),
    unmet.map(({ dumpId }) => dumpId),
  );
  const target = await lookAtTarget(archive, source.lookUp);
  if (selection.part === 'data') {
    if (source.lookUp !== undefined) refuseNotThere(archive, asked, target);
    const result = selectEntries(archive, archive.links, { ...asked, target: emptyTarget });
    return choiceOf(manifest, archive, { selected: onlyRows(result, archive, asked), settings: target });
  }
  const more = selection.part === 'all' ? await moreTables(archive, asked, target, source) : noMore;
  const chosen = new Set([...asked.chosen, ...more.added]);
  const all = selectEntries(archive, archive.links, { chosen, excluded: asked.excluded, target });
  const result = { ...all, selected: withoutAttachedIndexes(all.selected, archive) };
  const told = { archive, asked, target, result, intoEmpty: source.intoEmpty };
  if (!source.keepGoing) refuseLacking(told);
  const { byId, links } = archive;
  const selected = new Set(
    [...result.selected].filter(
      (id) => byId.get(id)?.type !== 'TABLE DATA' || !more.added.has(links.ownerOf(id) ?? -1),
    ),
  );
  return {
    ...choiceOf(manifest, archive, {
      selected,
      settings: target,
      used: result.used,
      uncompared: more.scattered,
    }),
    notes: [...more.notes, ...selectionNotes(told)],
    inTheWay: thingsInTheWay(archive, asked, target, result),
    ...(selection.part === 'schema' ? { sequenceSettings: [] } : {}),
  };
}

const noMore = { added: new Set<number>(), notes: [], scattered: new Set<number>() } as const;
const unknownVersions = { createdAt: undefined, serverVersion: undefined, pgDumpVersion: undefined } as const;

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
    makes: [],
    inTheWay: [],
    sequenceSettings: [],
  };
}

function withoutUnmetEntries(asked: AskedEntries, unmet: readonly number[]): AskedEntries {
  const excluded = new Set([...asked.excluded, ...unmet]);
  return { ...asked, excluded };
}

/** Of a restore of rows alone: those of what was asked for, and what its sequences are set to. */
function onlyRows(
  { selected }: EntrySelection,
  { byId, links }: ArchiveEntries,
  { chosen }: AskedEntries,
): Set<number> {
  const isWanted = (id: number): boolean => {
    const type = byId.get(id)?.type;
    if (type !== 'TABLE DATA') return type === 'SEQUENCE SET' || /^BLOB/.test(type ?? '');
    return chosen.has(links.ownerOf(id) ?? id);
  };
  return new Set([...selected].filter(isWanted));
}

/** Attaching a partition to a tree that the target has makes the indexes of the partition that the tree's have. */
function withoutAttachedIndexes(
  selected: ReadonlySet<number>,
  { entries, byId, links, trees }: ArchiveEntries,
): Set<number> {
  const attached = new Set(
    entries
      .filter(({ type, dumpId }) => type === 'TABLE ATTACH' && selected.has(dumpId))
      .flatMap(({ dumpId }) => links.ownerOf(dumpId) ?? [])
      .filter((table) => !selected.has(trees.parentOf(table) ?? table)),
  );
  const tableOf = (id: number): number => links.ownerOf(id) ?? -1;
  const pairs = entries.flatMap(({ dumpId, type, dependsOn }) => {
    if (type !== 'INDEX ATTACH') return [];
    const both = dependsOn.filter((id) => ['INDEX', 'CONSTRAINT'].includes(byId.get(id)?.type ?? ''));
    const child = both.find((id) => both.some((other) => trees.parentOf(tableOf(id)) === tableOf(other)));
    const parent = both.find((id) => id !== child);
    return child === undefined || parent === undefined ? [] : [{ dumpId, child, parent }];
  });
  const away = new Set<number>();
  for (let before = -1; before !== away.size; ) {
    before = away.size;
    for (const { dumpId, child, parent } of pairs)
      if (attached.has(tableOf(child)) || away.has(parent)) away.add(child).add(dumpId);
  }
  return new Set([...selected].filter((id) => !away.has(id) && !away.has(tableOf(id))));
}

function choiceOf(
  { tables }: Manifest,
  { entries, described, links }: ArchiveEntries,
  chosen: {
    readonly selected: ReadonlySet<number>;
    /** The target whose sequences are set, and never made. */
    readonly settings: TargetHas;
    readonly used?: ReadonlySet<number> | undefined;
    /** Tables whose rows cannot be told from others'. */
    readonly uncompared?: ReadonlySet<number> | undefined;
  },
): Choice {
  const { selected, settings, used, uncompared } = chosen;
  const held = new Set<string>();
  const makes: MadeRelation[] = [];
  const sequenceSettings: string[] = [];
  const leaveOut = new Set<number>();
  for (const { dumpId, type, label } of entries) {
    const owner = links.ownerOf(dumpId);
    const isOfUsed = owner !== undefined && type === 'SEQUENCE SET' && settings.has(owner);
    if (isOfUsed && (selected.has(dumpId) || used?.has(owner)))
      sequenceSettings.push(described.get(dumpId)?.sql ?? '');
    if (!selected.has(dumpId) || isOfUsed) {
      leaveOut.add(dumpId);
      continue;
    }
    const names = described.get(dumpId);
    if (names !== undefined && relationTypes.has(type))
      makes.push({ type, schema: names.schema, name: names.name });
    if (type !== 'TABLE DATA') continue;
    const table = owner === undefined ? tables.find((one) => isLabelOf(label, one)) : described.get(owner);
    if (table !== undefined && !uncompared?.has(owner ?? -1)) held.add(keyOf(table));
  }
  return {
    leaveOut,
    holds: (table) => held.has(keyOf(table)),
    notes: [],
    makes,
    inTheWay: [],
    sequenceSettings,
  };
}

function keyOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${asListed(schema)}\n${asListed(name)}`;
}
