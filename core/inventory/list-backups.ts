import { setMaxListeners } from 'node:events';
import type { BackupId } from '../manifest/backup-id.ts';
import { documentLimits } from '../manifest/document.ts';
import type { Store } from '../store/store.ts';
import type { InventoryCache } from './cache.ts';
import { type ListEntry, type ListedBackup, newestFirst } from './entry.ts';
import { type FindOptions, findBackups, findIds, type InventoryFilter, listOne } from './find-backups.ts';
import { type ListReadOptions, readListed } from './read-listed.ts';
import { Room } from './room.ts';

export type ListFilter = InventoryFilter & {
  /** Only those that were begun then or later. */
  readonly since?: Date | undefined;
  /** Only those that come after this one, the newest first. It need not be there any more. */
  readonly before?: BackupId | undefined;
  /** Looked at once the rest is known. */
  readonly matches?: ((entry: ListEntry) => boolean) | undefined;
  /** How many are wanted. @default all */
  readonly limit?: number | undefined;
};

export type ListOptions = FindOptions & {
  readonly cache?: InventoryCache | undefined;
  /** For whoever deletes: see {@link ListReadOptions}. */
  readonly fromManifests?: boolean | undefined;
};

const readsAtOnce = 16;
/** Where every manifest is read a few large ones are enough at once: made of JSON, they take many times their bytes. */
const manifestsAtOnceBytes = 16 * 1024 * 1024;

/** Every backup that matches, the newest first. All entries are in memory: see {@link eachBackup}. */
export async function listBackups(
  store: Store,
  filter: ListFilter = {},
  options: ListOptions = {},
): Promise<ListEntry[]> {
  const entries: ListEntry[] = [];
  for await (const entry of eachBackup(store, filter, options)) entries.push(entry);
  return entries;
}

/**
 * Every backup that matches, one after the other, the newest first of all databases. Several are read in advance, but no
 * more than one document of the largest size would take: a store may be full of those. Where few are wanted, only those
 * are looked at.
 *
 * @throws StoreUnusable
 */
export async function* eachBackup(
  store: Store,
  filter: ListFilter = {},
  { cache, fromManifests = false, signal, onUnreadable }: ListOptions = {},
): AsyncGenerator<ListEntry> {
  const { limit = Number.POSITIVE_INFINITY, matches = () => true } = filter;
  const found = await findMatching(store, filter, { signal, onUnreadable });
  // Who has seen enough leaves reads behind that nobody waits for.
  const enough = new AbortController();
  const either = signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]);
  setMaxListeners(0, either);
  const room = new Room(fromManifests ? manifestsAtOnceBytes : documentLimits.bytes);
  const options: ListReadOptions = { cache, fromManifests, signal: either, room };
  const entries = readAhead(found, Math.min(limit, readsAtOnce), (one) => readFound(store, one, options));
  let told = 0;
  try {
    if (limit === 0) return;
    for await (const entry of entries) {
      if (!matches(entry)) continue;
      yield entry;
      told += 1;
      if (told >= limit) return;
    }
  } finally {
    enough.abort();
  }
}

/** The newest first. Of those of which only some are wanted the ids are enough: what lies there is asked one by one. */
async function findMatching(
  store: Store,
  filter: ListFilter,
  options: FindOptions,
): Promise<Pick<ListedBackup, 'id'>[]> {
  const { since, before, limit } = filter;
  const areFew = limit !== undefined || since !== undefined;
  const found: Pick<ListedBackup, 'id'>[] = [];
  if (areFew) for await (const id of findIds(store, filter, options)) found.push({ id });
  else found.push(...(await findBackups(store, filter, options)));
  return found
    .filter(
      (one) =>
        (since === undefined || one.id.startedAt >= since) &&
        (before === undefined || newestFirst({ id: before }, one) < 0),
    )
    .sort(newestFirst);
}

async function readFound(
  store: Store,
  found: Pick<ListedBackup, 'id'> | ListedBackup,
  options: ListReadOptions,
): Promise<ListEntry | undefined> {
  const listed = 'documents' in found ? found : await listOne(store, found.id, options);
  return listed && (await readListed(store, listed, options));
}

/** What `read` makes of each, in order, some of them at once; nothing of those that it makes nothing of. */
export async function* readAhead<T, U>(
  found: readonly T[],
  atOnce: number,
  read: (one: T) => Promise<U | undefined>,
): AsyncGenerator<U> {
  const reading: Promise<U | undefined>[] = [];
  for (let next = 0; next < found.length || reading.length > 0; ) {
    const one = found[next];
    if (one !== undefined && reading.length < atOnce) {
      const made = read(one);
      // Whoever takes it hears of its error; before that it is nobody's, which would end the process.
      made.catch(() => undefined);
      reading.push(made);
      next += 1;
    } else {
      const made = await reading.shift();
      if (made !== undefined) yield made;
    }
  }
}
