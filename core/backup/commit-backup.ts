import type { StagedObject, Store } from '../store/store.ts';

/**
 * Makes a backup visible: its objects first, its manifest last. From the manifest on, and only from then on, the
 * backup exists.
 * @throws ObjectExists where another run has taken the same id
 */
export async function commitBackup(
  store: Store,
  staged: readonly StagedObject[],
  manifestKey: string,
  manifest: Uint8Array,
): Promise<void> {
  for (const object of staged) await object.commit();
  await store.create(manifestKey, manifest);
}
