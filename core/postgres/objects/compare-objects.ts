import type { DatabaseObject } from '../../manifest/manifest.ts';
import { objectKey } from './read-objects.ts';

export type ObjectDifference = {
  /** `missing`: recorded and not found; `differs`: its definition, owner, grants or comment; `extra`: not recorded. */
  readonly kind: 'missing' | 'differs' | 'extra';
  readonly type: string;
  readonly identity: string;
};

/**
 * How a restored database differs from the source. With `sameMajor` false only whether each object is there is
 * compared: a newer server words the same definition differently.
 */
export function compareObjects(
  expected: readonly DatabaseObject[],
  found: readonly DatabaseObject[],
  { sameMajor }: { readonly sameMajor: boolean },
): ObjectDifference[] {
  // Majors have other keywords, so they quote other names.
  const keyOf = sameMajor ? objectKey : (object: DatabaseObject) => objectKey(object).replaceAll('"', '');
  const left = new Map(found.map((object) => [keyOf(object), object]));
  const differences: ObjectDifference[] = [];
  for (const object of expected) {
    const { type, identity } = object;
    const restored = left.get(keyOf(object));
    left.delete(keyOf(object));
    if (restored === undefined) differences.push({ kind: 'missing', type, identity });
    else if (sameMajor && differ(object.digest, restored.digest))
      differences.push({ kind: 'differs', type, identity });
  }
  for (const { type, identity } of left.values()) {
    // Every new database has it, and pg_dump does not write that it was dropped.
    if (type !== 'schema' || identity !== 'public') differences.push({ kind: 'extra', type, identity });
  }
  return differences;
}

/** Null: not known, as the object changed while it was backed up. */
function differ(expected: string | null, found: string | null): boolean {
  return expected !== null && found !== null && expected !== found;
}
