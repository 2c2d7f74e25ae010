import { labelOf } from '../postgres/names.ts';
import { oneLine } from '../text/one-line.ts';
import { type ArchiveEntries, wordsFor } from './archive-entries.ts';
import type { AskedEntries } from './asked-entries.ts';
import { relationTypes } from './entry-links.ts';
import { TargetRefused } from './finding.ts';
import type { EntrySelection, Lacking, TargetHas } from './select-entries.ts';

/** What a selection came to, for telling people. */
export type Told = {
  readonly archive: ArchiveEntries;
  readonly asked: AskedEntries;
  readonly target: TargetHas;
  readonly result: EntrySelection;
  readonly intoEmpty: boolean;
};

/** Without them nothing is lost that somebody could miss, or what they belong to is told already. */
const silent: ReadonlySet<string> = new Set([
  'COMMENT',
  'ACL',
  'SECURITY LABEL',
  'TABLE ATTACH',
  'INDEX ATTACH',
  'SEQUENCE OWNED BY',
  'SEQUENCE SET',
  'TABLE DATA',
  'MATERIALIZED VIEW DATA',
  'STATISTICS DATA',
  'DEFAULT ACL',
]);

const holdsRows: ReadonlySet<string> = new Set(['TABLE', 'FOREIGN TABLE']);
const shown = 10;

/** What somebody would miss of what cannot be made: a table, or what was asked for by its name. */
export function missedLacking({ archive: { byId }, asked, result }: Told): Lacking[] {
  const isNothing = result.selected.size === 0 && result.used.size === 0;
  return result.lacking.filter(
    ({ dumpId }) =>
      isNothing ||
      asked.named.has(dumpId) ||
      (asked.chosen.has(dumpId) && holdsRows.has(byId.get(dumpId)?.type ?? '')),
  );
}

/**
 * Refuses a selection of which less would come back than was asked for.
 * @throws TargetRefused
 */
export function refuseLacking({ archive }: Told, bad: readonly Lacking[]): void {
  if (bad.length === 0) return;
  const { byId } = archive;
  const lacks = [...new Set(bad.map(({ lacks }) => lacks))];
  const tables = lacks.filter((id) => relationTypes.has(byId.get(id)?.type ?? ''));
  const extensions = lacks.filter((id) => byId.get(id)?.type === 'EXTENSION');
  const needers = bad.filter(({ lacks: id }) => !tables.includes(id)).map(({ dumpId }) => dumpId);
  const fixes = [
    ...(tables.length > 0 ? [`Name what they need too: ${flags('--table', tables, archive)}.`] : []),
    ...(extensions.length > 0 ? ['Install the extension on the server.'] : []),
    ...(needers.length > 0
      ? [`Or do without what needs it: ${flags('--exclude-table', needers, archive)}.`]
      : []),
  ];
  throw new TargetRefused({
    what: 'Not all of what is selected can be made there; nothing was changed',
    got: limited(bad.map((one) => lackWords(archive, one))).join('; '),
    fix: fixes.join(' '),
  });
}

/**
 * Refuses to load rows into tables that are not there.
 * @throws TargetRefused
 */
export function refuseNotThere(archive: ArchiveEntries, { chosen }: AskedEntries, target: TargetHas): void {
  const { byId, trees } = archive;
  const isBranch = (id: number): boolean => trees.below(id).length > 0;
  const missing = [...chosen].filter(
    (id) => byId.get(id)?.type === 'TABLE' && !isBranch(id) && !target.has(id),
  );
  if (missing.length === 0) return;
  throw new TargetRefused({
    what: 'Rows can be restored only into tables that are there; nothing was changed',
    got: limited(missing.map((id) => `there is no ${wordsFor(archive, id)}`)).join('; '),
    fix: 'Leave --data-only out: then the tables are made too.',
  });
}

function flags(flag: string, ids: readonly number[], { described }: ArchiveEntries): string {
  const names = ids
    .flatMap((id) => described.get(id) ?? [])
    .map((one) => `${flag} ${shellWord(labelOf(one))}`);
  return limited(names).join(' ');
}

function shellWord(text: string): string {
  return /^[\w.]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `view public.v needs table public.t, which is neither selected nor in the target` */
export function lackWords(archive: ArchiveEntries, { dumpId, lacks }: Lacking): string {
  const { byId } = archive;
  const what = wordsFor(archive, dumpId);
  if (byId.get(lacks)?.type === 'EXTENSION')
    return `${what} needs ${wordsFor(archive, lacks)}, which the server does not offer`;
  if (lacks === dumpId) return `${what} is excluded, or needs what was left out of the backup`;
  return `${what} needs ${wordsFor(archive, lacks)}, which is neither selected nor in the target`;
}

/** What people should know of a selection: what stays away, what is used, and what they may want too. */
export function selectionNotes(told: Told): string[] {
  const { archive, asked, target, result, intoEmpty } = told;
  const { byId, links } = archive;
  const { selected } = result;
  const typeOf = (id: number): string => byId.get(id)?.type ?? '';
  const notes: string[] = [];
  const lacking = result.lacking.filter(
    ({ dumpId, lacks }) => !silent.has(typeOf(dumpId)) && !asked.excluded.has(dumpId) && lacks !== dumpId,
  );
  notes.push(...limited(lacking.map((one) => `not restored: ${lackWords(archive, one)}`)));
  notes.push(...limited(result.apart.flatMap((one) => apartNote(told, one))));
  const used = [...result.used].filter(
    (id) => links.ownerOf(id) === undefined && !relationTypes.has(typeOf(id)),
  );
  const definitions = used.filter((id) => typeOf(id) !== 'SCHEMA' && typeOf(id) !== 'EXTENSION');
  if (definitions.length > 0)
    notes.push(
      `there already, and used as they are: ${limited(definitions.map((id) => wordsFor(archive, id))).join(', ')}`,
    );
  for (const id of selected)
    if (typeOf(id) === 'MATERIALIZED VIEW' && links.needsOf(id).some((one) => target.has(one)))
      notes.push(`${wordsFor(archive, id)} was filled from what the target holds, not from the backup`);
  if (!intoEmpty) notes.push(...limited(viewsApart(told)));
  return notes;
}

/** A foreign key, or a table's place in a publication, whose other side is not the backup's. */
function apartNote({ archive, target, asked, result }: Told, { dumpId, lacks }: Lacking): string[] {
  const { byId, described, links } = archive;
  const owner = links.ownerOf(dumpId) ?? dumpId;
  // Nobody misses a key of a table that is not there.
  if (!result.selected.has(owner) && !target.has(owner)) return [];
  const sql = oneLine(described.get(dumpId)?.sql ?? '', { squeeze: true, limit: 2_000 });
  const isThere = target.has(lacks);
  if (byId.get(dumpId)?.type === 'PUBLICATION TABLE')
    return isThere ? [`not published again, as before: ${sql}`] : [];
  const why = asked.excluded.has(lacks) ? 'stays away' : 'does not come with it';
  const how = isThere ? `; when the rows fit: ${sql}` : '';
  return [`${wordsFor(archive, dumpId)} is not made, as ${wordsFor(archive, lacks)} ${why}${how}`];
}

/** Views that need what comes back, and that went when it was dropped. */
function viewsApart({ archive, target, asked, result }: Told): string[] {
  const { entries, links } = archive;
  return entries
    .filter(({ type }) => type === 'VIEW' || type === 'MATERIALIZED VIEW')
    .filter(({ dumpId: id }) => !result.selected.has(id) && !asked.excluded.has(id) && !target.has(id))
    .filter(({ dumpId }) =>
      links.needsOf(dumpId).some((id) => asked.chosen.has(id) && result.selected.has(id)),
    )
    .map(
      ({ dumpId }) =>
        `${wordsFor(archive, dumpId)} needs what is restored and is not in the target: name it too if it was lost`,
    );
}

function limited(lines: readonly string[]): string[] {
  const more = lines.length - shown;
  return more > 0 ? [...lines.slice(0, shown), `and ${more} more`] : [...lines];
}
