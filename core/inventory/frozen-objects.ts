import { type BackupId, formatId } from '../manifest/backup-id.ts';
import { frozenPlace } from '../store/frozen.ts';
import type { ReadOptions, Store } from '../store/store.ts';

/** The storage class of every object of a backup, by its key: some requests, however many there are. @throws StoreUnusable */
export async function classesBelow(
  store: Store,
  id: BackupId,
  options: ReadOptions,
): Promise<ReadonlyMap<string, string>> {
  const classes = new Map<string, string>();
  for await (const { key, storageClass } of store.list(`${formatId(id)}/`, options))
    if (storageClass !== undefined) classes.set(key, storageClass);
  return classes;
}

/** Whether one has to look closer: a listing tells the class, and neither its tiers nor what was thawed. */
export function mayBeFrozen(storageClass: string | undefined): boolean {
  return storageClass === 'INTELLIGENT_TIERING' || frozenPlace(storageClass) !== undefined;
}
