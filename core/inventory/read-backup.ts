import { PgproofError, UsageError } from '../errors.ts';
import { type BackupId, encodeName, formatId, parseIdOrLatest } from '../manifest/backup-id.ts';
import { briefOf } from '../manifest/brief.ts';
import { Unreadable } from '../manifest/document.ts';
import { isGood } from '../manifest/verification.ts';
import { type ReadOptions, type Store, StoreUnusable } from '../store/store.ts';
import { plural } from '../text/units.ts';
import { checkStore } from './check-store.ts';
import { findIds, listOne } from './find-backups.ts';
import { chooseLatest, type Latest, type LatestOptions, type Names } from './latest.ts';
import { type PassedOver, passedOver, unreadableManifest, whyNotGood } from './passed-over.ts';
import { type InventoryEntry, readEntry, verdictOn } from './read-entry.ts';

/** No manifest lies under that id, so there is no such backup. */
export class BackupNotFound extends PgproofError {
  override readonly name = 'BackupNotFound';
}

/** How a backup was chosen. Both are of `…/latest` only. */
export type Choice = {
  /** Newer ones that were not taken, the newest first. */
  readonly passedOver: readonly PassedOver[];
  /** Where not one is good, and the newest was taken all the same: why it is none. */
  readonly notGood?: PassedOver | undefined;
};

/**
 * The backup that `text` names, without a look into its documents where it is an id; for `…/latest` the one that
 * {@link readBackup} would read.
 *
 * @throws BackupNotFound, SeveralClusters, UsageError
 */
export async function findBackup(
  store: Store,
  text: string,
  options: LatestOptions = {},
): Promise<Choice & { readonly id: BackupId }> {
  const asked = parseIdOrLatest(text);
  if ('startedAt' in asked) {
    const found = await listOne(store, asked, options);
    if (found === undefined) throw await notFound(store, text, asked, options);
    return { id: found.id, passedOver: [] };
  }
  const { id, passedOver, notGood } = await readBackup(store, text, options);
  return { id, passedOver, notGood };
}

/**
 * One backup with its documents whole; for `…/latest` the newest good one, with `any` the newest whatever its verdict, and
 * where there is none such just the newest.
 *
 * @throws BackupNotFound, SeveralClusters, UsageError
 */
export async function readBackup(
  store: Store,
  text: string,
  options: LatestOptions = {},
): Promise<InventoryEntry & Choice> {
  const asked = parseIdOrLatest(text);
  if ('startedAt' in asked) return { ...(await readById(store, asked, options)), passedOver: [] };
  const latest = await latestGood(store, asked, options);
  const { chosen, newest, passedOver } = latest;
  if (chosen !== undefined) return { ...chosen, passedOver };
  if (newest === undefined) throw await noneOf(store, text, latest, options);
  const at = passedOver.findIndex(({ id }) => id === formatId(newest.id));
  return {
    ...(await readById(store, newest.id, options)),
    passedOver: passedOver.slice(0, Math.max(0, at)),
    notGood: passedOver[at],
  };
}

/** The newest good backup, and what was seen on the way to it; with `any` the newest that can be read. @throws SeveralClusters */
export async function latestGood(
  store: Store,
  names: Names,
  options: LatestOptions = {},
): Promise<Latest<InventoryEntry>> {
  const { any = false, partial = false } = options;
  return await chooseLatest(
    store,
    names,
    async (listed) => {
      // A summary may be of another manifest than the one that lies there now.
      const entry = await readEntry(store, listed, options);
      if (entry === undefined) return { not: undefined };
      const { manifest, verification, notCounted } = entry;
      if (manifest instanceof Unreadable) return { not: unreadableManifest(listed, manifest) };
      if (!partial && manifest.partial === true)
        return { not: passedOver(listed, 'partial', 'partial, as tables were left out of it on purpose') };
      if (any || isGood(verdictOn(entry))) return { taken: entry };
      const brief =
        verification === undefined || verification instanceof Unreadable
          ? verification
          : briefOf(verification);
      return { not: whyNotGood({ ...listed, verification: brief, notCounted }) };
    },
    options,
  );
}

/** Why there is not even a newest one. */
export async function noneOf(
  store: Store,
  text: string,
  { partial, seen, clusters }: Latest<unknown>,
  options: LatestOptions,
): Promise<BackupNotFound> {
  const names = parseIdOrLatest(text);
  const { cluster } = options;
  if (cluster !== undefined && seen > 0 && !clusters.includes(cluster))
    return new BackupNotFound({
      what: `There is no backup of the cluster ${cluster} that ${text} could be in ${store.url}`,
      got:
        clusters.length === 0
          ? `${plural(seen, 'backup')}, none of which says of which cluster it is`
          : `${plural(seen, 'backup')}, of ${clusters.join(' and ')}`,
      fix: 'Correct --cluster, or name the backup by its id.',
    });
  return partial > 0 ? onlyPartial(store, text, partial) : await notFound(store, text, names, options);
}

/** `latest` stands for all of a database. */
export function onlyPartial(store: Store, text: string, partial: number): BackupNotFound {
  return new BackupNotFound({
    what: `There is no whole backup that ${text} could be in ${store.url}`,
    got: `${plural(partial, 'backup')} that tables were left out of on purpose`,
    fix: `Name one by its id (pgproof list --store ${store.url}), or take the latest of these with --partial ("partial": true in a function's event).`,
  });
}

async function readById(store: Store, id: BackupId, options: LatestOptions): Promise<InventoryEntry> {
  const listed = await listOne(store, id, options);
  const entry = listed && (await readEntry(store, listed, options));
  if (entry === undefined) throw await notFound(store, formatId(id), id, options);
  const { manifest } = entry;
  const own = manifest instanceof Unreadable ? undefined : manifest.server.systemIdentifier;
  if (options.cluster === undefined || own === undefined || own === options.cluster) return entry;
  throw new UsageError({
    what: `${formatId(id)} is of another cluster`,
    got: own,
    expected: options.cluster,
    fix: 'Leave --cluster out: it says which cluster /latest means.',
  });
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
    got: others === 0 ? await whatThere(store, options) : `${plural(others, 'other')} of ${name}`,
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
