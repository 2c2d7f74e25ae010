import type { DatabaseObject, TableRows } from '../../manifest/manifest.ts';
import type { CopyTable } from '../../postgres/archive/copy-rows.ts';
import { labelOf } from '../../postgres/names.ts';
import { formatCount, plural } from '../../text/units.ts';

type TableName = { readonly schema: string; readonly name: string };

/** Partitions whose rows an archive loads through the table at the top of their tree. */
export type ThroughRoot = {
  /** For people: `public.person`. */
  readonly label: string;
  readonly partitions: readonly TableRows[];
  /** Rows of each COPY into the root: one for each partition, in no order that is known. */
  readonly blocks: readonly number[];
};

export type SortedTables = {
  readonly throughRoot: readonly ThroughRoot[];
  /** Those that are recorded, and those that the archive has, under one and the same name. */
  readonly recorded: readonly TableRows[];
  readonly found: readonly CopyTable[];
};

/**
 * Tells partitions that are loaded through their root by the archive's own COPY statements: pg_dump writes the root into
 * them where rows may belong into other partitions after a restore (hash partitions over an enum, whose values are hashed
 * by their OIDs), and which versions do that has changed in minor releases.
 *
 * @param alias makes names alike that may be decoded in two ways
 * @param catalog what the manifest says the database has, for manifests from before partitions had their root in them
 */
export function sortByRoot(
  recorded: readonly TableRows[],
  found: readonly CopyTable[],
  alias: (name: string) => string,
  catalog?: readonly DatabaseObject[] | undefined,
): SortedTables {
  const keyOf = ({ schema, name }: TableName): string => JSON.stringify([alias(schema), alias(name)]);
  const known = new Set(recorded.map(keyOf));
  const there = new Set(found.map(keyOf));
  const strange = found.filter((table) => !known.has(keyOf(table)));
  const away = recorded.filter((table) => !there.has(keyOf(table)));
  if (strange.length === 0 || away.length === 0) return { throughRoot: [], recorded, found };
  const groups = recorded.some(({ root }) => root !== undefined)
    ? byRecordedRoot(away, strange, keyOf)
    : byBlocks(away, strange, catalog);
  const grouped = new Set<object>(groups.flatMap(({ partitions, roots }) => [...partitions, ...roots]));
  return {
    throughRoot: groups,
    recorded: recorded.filter((table) => !grouped.has(table)),
    found: found.filter((table) => !grouped.has(table)),
  };
}

type Group = ThroughRoot & { readonly roots: readonly CopyTable[] };

function byRecordedRoot(
  away: readonly TableRows[],
  strange: readonly CopyTable[],
  keyOf: (table: TableName) => string,
): Group[] {
  // A directory archive is read in batches, so a root may come more than once.
  return [...new Set(strange.map(keyOf))].flatMap((key) => {
    const partitions = away.filter(({ root }) => root !== undefined && keyOf(root) === key);
    const roots = strange.filter((table) => keyOf(table) === key);
    return partitions.length === 0 ? [] : [groupOf(partitions, roots)];
  });
}

/**
 * Without recorded roots all together, and only where every block has its partition and every partition its block. That
 * the table without rows of its own is a root is told by several COPY into it, or by the catalog.
 */
function byBlocks(
  away: readonly TableRows[],
  strange: readonly CopyTable[],
  catalog: readonly DatabaseObject[] | undefined,
): Group[] {
  const plain = (identity: string): string => identity.replaceAll('"', '');
  const tables = new Set(
    (catalog ?? []).filter(({ type }) => type === 'table').map(({ identity }) => plain(identity)),
  );
  const roots = strange.filter(
    ({ schema, name, blocks }) => blocks.length > 1 || tables.has(plain(`${schema}.${name}`)),
  );
  const group = groupOf(away, roots);
  return roots.length === strange.length && differenceOf(group) === undefined ? [group] : [];
}

function groupOf(partitions: readonly TableRows[], roots: readonly CopyTable[]): Group {
  const labels = new Set(roots.map(labelOf));
  return {
    label: [...labels].join(', '),
    partitions,
    roots,
    blocks: roots.flatMap(({ blocks }) => blocks),
  };
}

/** How the COPY blocks of a root differ from what its partitions held; undefined where they do not. */
export function differenceOf({ label, partitions, blocks }: ThroughRoot): string | undefined {
  const what = `${label}, through which ${plural(partitions.length, 'partition')} ${partitions.length === 1 ? 'is' : 'are'} loaded,`;
  if (blocks.length !== partitions.length) return `${what} is loaded ${plural(blocks.length, 'time')}`;
  const counted = partitions.flatMap(({ rows }) => (rows === null ? [] : [rows]));
  const left = [...blocks];
  const unmatched = counted.filter((rows) => {
    const at = left.indexOf(rows);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  if (unmatched.length === 0) return undefined;
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, rows) => total + rows, 0);
  if (counted.length === blocks.length && sum(blocks) !== sum(counted))
    return `${what} has ${plural(sum(blocks), 'row')}, recorded were ${formatCount(sum(counted))}`;
  return `${what} has no part of ${plural(unmatched[0] ?? 0, 'row')}, as was recorded of one`;
}
