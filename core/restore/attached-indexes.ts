import type { ArchiveEntries } from './archive-entries.ts';

/** Attaching a partition to a tree that the target has makes the indexes of the partition that the tree's have. */
export function withoutAttachedIndexes(
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
