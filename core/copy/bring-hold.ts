import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { documentLimits, ManifestUnreadable } from '../manifest/document.ts';
import { holdName, parseHold } from '../manifest/hold.ts';
import { ObjectChanged, type ReadOptions, type Store } from '../store/store.ts';

/**
 * Who holds a backup wants it kept, in the copy too: the hold goes along, byte for byte, unless the copy is held for as long
 * already. A release does not: whoever can write into the first store, or errs there, takes no protection from the copy.
 *
 * @returns whether something was written
 * @throws StoreUnusable
 */
export async function bringHold(
  {
    id,
    from,
    to,
    now,
  }: { readonly id: BackupId; readonly from: Store; readonly to: Store; readonly now: Date },
  options: ReadOptions,
): Promise<boolean> {
  const key = keyOf(id, holdName);
  const source = await from.readVersion(key, options);
  if (source === undefined || source.content.length > documentLimits.bytes) return false;
  const end = endOf(source.content, key, id);
  if (end <= now.getTime()) return false;
  const there = await to.readVersion(key, options);
  if (there !== undefined && endOf(there.content, key, id) >= end) return false;
  try {
    await to.replaceIf(key, source.content, there?.version);
    return true;
  } catch (error: unknown) {
    // Somebody holds or releases it there at this moment: theirs is the later word.
    if (error instanceof ObjectChanged) return false;
    throw error;
  }
}

/** In milliseconds. What cannot be read, or is of a newer pgproof, holds until somebody looks at it. */
function endOf(content: Buffer, key: string, id: BackupId): number {
  try {
    const hold = parseHold(content, key);
    return hold.id === formatId(id) && hold.until !== undefined
      ? Date.parse(hold.until)
      : Number.POSITIVE_INFINITY;
  } catch (error: unknown) {
    if (error instanceof ManifestUnreadable) return Number.POSITIVE_INFINITY;
    throw error;
  }
}
