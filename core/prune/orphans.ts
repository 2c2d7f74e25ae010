import { messageOf } from '../errors.ts';
import { type FindOptions, findIds } from '../inventory/find-backups.ts';
import { readBytes, readOr } from '../inventory/read-document.ts';
import { type BackupId, formatId } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import { holdName } from '../manifest/hold.ts';
import { manifestName } from '../manifest/manifest.ts';
import { type Pruned, parsePruned, prunedName } from '../manifest/pruned.ts';
import type { PrunableStore } from '../store/prunable.ts';
import { type ReadOptions, StoreUnusable } from '../store/store.ts';
import { isNameOfOurs } from './document-names.ts';
import { isHeld } from './held.ts';
import type { Orphan, Outcome } from './report.ts';

/** A run that is on its way has its objects under their names for seconds before its manifest; a day is far more. */
export const orphanAgeMs = 24 * 60 * 60 * 1_000;

export type FoundOrphan = Omit<Orphan, 'outcome'> & {
  readonly backupId: BackupId;
  /** Of its objects, below the id. */
  readonly names: readonly string[];
  /** What prune had begun; undefined where it had not, or its record cannot be read. */
  readonly pruned: Pruned | undefined;
};

/**
 * What lies under ids that have no manifest, and has lain there for a day.
 *
 * @param listed the ids that have one
 * @param options.onUnreadable is told of what cannot be looked into, which is no orphan
 */
export async function* findOrphans(
  store: PrunableStore,
  {
    source,
    database,
    listed,
    now,
  }: {
    readonly source: string | undefined;
    readonly database: string | undefined;
    readonly listed: ReadonlySet<string>;
    readonly now: Date;
  },
  options: FindOptions,
): AsyncGenerator<FoundOrphan> {
  // A function may list below its sources only: they are not looked for where they are named.
  for await (const id of findIds(store, { source, database }, options)) {
    if (listed.has(formatId(id))) continue;
    const orphan = await readOrphan(store, id, options).catch((error: unknown) => {
      if (!(error instanceof StoreUnusable && error.isOfObject)) throw error;
      if (options.onUnreadable === undefined) throw error;
      options.onUnreadable(formatId(id), messageOf(error));
      return undefined;
    });
    // A manifest may have appeared since the listing.
    if (orphan === undefined || orphan.names.includes(manifestName)) continue;
    const isPruned = orphan.pruned !== undefined;
    if (isPruned || now.getTime() - orphan.newestAt.getTime() > orphanAgeMs) yield orphan;
  }
}

async function readOrphan(
  store: PrunableStore,
  backupId: BackupId,
  options: ReadOptions,
): Promise<FoundOrphan | undefined> {
  const id = formatId(backupId);
  const names: string[] = [];
  let bytes = 0;
  let newest = 0;
  for await (const object of store.list(`${id}/`, options)) {
    const name = object.key.slice(id.length + 1);
    if (!isNameOfOurs(name)) continue;
    names.push(name);
    bytes += object.bytes;
    newest = Math.max(newest, object.modifiedAt.getTime());
  }
  if (names.length === 0) return undefined;
  const pruned = names.includes(prunedName) ? await readPruned(store, id, options) : undefined;
  const origin = pruned === undefined ? 'unknown' : 'pruned';
  return { id, backupId, names, bytes, objects: names.length, newestAt: new Date(newest), origin, pruned };
}

/** A record that is damaged, or of another backup, is as if there were none: then only a person takes the rest, by id. */
async function readPruned(
  store: PrunableStore,
  id: string,
  options: ReadOptions,
): Promise<Pruned | undefined> {
  const key = `${id}/${prunedName}`;
  const bytes = await readBytes(store, key, 0, options);
  if (bytes === undefined || bytes instanceof Unreadable) return undefined;
  const pruned = readOr(() => parsePruned(bytes, key));
  return pruned instanceof Unreadable || pruned.id !== id ? undefined : pruned;
}

/**
 * Takes what prune began and did not end; of others, all that may be pgproof's. The record of prune goes last, so that it can
 * be cut off as prune can.
 */
export async function removeOrphan(
  store: PrunableStore,
  { id, backupId, names, pruned }: FoundOrphan,
  { now, ...options }: ReadOptions & { readonly now: Date },
): Promise<Outcome> {
  if (names.includes(holdName) && (await isHeld(store, backupId, now, options.signal)))
    return { kind: 'left', why: 'it is held, and only a person deletes a hold' };
  const goes = names.filter((name) => name !== prunedName && (pruned?.objects.includes(name) ?? true));
  for (const some of [goes, [prunedName]]) {
    const [failure] = await store.remove(
      some.map((name) => `${id}/${name}`),
      options,
    );
    if (failure !== undefined) return { kind: 'failed', why: messageOf(failure.why), isListed: false };
  }
  return { kind: 'gone' };
}
