import type { Manifest } from '../manifest/manifest.ts';
import { asListed, isLabelOf } from '../postgres/archive/entry-label.ts';
import type { ArchiveEntries } from './archive-entries.ts';
import { relationTypes } from './entry-links.ts';
import { matchSelection, refuseContradiction, textOf } from './match-names.ts';
import type { Selection } from './request.ts';
import { selectable } from './select-entries.ts';

/** The entries that a selection names, by dump id. */
export type AskedEntries = {
  readonly chosen: ReadonlySet<number>;
  /** Of those, what was asked for by a name of its own. */
  readonly named: ReadonlySet<number>;
  readonly excluded: ReadonlySet<number>;
};

type Relation = { readonly schema: string; readonly name: string; readonly dumpId: number };

/**
 * What a selection names: relations, everything in schemas, or all but what it excludes.
 * @throws NotInBackup, UsageError
 */
export function askedEntries(
  { id, tables }: Pick<Manifest, 'id' | 'tables'>,
  selection: Selection,
  { entries, byId, described, links, trees }: ArchiveEntries,
): AskedEntries {
  const relations: Relation[] = [];
  const isRelation = (dumpId: number): boolean => relationTypes.has(byId.get(dumpId)?.type ?? '');
  for (const { dumpId, type, label, dependsOn } of entries) {
    const names = described.get(dumpId);
    if (relationTypes.has(type) && names !== undefined) relations.push({ ...names, dumpId });
    // An extension makes its tables itself, and the archive has rows of some.
    const isOfExtension = type === 'TABLE DATA' && !dependsOn.some(isRelation);
    const table = isOfExtension ? tables.find((one) => isLabelOf(label, one)) : undefined;
    if (table !== undefined)
      relations.push({ schema: asListed(table.schema), name: asListed(table.name), dumpId });
  }
  const schemas = new Set<string>();
  for (const { dumpId, type } of entries) {
    const names = described.get(dumpId);
    if (names !== undefined) schemas.add(type === 'SCHEMA' ? names.name : names.schema);
  }
  schemas.delete('-');
  const matched = matchSelection({ relations, schemas: [...schemas] }, selection, id);
  const excluded = new Set<number>();
  for (const { dumpId } of matched.excludedRelations)
    for (const one of [dumpId, ...trees.below(dumpId)]) excluded.add(one);
  const isIn = (dumpId: number, wanted: ReadonlySet<string>, ofSchema: boolean): boolean => {
    const names = described.get(dumpId);
    if (names === undefined) return false;
    return wanted.has(names.schema) || (ofSchema && names.schema === '-' && wanted.has(names.name));
  };
  for (const { dumpId, type } of entries)
    if (isIn(dumpId, matched.excludedSchemas, type === 'SCHEMA')) excluded.add(dumpId);
  const chosen = new Set<number>();
  const isAllBut = selection.tables.length === 0 && selection.schemas.length === 0;
  if (isAllBut) for (const { dumpId } of selectable({ entries })) chosen.add(dumpId);
  for (const { dumpId } of matched.relations)
    for (const one of [dumpId, ...trees.below(dumpId)]) chosen.add(one);
  for (const { dumpId, type } of selectable({ entries }))
    if (isIn(dumpId, matched.schemas, type === 'SCHEMA')) chosen.add(dumpId);
  // Partitions lie in schemas of their own, if they like.
  for (const dumpId of [...chosen]) for (const one of trees.below(dumpId)) chosen.add(one);
  for (const dumpId of excluded) chosen.delete(dumpId);
  // A sequence goes with its column, unless another table needs it, or it was asked for.
  const own = new Set([...matched.relations].map(({ dumpId }) => dumpId));
  for (const { dumpId, type } of entries)
    if (type === 'SEQUENCE' && excluded.has(links.ownerOf(dumpId) ?? -1) && !own.has(dumpId))
      chosen.delete(dumpId);
  if (chosen.size === 0 && !isAllBut)
    refuseContradiction([...selection.tables.map(textOf), ...selection.schemas].join(', '));
  const named = new Set([...matched.named].map(({ dumpId }) => dumpId).filter((one) => chosen.has(one)));
  return { chosen, named, excluded };
}
