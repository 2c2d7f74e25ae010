import { PgproofError } from '../errors.ts';
import { type BackupId, encodeName, formatId, parseIdOrLatest } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import { isGood } from '../manifest/verification.ts';
import { type ReadOptions, type Store, StoreUnusable } from '../store/store.ts';
import { plural } from '../text/units.ts';
import { checkStore } from './check-store.ts';
import { isGoodEntry } from './entry.ts';
import { findIds, listOne } from './find-backups.ts';
import { chooseLatest, type Latest, type LatestOptions, type Names } from './latest.ts';
import { type InventoryEntry, readEntry, verdictOn } from './read-entry.ts';

/** No manifest lies under that id, so there is no such backup. */
export class BackupNotFound extends PgproofError {
  override readonly name = 'BackupNotFound';
}

/**
 * The backup that `text` names; for `…/latest` the newest, whatever its verdict.
 *
 * @throws BackupNotFound, SeveralClusters, UsageError
 */
export async function findBackup(store: Store, text: string, options: LatestOptions = {}): Promise<BackupId> {
  const asked = parseIdOrLatest(text);
  if ('startedAt' in asked) {
    const found = await listOne(store, asked, options);
    if (found === undefined) throw await notFound(store, text, asked, options);
    return found.id;
  }
  const { chosen, partial } = await chooseLatest(store, asked, (entry) => entry, options);
  if (chosen !== undefined) return chosen.id;
  throw partial > 0 ? onlyPartial(store, text, partial) : await notFound(store, text, asked, options);
}

/**
 * One backup with its documents whole; for `…/latest` the newest good one, and where none is good just the newest.
 *
 * @throws BackupNotFound, SeveralClusters, UsageError
 */
export async function readBackup(
  store: Store,
  text: string,
  options: LatestOptions = {},
): Promise<InventoryEntry> {
  const asked = parseIdOrLatest(text);
  if ('startedAt' in asked) return await readById(store, asked, options);
  const { chosen, newest, partial } = await latestGood(store, asked, options);
  if (chosen !== undefined) return chosen;
  if (newest === undefined && partial > 0) throw onlyPartial(store, text, partial);
  if (newest === undefined) throw await notFound(store, text, asked, options);
  return await readById(store, newest.id, options);
}

/** The newest good backup of the cluster that was backed up last, and what was seen on the way to it. @throws SeveralClusters */
export async function latestGood(
  store: Store,
  names: Names,
  options: LatestOptions = {},
): Promise<Latest<InventoryEntry>> {
  return await chooseLatest(
    store,
    names,
    async (listed) => {
      if (!isGoodEntry(listed)) return undefined;
      // A summary may be of another manifest than the one that lies there now.
      const entry = await readEntry(store, listed, options);
      if (entry === undefined || (options.partial !== true && isPartialManifest(entry))) return undefined;
      return isGood(verdictOn(entry)) ? entry : undefined;
    },
    options,
  );
}

function isPartialManifest({ manifest }: InventoryEntry): boolean {
  return !(manifest instanceof Unreadable) && manifest.partial === true;
}

/** `latest` stands for all of a database. */
export function onlyPartial(store: Store, text: string, partial: number): BackupNotFound {
  return new BackupNotFound({
    what: `There is no whole backup that ${text} could be in ${store.url}`,
    got: `${plural(partial, 'backup')} that tables were left out of on purpose`,
    fix: `Name one by its id (pgproof list --store ${store.url}), or let show, verify and restore take the latest of these with --partial ("partial": true in a function's event).`,
  });
}

async function readById(store: Store, id: BackupId, options: ReadOptions): Promise<InventoryEntry> {
  const listed = await listOne(store, id, options);
  const entry = listed && (await readEntry(store, listed, options));
  if (entry === undefined) throw await notFound(store, formatId(id), id, options);
  return entry;
}

/** @throws StoreUnusable where the place holds no backups at all, but other things */
async function notFound(
  store: Store,
  text: string,
  { source, database }: Names,
  options: ReadOptions,
): Promise<BackupNotFound> {
  let others = 0;
  for await (const _ of findIds(store, { source, database }, options)) others += 1;
  const name = `${encodeName(source)}/${encodeName(database)}`;
  return new BackupNotFound({
    what: `There is no backup ${text} in ${store.url}`,
    got: others === 0 ? await whatThere(store, options) : `${others} others of ${name}`,
    fix: `See what there is: pgproof list --store ${store.url}`,
  });
}

async function whatThere(store: Store, options: ReadOptions): Promise<string> {
  try {
    await checkStore(store, options);
    return 'no backup of that database';
  } catch (error: unknown) {
    if (error instanceof StoreUnusable) return error.problem.what;
    throw error;
  }
}
