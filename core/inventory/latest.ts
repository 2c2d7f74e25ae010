import { PgproofError } from '../errors.ts';
import { type BackupId, encodeName, formatId, keyOf } from '../manifest/backup-id.ts';
import { documentLimits, Unreadable } from '../manifest/document.ts';
import { parseSummary, summaryLimitBytes, summaryName } from '../manifest/summary.ts';
import type { ReadOptions, Store } from '../store/store.ts';
import { clusterOf, isPartial, type ListEntry, newestFirst } from './entry.ts';
import { findIds, listOne } from './find-backups.ts';
import { readBytes, readOr } from './read-document.ts';
import { readListed } from './read-listed.ts';
import { Room } from './room.ts';

/** Two clusters were backed up under one name, now this one, now that: `latest` would be anybody's. */
export class SeveralClusters extends PgproofError {
  override readonly name = 'SeveralClusters';
}

export type Names = Pick<BackupId, 'source' | 'database'>;

export type Latest<T> = {
  /** What was made of the newest that was wanted, of the cluster that was backed up last. */
  readonly chosen: T | undefined;
  /** The newest there is; undefined where there is none. */
  readonly newest: ListEntry | undefined;
  /** Where none was chosen: the newest of another cluster that would have been. */
  readonly ofOther: ListEntry | undefined;
  /** How many were looked at. */
  readonly seen: number;
  /** How many of them were passed by, as tables were left out of them on purpose. */
  readonly partial: number;
};

export type LatestOptions = ReadOptions & {
  /** Takes one that tables were left out of for as good as a whole one. @default it is passed by */
  readonly partial?: boolean | undefined;
};

/** So many newest ones are asked of which cluster they are, although the first one may do. */
const newestAsked = 6;
/** As many where one of those was of another cluster: whether the two took turns, or one came after the other. */
const askedWhereTwo = 200;
/** The newest are read one by one, for the first will mostly do. */
const oneByOne = 4;
const readsAtOnce = 16;

/**
 * The newest backup that `take` makes something of, of the cluster that was backed up last, with as few requests as can be:
 * ids first, then what lies there, the newest first, until one is found. A backup without an identifier, of an older
 * pgproof, is of the oldest cluster that has one.
 *
 * @throws SeveralClusters, StoreUnusable
 */
export async function chooseLatest<T>(
  store: Store,
  names: Names,
  take: (entry: ListEntry) => T | undefined | Promise<T | undefined>,
  options: LatestOptions = {},
): Promise<Latest<T>> {
  const ids: BackupId[] = [];
  for await (const id of findIds(store, names, options)) ids.push(id);
  ids.sort((one, other) => newestFirst({ id: one }, { id: other }));
  const turns = new Turns(store, names);
  const room = new Room(documentLimits.bytes);
  let newest: ListEntry | undefined;
  let ofOther: ListEntry | undefined;
  let seen = 0;
  let partial = 0;
  for (let at = 0; at < ids.length; ) {
    const batch = ids.slice(at, at + (at < oneByOne ? 1 : readsAtOnce));
    const entries = await Promise.all(
      batch.map(async (id) => {
        const listed = await listOne(store, id, options);
        return listed && (await readListed(store, listed, { ...options, room }));
      }),
    );
    for (const [index, entry] of entries.entries()) {
      if (entry === undefined) continue;
      seen += 1;
      const isOwn = turns.add(entry.id, clusterOf(entry));
      if (options.partial !== true && isPartial(entry)) {
        partial += 1;
        continue;
      }
      newest ??= entry;
      if (!isOwn && ofOther !== undefined) continue;
      const taken = await take(entry);
      if (taken === undefined) continue;
      if (!isOwn) {
        ofOther = entry;
        continue;
      }
      await askOthers(store, ids, at + index + 1, turns, options);
      return { chosen: taken, newest, ofOther: undefined, seen, partial };
    }
    at += batch.length;
  }
  return { chosen: undefined, newest, ofOther, seen, partial };
}

/** Looks further back only to know of which clusters those are. */
async function askOthers(
  store: Store,
  ids: readonly BackupId[],
  from: number,
  turns: Turns,
  options: ReadOptions,
): Promise<void> {
  const most = (): number => (turns.areSeveral ? askedWhereTwo : newestAsked);
  for (let at = from; at < Math.min(most(), ids.length); at += readsAtOnce) {
    const batch = ids.slice(at, Math.min(at + readsAtOnce, most()));
    const clusters = await Promise.all(batch.map((id) => readCluster(store, id, options)));
    for (const [index, id] of batch.entries()) turns.add(id, clusters[index]);
  }
}

/** Undefined where the summary does not say, and where there is none: those are of a pgproof that recorded no identifier. */
async function readCluster(store: Store, id: BackupId, options: ReadOptions): Promise<string | undefined> {
  const key = keyOf(id, summaryName);
  const bytes = await readBytes(store, key, 0, { ...options, mostBytes: summaryLimitBytes });
  if (bytes === undefined || bytes instanceof Unreadable) return undefined;
  const summary = readOr(() => parseSummary(bytes, key));
  if (summary instanceof Unreadable || summary.id !== formatId(id)) return undefined;
  return summary.server.systemIdentifier;
}

/** Which clusters were backed up under one name, the latest first, and whether one came again after another. */
class Turns {
  readonly #store: Store;
  readonly #names: Names;
  readonly #newestOf = new Map<string, BackupId>();
  #first: string | undefined;
  #oldest: string | undefined;

  constructor(store: Store, names: Names) {
    this.#store = store;
    this.#names = names;
  }

  get areSeveral(): boolean {
    return this.#newestOf.size > 1;
  }

  /** @returns whether it is of the cluster that was backed up last @throws SeveralClusters */
  add(id: BackupId, cluster: string | undefined): boolean {
    // Identifiers came with a version of pgproof: what has none is older than what has one.
    const own = cluster ?? this.#oldest;
    if (own === undefined) return true;
    this.#first ??= own;
    if (own === this.#first && this.#oldest !== undefined && this.#oldest !== own)
      throw this.#inTurns(this.#first, this.#oldest);
    this.#oldest = own;
    if (!this.#newestOf.has(own)) this.#newestOf.set(own, id);
    return own === this.#first;
  }

  #inTurns(one: string, other: string): SeveralClusters {
    const { source, database } = this.#names;
    const name = `${encodeName(source)}/${encodeName(database)}`;
    const told = [one, other].map((cluster) => {
      const id = this.#newestOf.get(cluster);
      return `${id === undefined ? '' : `${formatId(id)} is of `}the one with the system identifier ${cluster}`;
    });
    return new SeveralClusters({
      what: `Two clusters took turns under the name ${name} in ${this.#store.url}: its latest could be of either`,
      got: told.join(', '),
      fix: `Name the backup by its id (pgproof list --store ${this.#store.url}), and give each cluster a --name of its own.`,
    });
  }
}
