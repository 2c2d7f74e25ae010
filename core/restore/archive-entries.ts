import { type DescribedEntry, describeEntries } from '../postgres/archive/describe-entries.ts';
import { readToc, type TocEntry } from '../postgres/archive/toc.ts';
import { labelOf } from '../postgres/names.ts';
import type { PostgresTools } from '../postgres/programs/tools.ts';
import { oneLine } from '../text/one-line.ts';
import type { Format } from '../vocabulary.ts';
import { type EntryLinks, entryLinks, rowTypes } from './entry-links.ts';
import { type PartitionTrees, partitionTrees } from './partition-trees.ts';

/** An archive's table of contents with the names in it, each by itself, and what belongs to what. */
export type ArchiveEntries = {
  readonly entries: readonly TocEntry[];
  readonly byId: ReadonlyMap<number, TocEntry>;
  readonly described: ReadonlyMap<number, DescribedEntry>;
  readonly links: EntryLinks;
  readonly trees: PartitionTrees;
};

/** Of what belongs to something the names are not asked for; of rows they would all be read. */
const undescribed: ReadonlySet<string> = new Set([
  'COMMENT',
  'ACL',
  'SECURITY LABEL',
  'BLOB',
  'BLOB METADATA',
]);

/** @throws TocUnreadable */
export async function readArchiveEntries(request: {
  readonly tools: PostgresTools;
  readonly path: string;
  readonly format: Exclude<Format, 'plain'>;
  readonly directory: string;
  readonly signal: AbortSignal;
}): Promise<ArchiveEntries> {
  const toc = await readToc(request);
  const wanted = toc.entries.filter(
    ({ type }) => !undescribed.has(type) && (!rowTypes.has(type) || type === 'SEQUENCE SET'),
  );
  const described = await describeEntries(wanted, request);
  const trees = partitionTrees(toc);
  return {
    entries: toc.entries,
    byId: new Map(toc.entries.map((entry) => [entry.dumpId, entry])),
    described,
    links: entryLinks(toc, described, trees),
    trees,
  };
}

/** An entry for people: `view sales.totals`, `foreign key orders_user_fkey of public.orders`. */
export function wordsFor({ byId, described, links }: ArchiveEntries, dumpId: number): string {
  const entry = byId.get(dumpId);
  const names = described.get(dumpId);
  if (entry === undefined) return `entry ${dumpId}`;
  if (names === undefined) return `${entry.type.toLowerCase()} ${oneLine(entry.label)}`;
  const kind = entry.type === 'FK CONSTRAINT' ? 'foreign key' : entry.type.toLowerCase();
  const owner = links.ownerOf(dumpId);
  const of = owner === undefined ? undefined : described.get(owner);
  if (of !== undefined) {
    const own = names.name.startsWith(`${of.name} `) ? names.name.slice(of.name.length + 1) : names.name;
    return `${kind} ${oneLine(own)} of ${labelOf(of)}`;
  }
  if (names.schema === '-') return `${kind} ${oneLine(names.name)}`;
  // A function has its arguments behind its name.
  return names.name.includes('(')
    ? `${kind} ${oneLine(`${names.schema}.${names.name}`)}`
    : `${kind} ${labelOf(names)}`;
}
