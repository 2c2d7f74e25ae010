import type { Manifest } from '../manifest/manifest.ts';
import { isLabelOf } from '../postgres/archive/entry-label.ts';
import { readToc } from '../postgres/archive/toc.ts';
import { type Unmet, unmetEntries } from '../postgres/archive/unmet.ts';
import type { RestoreProblem } from '../postgres/pg-restore/restoration.ts';
import type { PostgresTools } from '../postgres/programs/tools.ts';
import { oneLine } from '../text/one-line.ts';
import { type ArchiveEntries, readArchiveEntries } from './archive-entries.ts';
import { type AskedEntries, askedEntries } from './asked-entries.ts';
import { withoutAttachedIndexes } from './attached-indexes.ts';
import { type Choice, choiceOf } from './choice.ts';
import { type InTheWay, inTheWayWords, thingsInTheWay } from './in-the-way.ts';
import { type LookUp, lookAtTarget } from './look-at-target.ts';
import { moreTables } from './more-tables.ts';
import { isPartial, type Selection } from './request.ts';
import { type EntrySelection, emptyTarget, type Lacking, selectEntries } from './select-entries.ts';
import {
  lackWords,
  missedLacking,
  refuseLacking,
  refuseNotThere,
  selectionNotes,
} from './selection-notes.ts';

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
 * What a restore of some tables or schemas, or into a database that holds something, takes; undefined for all others. A partitioned table is its partitions, at
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
  const isWhole = !isPartial(selection) && source.intoEmpty;
  if (format === 'plain' || (isWhole && !hasUnmet(manifest))) return undefined;
  const { tools, path, signal, directory, keepGoing = false } = source;
  if (isWhole) {
    const toc = await readToc({ tools, path, format, signal });
    return withoutUnmet(unmetEntries(manifest, toc));
  }
  const archive = await readArchiveEntries({ tools, path, format, directory, signal });
  const unmet = unmetEntries(manifest, { ...archive, ...unknownVersions });
  const { asked, notes } = withoutUnmetEntries(askedEntries(manifest, selection, archive), unmet);
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
  const lacking = missedLacking(told);
  if (!keepGoing) refuseLacking(told, lacking);
  const inTheWay = thingsInTheWay(archive, asked, target, result);
  const blocked = new Set(inTheWay.map(({ dumpId }) => dumpId));
  const { byId, links } = archive;
  const isLeft = (id: number): boolean =>
    (byId.get(id)?.type === 'TABLE DATA' && more.added.has(links.ownerOf(id) ?? -1)) ||
    (keepGoing && blocked.has(id));
  const selected = new Set([...result.selected].filter((id) => !isLeft(id)));
  return {
    ...choiceOf(manifest, archive, {
      selected,
      settings: target,
      used: result.used,
      uncompared: more.scattered,
    }),
    notes: [...notes, ...more.notes, ...selectionNotes(told)],
    inTheWay: keepGoing ? [] : inTheWay,
    ...(keepGoing ? { notMade: problemsOf(archive, lacking, inTheWay) } : {}),
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
    notMade: [],
  };
}

/** The same without what needs what was left out of the backup; what of that was asked for by its name is refused later. */
function withoutUnmetEntries(
  { chosen, named, excluded }: AskedEntries,
  unmet: Unmet,
): { readonly asked: AskedEntries; readonly notes: readonly string[] } {
  const ids = new Set(unmet.entries.map(({ dumpId }) => dumpId));
  const isHit = [...chosen].some((id) => ids.has(id));
  return {
    asked: {
      chosen: new Set([...chosen].filter((id) => !ids.has(id) || named.has(id))),
      named,
      excluded: new Set([...excluded, ...ids]),
    },
    notes: isHit ? withoutUnmet(unmet).notes : [],
  };
}

function problemsOf(
  archive: ArchiveEntries,
  lacking: readonly Lacking[],
  inTheWay: readonly InTheWay[],
): RestoreProblem[] {
  const problem = (dumpId: number, message: string): RestoreProblem => {
    const { type = '', label = '' } = archive.byId.get(dumpId) ?? {};
    return { fault: 'environment', message, entry: { dumpId, label: `${type} ${label}` } };
  };
  return [
    ...lacking.map((one) => problem(one.dumpId, lackWords(archive, one))),
    ...inTheWay.map((one) => problem(one.dumpId, `${inTheWayWords(one)}; it was left as it is`)),
  ];
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
