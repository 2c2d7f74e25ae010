import { messageOf } from '../errors.ts';
import { type BackupId, encodeName, formatId, idInKey, keyOf } from '../manifest/backup-id.ts';
import { ManifestUnreadable, manifestName } from '../manifest/manifest.ts';
import {
  parseSummary,
  type Summary,
  summaryLimitBytes,
  summaryName,
  summaryOf,
} from '../manifest/summary.ts';
import { sha256Of } from '../store/meter.ts';
import {
  collectSmall,
  ObjectMissing,
  ObjectTooLarge,
  type ReadOptions,
  readSmall,
  type Store,
  StoreUnusable,
} from '../store/store.ts';
import { oneLine } from '../text/one-line.ts';
import { judgeManifest } from './judge-manifest.ts';

export type NewestSummary = {
  /** Undefined where there is none, or none that could be read. */
  readonly summary: Summary | undefined;
  /** Backups that lie there and could not be read, a sentence each. */
  readonly problems: readonly string[];
};

/** What killed runs left is looked at too: more of it in a row than this, and there is no saying what was before. */
const mostLooks = 30;
/** Its reader has a dump beside it, and a function's memory. */
const mostManifestBytes = 16 * 1024 * 1024;

/**
 * What is known of the newest backup of a database whose manifest can be read, in few requests however many there are: a
 * page of names per thousand, and two documents. Verdicts are not asked for. Partial ones are passed by: nothing is
 * compared with them.
 *
 * @param before only what was started earlier; a backup of the future, by a clock that was wrong, is none yet
 * @throws StoreUnusable, and the signal's reason
 */
export async function newestSummary(
  store: Store,
  { source, database, before }: { source: string; database: string; before: Date },
  options: ReadOptions = {},
): Promise<NewestSummary> {
  const prefix = `${encodeName(source)}/${encodeName(database)}/`;
  const ids: BackupId[] = [];
  for await (const folder of store.folders(prefix, options)) {
    const id = idInKey(prefix + folder);
    if (id !== undefined && id.startedAt < before) ids.push(id);
  }
  const newest = ids.sort((one, other) => other.startedAt.getTime() - one.startedAt.getTime());
  const problems: string[] = [];
  for (const id of newest.slice(0, mostLooks)) {
    const found = await look(store, id, options).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      const isOfBackup =
        error instanceof ManifestUnreadable ||
        error instanceof ObjectTooLarge ||
        (error instanceof StoreUnusable && error.isOfObject);
      if (!isOfBackup) throw error;
      problems.push(`${formatId(id)}: ${oneLine(messageOf(error), { limit: 300 })}`);
      return undefined;
    });
    if (found !== undefined && found.partial !== true) return { summary: found, problems };
  }
  if (newest.length > mostLooks)
    problems.push(`none of the ${mostLooks} newest of ${newest.length} under ${prefix} is a backup`);
  return { summary: undefined, problems };
}

/** @returns undefined where there is no backup: its manifest is not there */
async function look(store: Store, id: BackupId, options: ReadOptions): Promise<Summary | undefined> {
  const key = keyOf(id, manifestName);
  const bytes = await bytesOf(store, key, options);
  if (bytes === undefined) return undefined;
  const summary = await readSummary(store, id, options);
  if (summary?.manifest.bytes === bytes) return summary;
  if (bytes > mostManifestBytes) throw new ObjectTooLarge(`${store.url}/${key}`);
  try {
    const manifest = await readSmall(store, key, options);
    return summaryOf(judgeManifest(manifest, id, key), {
      bytes: manifest.length,
      sha256: sha256Of(manifest),
    });
  } catch (error: unknown) {
    if (error instanceof ObjectMissing) return undefined;
    throw error;
  }
}

/** Undefined where there is no such object. */
async function bytesOf(store: Store, key: string, options: ReadOptions): Promise<number | undefined> {
  for await (const found of store.list(key, options)) if (found.key === key) return found.bytes;
  return undefined;
}

/** Undefined where there is none that is of use: the manifest says the same. */
async function readSummary(store: Store, id: BackupId, options: ReadOptions): Promise<Summary | undefined> {
  const key = keyOf(id, summaryName);
  try {
    const bytes = await collectSmall(await store.read(key, options), `${store.url}/${key}`);
    if (bytes.length > summaryLimitBytes) return undefined;
    const summary = parseSummary(bytes, key);
    const isOurs =
      summary.id === formatId(id) && summary.source === id.source && summary.database === id.database;
    return isOurs ? summary : undefined;
  } catch (error: unknown) {
    if (error instanceof ObjectMissing || error instanceof ManifestUnreadable) return undefined;
    if (error instanceof ObjectTooLarge || (error instanceof StoreUnusable && error.isOfObject))
      return undefined;
    throw error;
  }
}
