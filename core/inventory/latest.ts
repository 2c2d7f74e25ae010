import { type BackupId, keyOf } from '../manifest/backup-id.ts';
import { documentLimits, Unreadable } from '../manifest/document.ts';
import { parseSummary, summaryLimitBytes, summaryName } from '../manifest/summary.ts';
import type { ReadOptions, Store } from '../store/store.ts';
import { clusterOf, isPartial, type ListEntry, newestFirst } from './entry.ts';
import { findIds, listOne } from './find-backups.ts';
import { type PassedOver, passedOver, whyPassedOver } from './passed-over.ts';
import { readBytes, readOr } from './read-document.ts';
import { deriveSummary, readListed } from './read-listed.ts';
import { Room } from './room.ts';
import { Clusters, severalClusters } from './several-clusters.ts';

export type Names = Pick<BackupId, 'source' | 'database'>;

export type Latest<T> = {
  /** What was made of the newest that was wanted. */
  readonly chosen: T | undefined;
  /** What is newer than that one, of its cluster, and was not taken: the newest first. Of all, where none was chosen. */
  readonly passedOver: readonly PassedOver[];
  /** The newest that is whole, not of the future and not being pruned; where there is none such, the newest whole one. */
  readonly newest: ListEntry | undefined;
  /** Where none was chosen: the newest of another cluster that would have been. */
  readonly ofOther: ListEntry | undefined;
  /** Clusters that were seen on the way, by system identifier. */
  readonly clusters: readonly string[];
  /** How many were looked at. */
  readonly seen: number;
  /** How many of them were passed by, as tables were left out of them on purpose. */
  readonly partial: number;
};

export type LatestOptions = ReadOptions & {
  /** Takes one that tables were left out of for as good as a whole one. @default it is passed over */
  readonly partial?: boolean | undefined;
  /** Takes the newest whose manifest can be read, whatever its verdict. @default the newest good one */
  readonly any?: boolean | undefined;
  /** Only of the cluster with this system identifier. @default of the one that was backed up last */
  readonly cluster?: string | undefined;
  /** What is dated later than this, by more than clocks differ, is passed over. @default now */
  readonly now?: Date | undefined;
};

/** So many newest ones are asked of which cluster they are, although the first one may do. */
const newestAsked = 6;
/** Of runs that were killed nothing but a folder is left: no more of those are looked into for the newest six. */
const foldersAsked = 30;
/** The newest are read one by one, for the first will mostly do. */
const oneByOne = 4;
const readsAtOnce = 16;

/**
 * The newest backup that `take` makes something of, with as few requests as can be: ids first, then what lies there, the
 * newest first, until one is found. Of the older ones nothing is read, so that nothing of theirs can be in the way. A backup
 * without an identifier, of an older pgproof, is of the oldest cluster that has one.
 *
 * @param take what is made of it, or why it is passed over all the same
 * @throws SeveralClusters where the newest six are of two, and none was asked for; StoreUnusable
 */
export async function chooseLatest<T extends object>(
  store: Store,
  names: Names,
  take: (entry: ListEntry) => Promise<{ readonly taken: T } | { readonly not: PassedOver | undefined }>,
  options: LatestOptions = {},
): Promise<Latest<T>> {
  const { partial: takesPartial = false, any = false, now = new Date(), signal } = options;
  const ids: BackupId[] = [];
  for await (const id of findIds(store, names, { signal })) ids.push(id);
  ids.sort((one, other) => newestFirst({ id: one }, { id: other }));
  const clusters = new Clusters(options.cluster);
  const room = new Room(documentLimits.bytes);
  const skipped: PassedOver[] = [];
  let newest: ListEntry | undefined;
  let odd: ListEntry | undefined;
  let ofOther: ListEntry | undefined;
  let seen = 0;
  let partial = 0;
  const told = (): Pick<Latest<T>, 'passedOver' | 'newest' | 'clusters' | 'seen' | 'partial'> => ({
    passedOver: skipped,
    newest: newest ?? odd,
    clusters: clusters.all,
    seen,
    partial,
  });
  const refuseSeveral = async (): Promise<void> => {
    const found = clusters.among(newestAsked);
    if (options.cluster === undefined && found.length > 1)
      throw await severalClusters(store, names, { ids, clusters: found, now, signal });
  };
  for (let at = 0; at < ids.length; ) {
    const batch = ids.slice(at, at + (at < oneByOne ? 1 : readsAtOnce));
    const entries = await Promise.all(
      batch.map(async (id) => {
        const listed = await listOne(store, id, { signal });
        return listed && (await readListed(store, listed, { signal, room }));
      }),
    );
    for (const [index, entry] of entries.entries()) {
      if (entry === undefined) continue;
      seen += 1;
      const isOwn = clusters.add(clusterOf(entry));
      if (!takesPartial && isPartial(entry)) partial += 1;
      const not = whyPassedOver(entry, { any, partial: takesPartial, now });
      if (isOwn === true) {
        if (takesPartial || !isPartial(entry)) odd ??= entry;
        if (not === undefined || isOfNow(not)) newest ??= entry;
      }
      if (not !== undefined) {
        if (isOwn !== false) skipped.push(not);
        continue;
      }
      if (isOwn === undefined) {
        skipped.push(passedOver(entry, 'cluster-unknown', 'of a cluster that it does not say'));
        continue;
      }
      if (!isOwn && ofOther !== undefined) continue;
      const result = await take(entry);
      if ('not' in result) {
        if (isOwn && result.not !== undefined) skipped.push(result.not);
        continue;
      }
      if (!isOwn) {
        ofOther = entry;
        continue;
      }
      await askOthers(store, ids.slice(at + index + 1), clusters, { signal, room });
      await refuseSeveral();
      return { ...told(), chosen: result.taken, ofOther: undefined };
    }
    at += batch.length;
  }
  await refuseSeveral();
  return { ...told(), chosen: undefined, ofOther };
}

/** Whether only its documents or its verdict are against it: then it is what was backed up last. */
function isOfNow({ why }: PassedOver): boolean {
  return why !== 'future' && why !== 'being-pruned' && why !== 'partial';
}

/** Looks further back only to know of which clusters those are. */
async function askOthers(
  store: Store,
  ids: readonly BackupId[],
  clusters: Clusters,
  options: ReadOptions & { readonly room: Room },
): Promise<void> {
  if (clusters.asked !== undefined) return;
  const folders = ids.slice(0, foldersAsked);
  for (let at = 0; at < folders.length && clusters.count < newestAsked; ) {
    const batch = folders.slice(at, at + newestAsked - clusters.count);
    const found = await Promise.all(batch.map((id) => readCluster(store, id, options)));
    for (const [index, id] of batch.entries()) {
      const one = found[index];
      if (one === undefined) continue;
      // A summary is written before the manifest: of a run that was killed in between there is no backup.
      const isNew = one.cluster !== undefined && !clusters.all.includes(one.cluster);
      if (!isNew || (await listOne(store, id, options)) !== undefined) clusters.add(one.cluster);
    }
    at += batch.length;
  }
}

/** Of which cluster a backup is, if it says so; undefined where there is none. */
async function readCluster(
  store: Store,
  id: BackupId,
  { room, signal }: ReadOptions & { readonly room: Room },
): Promise<{ readonly cluster: string | undefined } | undefined> {
  const key = keyOf(id, summaryName);
  const bytes = await readBytes(store, key, 0, { signal, mostBytes: summaryLimitBytes });
  const summary = bytes instanceof Uint8Array ? readOr(() => parseSummary(bytes, key)) : undefined;
  if (summary !== undefined && !(summary instanceof Unreadable) && isAbout(summary, id))
    return { cluster: summary.server.systemIdentifier };
  // Without one, or with another's in its place, the manifest says it: one at a time, for nobody knows how large they are.
  const manifest = await deriveSummary(store, id, { bytes: documentLimits.bytes }, { room, signal });
  if (manifest === undefined) return undefined;
  return { cluster: manifest instanceof Unreadable ? undefined : manifest.server.systemIdentifier };
}

function isAbout(summary: Names, { source, database }: Names): boolean {
  return summary.source === source && summary.database === database;
}
