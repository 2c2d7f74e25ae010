import type { Toc, TocEntry } from '../postgres/archive/toc.ts';

/** What belongs to a table although it is an entry of its own. */
const ofTables: ReadonlySet<string> = new Set([
  'TABLE DATA',
  'DEFAULT',
  'INDEX',
  'INDEX ATTACH',
  'CONSTRAINT',
  'CHECK CONSTRAINT',
  'FK CONSTRAINT',
  'TRIGGER',
  'RULE',
  'POLICY',
  'ROW SECURITY',
  'STATISTICS',
  'STATISTICS DATA',
  'COMMENT',
  'ACL',
  'SECURITY LABEL',
  'SEQUENCE OWNED BY',
  'SEQUENCE SET',
  'TABLE ATTACH',
  'MATERIALIZED VIEW DATA',
]);

/** What holds rows of its own: never restored just because something else needs it. */
const independent: ReadonlySet<string> = new Set([
  'TABLE',
  'TABLE DATA',
  'FOREIGN TABLE',
  'MATERIALIZED VIEW',
]);

/**
 * The entries of a table of contents that a restore of only some objects takes, by dump id.
 *
 * @param chosen what pg_restore itself finds under the names that were asked for
 * @param withNeeds also what these need: schemas, types, functions, extensions. For a database that is empty; in one
 *   that is not they are there
 */
export function selectEntries(
  { entries }: Toc,
  chosen: ReadonlySet<number>,
  withNeeds: boolean,
): Set<number> {
  const byId = new Map(entries.map((entry) => [entry.dumpId, entry]));
  const selected = new Set(chosen);
  for (const id of chosen) takeSequences(byId.get(id), byId, selected);
  // Entries come in the order in which they can be restored, but a constraint may belong to another constraint.
  for (let before = -1; before !== selected.size; ) {
    before = selected.size;
    for (const entry of entries) {
      if (!selected.has(entry.dumpId) && belongs(entry, byId, selected)) {
        selected.add(entry.dumpId);
        takeSequences(entry, byId, selected);
      }
    }
  }
  if (withNeeds) for (const id of [...selected]) takeNeeds(id, byId, selected);
  return selected;
}

/** Belongs to something selected, and needs no table that is not: a foreign key to a table that stays away. */
function belongs(
  entry: TocEntry,
  byId: ReadonlyMap<number, TocEntry>,
  selected: ReadonlySet<number>,
): boolean {
  if (!ofTables.has(entry.type) || !entry.dependsOn.some((id) => selected.has(id))) return false;
  return entry.dependsOn.every((id) => selected.has(id) || !isTable(byId.get(id)));
}

function isTable(entry: TocEntry | undefined): boolean {
  return entry !== undefined && (entry.type === 'TABLE' || entry.type === 'FOREIGN TABLE');
}

/** A serial column's default needs its sequence, which is an object of its own with a name of its own. */
function takeSequences(
  entry: TocEntry | undefined,
  byId: ReadonlyMap<number, TocEntry>,
  selected: Set<number>,
): void {
  for (const id of entry?.dependsOn ?? []) if (byId.get(id)?.type === 'SEQUENCE') selected.add(id);
}

function takeNeeds(id: number, byId: ReadonlyMap<number, TocEntry>, selected: Set<number>): void {
  const pending = [id];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const needed of byId.get(next)?.dependsOn ?? []) {
      const entry = byId.get(needed);
      if (entry === undefined || selected.has(needed) || independent.has(entry.type)) continue;
      selected.add(needed);
      pending.push(needed);
    }
  }
}
