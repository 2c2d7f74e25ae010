import type { DatabaseObject } from '../../manifest/manifest.ts';
import { objectKey } from './read-objects.ts';

export type ObjectDifference = {
  readonly type: string;
  readonly identity: string;
} & (
  | {
      /** `missing`: recorded and not found; `differs`: its definition, owner, grants or comment; `extra`: not recorded. */
      readonly kind: 'missing' | 'differs' | 'extra';
    }
  | {
      /** The same definition calls other operators or functions. */
      readonly kind: 'calls others';
      /** Those of the source only, and those of the restored database only; neither has any that are built in. */
      readonly before: readonly string[];
      readonly now: readonly string[];
    }
);

/**
 * How a restored database differs from the source. With `sameMajor` false only whether each object is there is
 * compared: a newer server words the same definition differently. `hasUses`: whether what is expected says what
 * definitions call.
 */
export function compareObjects(
  expected: readonly DatabaseObject[],
  found: readonly DatabaseObject[],
  { sameMajor, hasUses = false }: { readonly sameMajor: boolean; readonly hasUses?: boolean | undefined },
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
    else if (sameMajor && hasUses) differences.push(...otherCalls(object, restored));
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

function otherCalls(expected: DatabaseObject, found: DatabaseObject): ObjectDifference[] {
  if (expected.uses === null || found.uses === null) return [];
  const { type, identity, uses: wanted = [] } = expected;
  const { uses: got = [] } = found;
  const before = wanted.filter((name) => !got.includes(name));
  const now = got.filter((name) => !wanted.includes(name));
  return before.length + now.length === 0 ? [] : [{ kind: 'calls others', type, identity, before, now }];
}
