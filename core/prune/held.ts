import { readBytes, readOr } from '../inventory/read-document.ts';
import { type BackupId, keyOf } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import { holdName, parseHold } from '../manifest/hold.ts';
import type { Store } from '../store/store.ts';

/** One that is over goes with the backup; one that cannot be read may have been meant for ever. */
export async function isHeld(
  store: Store,
  id: BackupId,
  now: Date,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const key = keyOf(id, holdName);
  const bytes = await readBytes(store, key, 0, { signal });
  if (bytes === undefined) return false;
  const hold = bytes instanceof Unreadable ? bytes : readOr(() => parseHold(bytes, key));
  return hold instanceof Unreadable || hold.until === undefined || new Date(hold.until) > now;
}
