import { firstCopy } from '../postgres/archive/first-copy.ts';
import { labelOf } from '../postgres/names.ts';
import type { PostgresTools } from '../postgres/programs/tools.ts';
import { type ArchiveEntries, wordsFor } from './archive-entries.ts';
import type { AskedEntries } from './asked-entries.ts';
import { isThroughRoot } from './partition-trees.ts';
import type { TargetHas } from './select-entries.ts';

type ArchiveAccess = {
  readonly tools: PostgresTools;
  readonly path: string;
  /** For files of ours. */
  readonly directory: string;
  readonly signal: AbortSignal;
};

/** Tables that are made without their rows, as others cannot be made without them. */
export type MoreTables = {
  readonly added: ReadonlySet<number>;
  readonly notes: readonly string[];
  /** Partitions whose rows come to lie where the target's tree has them, among others' rows. */
  readonly scattered: ReadonlySet<number>;
};

/**
 * Tables that a table inherits from, or whose type of rows it needs, and the tree of a partition whose rows are loaded
 * through its root; where the target has not got them.
 */
export async function moreTables(
  archive: ArchiveEntries,
  { chosen, excluded }: AskedEntries,
  target: TargetHas,
  source: ArchiveAccess,
): Promise<MoreTables> {
  const { byId, links, described } = archive;
  const trees = await treesOf(archive, chosen, target, source);
  const added = new Set(trees.added);
  const notes = [...trees.notes];
  const pending = [...chosen, ...added].filter((id) => isTable(byId.get(id)?.type));
  const seen = new Set(pending);
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    for (const need of links.needsOf(id)) {
      const type = byId.get(need)?.type;
      if (seen.has(need) || type === undefined || type === 'VIEW' || type === 'MATERIALIZED VIEW') continue;
      seen.add(need);
      if (target.has(need) || excluded.has(need)) continue;
      if (isTable(type) && !chosen.has(need)) {
        added.add(need);
        const names = described.get(need);
        if (names !== undefined)
          notes.push(`${labelOf(names)} was made too, without its rows: ${wordsFor(archive, id)} needs it`);
      }
      pending.push(need);
    }
  }
  for (const id of excluded) added.delete(id);
  return { added, notes, scattered: trees.scattered };
}

function isTable(type: string | undefined): boolean {
  return type === 'TABLE' || type === 'FOREIGN TABLE';
}

/** The tables that are to be made, without rows, for partitions whose rows are loaded through the root of their tree. */
async function treesOf(
  { entries, byId, trees }: ArchiveEntries,
  chosen: ReadonlySet<number>,
  target: TargetHas,
  { tools, path, directory, signal }: ArchiveAccess,
): Promise<MoreTables> {
  const added = new Set<number>();
  const scattered = new Set<number>();
  const notes: string[] = [];
  const rowsOf = new Map<number, number>();
  for (const { dumpId, type, dependsOn } of entries)
    if (type === 'TABLE DATA') for (const id of dependsOn) rowsOf.set(id, dumpId);
  // pg_dump decides by what is above a partition, so siblings are alike.
  const throughRoot = new Map<number, { readonly schema: string; readonly name: string } | undefined>();
  for (const id of chosen) {
    const parent = trees.parentOf(id);
    const rootId = trees.rootOf(id);
    if (parent === undefined || chosen.has(rootId)) continue;
    const rows = rowsOf.get(id);
    if (rows === undefined) continue;
    if (!throughRoot.has(parent)) {
      const copied = await firstCopy({ tools, path, dumpId: rows, directory, signal });
      throughRoot.set(parent, isThroughRoot(copied, byId.get(rootId)) ? copied : undefined);
    }
    const root = throughRoot.get(parent);
    if (root === undefined) continue;
    if (target.has(rootId)) {
      scattered.add(id);
      continue;
    }
    for (const one of [rootId, ...trees.below(rootId)]) if (!chosen.has(one)) added.add(one);
    notes.push(
      `${labelOf(root)} was made too, with all its partitions: pg_dump wrote the rows of its partitions so that they are loaded through it, and each lies where it belongs on this server`,
    );
  }
  return { added, notes: [...new Set(notes)], scattered };
}
