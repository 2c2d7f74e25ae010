import type { ArchiveEntries } from './archive-entries.ts';
import type { TargetHas } from './select-entries.ts';
import { objectKeyOf, type TargetObject, wantedObject } from './target-objects.ts';

/** What the target has of the names in an archive, and which extensions its server offers. */
export type LookUp = (wanted: {
  readonly names: readonly string[];
  readonly extensions: readonly string[];
}) => Promise<{
  readonly objects: readonly TargetObject[];
  /** Undefined where it cannot be asked. */
  readonly offered: ReadonlySet<string> | undefined;
}>;

/** A target seen beside an archive. */
export type TargetLook = TargetHas & {
  /** What the target has in the place of an entry. */
  readonly find: (dumpId: number) => TargetObject | undefined;
  /** What has a name among tables and indexes there, and what a type. */
  readonly named: (kind: 'relation' | 'type', schema: string, name: string) => TargetObject | undefined;
};

/** @param lookUp undefined: the target is taken to be empty, and to offer every extension */
export async function lookAtTarget(
  { entries, byId, described, links }: ArchiveEntries,
  lookUp: LookUp | undefined,
): Promise<TargetLook> {
  const keys = new Map<number, string>();
  const names = new Set<string>();
  const extensions = new Map<number, string>();
  for (const entry of entries) {
    const own = described.get(entry.dumpId);
    const wanted = own === undefined ? undefined : wantedObject(entry, own);
    if (wanted !== undefined) {
      names.add(wanted.name);
      keys.set(entry.dumpId, objectKeyOf(wanted));
      if (entry.type === 'EXTENSION') extensions.set(entry.dumpId, wanted.name);
    }
    const index = indexName(entry.dumpId, { byId, described, links });
    if (index !== undefined) names.add(index);
  }
  const found = await lookUp?.({ names: [...names], extensions: [...extensions.values()] });
  const objects = new Map((found?.objects ?? []).map((object) => [objectKeyOf(object), object]));
  const find = (dumpId: number): TargetObject | undefined => objects.get(keys.get(dumpId) ?? '');
  return {
    find,
    has: (dumpId) => find(dumpId) !== undefined,
    offers: (dumpId) => found?.offered?.has(extensions.get(dumpId) ?? '') ?? true,
    named: (kind, schema, name) => objects.get(objectKeyOf({ kind, schema, name, more: '' })),
  };
}

/** What the index is called that an entry makes; undefined of what makes none. That of a constraint is called like it. */
export function indexName(
  dumpId: number,
  { byId, described, links }: Pick<ArchiveEntries, 'byId' | 'described' | 'links'>,
): string | undefined {
  const type = byId.get(dumpId)?.type;
  const own = described.get(dumpId);
  if (type === 'INDEX') return own?.name;
  const table = described.get(links.ownerOf(dumpId) ?? -1);
  // It is listed behind its table.
  return type === 'CONSTRAINT' && table !== undefined ? own?.name.slice(table.name.length + 1) : undefined;
}
