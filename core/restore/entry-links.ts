import type { DescribedEntry } from '../postgres/archive/describe-entries.ts';
import type { Toc, TocEntry } from '../postgres/archive/toc.ts';
import type { PartitionTrees } from './partition-trees.ts';

/** What an entry of an archive belongs to, and what it cannot be made without. */
export type EntryLinks = {
  /** The entry without which it means nothing: an index's table, a comment's function. Undefined: it stands by itself. */
  readonly ownerOf: (dumpId: number) => number | undefined;
  /** Without the owner; what the archive lists only for its order is not in it. */
  readonly needsOf: (dumpId: number) => readonly number[];
  /** Whether it can be made without its owner: a sequence that a column only owns. */
  readonly standsAlone: (dumpId: number) => boolean;
};

/** What has a name among tables. */
export const relationTypes: ReadonlySet<string> = new Set([
  'TABLE',
  'FOREIGN TABLE',
  'VIEW',
  'MATERIALIZED VIEW',
  'SEQUENCE',
]);

/** Rows, and what is counted of them. */
export const rowTypes: ReadonlySet<string> = new Set([
  'TABLE DATA',
  'MATERIALIZED VIEW DATA',
  'SEQUENCE SET',
  'STATISTICS DATA',
  'BLOBS',
]);

/** Listed as `table name`: what of several tables it belongs to is told by that. */
const calledAfterTable: ReadonlySet<string> = new Set([
  'CONSTRAINT',
  'CHECK CONSTRAINT',
  'FK CONSTRAINT',
  'TRIGGER',
  'RULE',
  'POLICY',
  'ROW SECURITY',
  'DEFAULT',
  'TABLE ATTACH',
  'TABLE DATA',
  'MATERIALIZED VIEW DATA',
]);

/** Those of one table or view. */
const ofOneRelation: ReadonlySet<string> = new Set(['INDEX', 'STATISTICS', 'SEQUENCE', 'PUBLICATION TABLE']);

/** What belongs to whatever is the first that it depends on. */
const ofAnything: ReadonlySet<string> = new Set([
  'COMMENT',
  'ACL',
  'SECURITY LABEL',
  'SEQUENCE OWNED BY',
  'SEQUENCE SET',
  'INDEX ATTACH',
  'STATISTICS DATA',
]);

/** pg_dump's dependencies, as what they mean for what can be made. */
export function entryLinks(
  { entries }: Toc,
  described: ReadonlyMap<number, DescribedEntry>,
  trees: PartitionTrees,
): EntryLinks {
  const byId = new Map(entries.map((entry) => [entry.dumpId, entry]));
  const typeOf = (id: number): string => byId.get(id)?.type ?? '';
  const isRelation = (id: number): boolean => relationTypes.has(typeOf(id));
  const ofTable = (id: number): boolean => isRelation(id) && typeOf(id) !== 'SEQUENCE';
  const owners = new Map<number, number>();
  for (const entry of entries) {
    const owner = ownerIn(entry, { described, isRelation, ofTable, byId });
    if (owner !== undefined) owners.set(entry.dumpId, owner);
  }
  const attached = new Set(
    entries
      .filter(({ type }) => type === 'INDEX ATTACH')
      .flatMap(({ dependsOn }) =>
        dependsOn.filter((id) => typeOf(id) === 'INDEX' || typeOf(id) === 'CONSTRAINT'),
      ),
  );
  const isIndex = (id: number): boolean => attached.has(id);
  // A view that groups by a key is made empty first, and as it is when the key is there.
  const rules = new Map<number, number>();
  const ownedSequences = new Set<number>();
  for (const { dumpId, type, label, dependsOn } of entries) {
    const owner = owners.get(dumpId);
    if (type === 'RULE' && owner !== undefined && / _RETURN(?: |$)/.test(label)) rules.set(owner, dumpId);
    if (type === 'SEQUENCE OWNED BY') for (const id of dependsOn) ownedSequences.add(id);
  }
  const needsOf = (id: number): readonly number[] => {
    const entry = byId.get(id);
    if (entry === undefined) return [];
    const owner = owners.get(id);
    const needs = new Set(
      entry.dependsOn.filter((one) => byId.has(one) && one !== owner && !rowTypes.has(typeOf(one))),
    );
    // Made by itself, and attached by an entry of its own; the same with its indexes.
    if (entry.type === 'TABLE' || entry.type === 'FOREIGN TABLE') {
      const parent = trees.parentOf(id);
      if (parent !== undefined) needs.delete(parent);
    }
    if (isIndex(id)) for (const one of [...needs]) if (isIndex(one)) needs.delete(one);
    if (entry.type === 'SEQUENCE OWNED BY' && owner !== undefined) {
      const table = owners.get(owner);
      if (table !== undefined) needs.add(table);
    }
    const rule = rules.get(id);
    if (rule !== undefined) for (const one of byId.get(rule)?.dependsOn ?? []) if (one !== id) needs.add(one);
    return [...needs];
  };
  return {
    ownerOf: (id) => owners.get(id),
    needsOf,
    // An identity's sequence is made by ALTER TABLE.
    standsAlone: (id) => ownedSequences.has(id),
  };
}

function ownerIn(
  { dumpId, type, dependsOn, label }: TocEntry,
  context: {
    readonly described: ReadonlyMap<number, DescribedEntry>;
    readonly isRelation: (id: number) => boolean;
    readonly ofTable: (id: number) => boolean;
    readonly byId: ReadonlyMap<number, TocEntry>;
  },
): number | undefined {
  const { described, isRelation, ofTable, byId } = context;
  if (calledAfterTable.has(type)) {
    const own = described.get(dumpId);
    const listed = own === undefined ? label : `${own.schema} ${own.name}`;
    const names = dependsOn.filter(isRelation).flatMap((id) => {
      const one = described.get(id);
      if (one === undefined) return [];
      const start = `${one.schema} ${one.name}`;
      return listed === start || listed.startsWith(`${start} `) ? [{ id, length: start.length }] : [];
    });
    names.sort((a, b) => b.length - a.length);
    return names[0]?.id ?? dependsOn.find(isRelation);
  }
  if (ofOneRelation.has(type)) return dependsOn.find(ofTable);
  if (ofAnything.has(type)) return dependsOn.find((id) => byId.has(id));
  return undefined;
}
