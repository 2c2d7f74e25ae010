import { isLabelOf } from '../postgres/archive/entry-label.ts';
import type { Toc, TocEntry } from '../postgres/archive/toc.ts';

/** The partition trees of an archive, by the dump ids of their tables. */
export type PartitionTrees = {
  readonly parentOf: (table: number) => number | undefined;
  /** The table at the top of the tree; a table in no tree itself. */
  readonly rootOf: (table: number) => number;
  /** Those below, at every level. */
  readonly below: (table: number) => number[];
};

/** pg_dump makes every partition as a table of its own and attaches it by an entry that needs both. */
export function partitionTrees({ entries }: Toc): PartitionTrees {
  const tables = new Map(
    entries
      .filter(({ type }) => type === 'TABLE' || type === 'FOREIGN TABLE')
      .map((one) => [one.dumpId, one]),
  );
  const parents = new Map<number, number>();
  const children = new Map<number, number[]>();
  for (const { type, label, dependsOn } of entries) {
    if (type !== 'TABLE ATTACH') continue;
    // The entry is called like the partition.
    const child = dependsOn.find((id) => tables.get(id)?.label === label);
    const parent = dependsOn.find((id) => id !== child && tables.has(id));
    if (child === undefined || parent === undefined) continue;
    parents.set(child, parent);
    children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const rootOf = (table: number): number => {
    const parent = parents.get(table);
    return parent === undefined ? table : rootOf(parent);
  };
  const below = (table: number): number[] =>
    (children.get(table) ?? []).flatMap((child) => [child, ...below(child)]);
  return { parentOf: (table) => parents.get(table), rootOf, below };
}

/** Whether rows of this entry's table, a partition, are loaded through its root rather than into itself. */
export function isThroughRoot(
  copied: { readonly schema: string; readonly name: string } | undefined,
  root: TocEntry | undefined,
): boolean {
  return copied !== undefined && root !== undefined && isLabelOf(root.label, copied);
}
