import pLimit from 'p-limit';
import { messageOf, PgproofError } from '../errors.ts';
import {
  type BackupId,
  encodeName,
  formatId,
  idInKey,
  keyOf,
  parseIdOrLatest,
} from '../manifest/backup-id.ts';
import {
  type Manifest,
  ManifestUnreadable,
  manifestName,
  parseManifest,
  verificationName,
} from '../manifest/manifest.ts';
import {
  parseVerification,
  reachedBy,
  type Verification,
  whyCountsAsNone,
} from '../manifest/verification.ts';
import { sha256Of } from '../store/meter.ts';
import { type ReadOptions, readSmall, type Store } from '../store/store.ts';

/** One backup of a store. A manifest that cannot be read is listed too: a backup that went bad must not just vanish. */
export type InventoryEntry = {
  readonly id: BackupId;
  readonly manifest: Manifest | { readonly unreadable: string };
  /** Undefined where it was never verified, or what lies there is about another backup. */
  readonly verification: Verification | { readonly unreadable: string } | undefined;
  /** Why the verification that lies there counts as none. */
  readonly notCounted?: string;
};

export type InventoryFilter = {
  readonly source?: string | undefined;
  readonly database?: string | undefined;
};

/** No manifest lies under that id, so there is no such backup. */
export class BackupNotFound extends PgproofError {
  override readonly name = 'BackupNotFound';
}

const readsAtOnce = 16;

/** Every backup that matches, oldest first within each database. */
export async function listBackups(
  store: Store,
  filter: InventoryFilter,
  options: ReadOptions = {},
): Promise<InventoryEntry[]> {
  const found = await findKeys(store, filter, options);
  const limit = pLimit(readsAtOnce);
  return Promise.all(found.map(({ id, verified }) => limit(() => readEntry(store, id, verified, options))));
}

/** The backup that `text` names; for `…/latest` the newest one. @throws BackupNotFound, UsageError */
export async function findBackup(store: Store, text: string, options: ReadOptions = {}): Promise<BackupId> {
  const asked = parseIdOrLatest(text);
  const found = await findKeys(store, asked, options);
  const match =
    'startedAt' in asked ? found.find(({ id }) => formatId(id) === formatId(asked)) : found.at(-1);
  if (match === undefined) {
    throw new BackupNotFound({
      what: `There is no backup ${text} in ${store.url}`,
      got: found.length === 0 ? 'no backup of that database' : `${found.length} others of that database`,
      fix: `See what there is: pgproof list --store ${store.url}`,
    });
  }
  return match.id;
}

/** One backup with its verification. @throws BackupNotFound */
export async function readBackup(
  store: Store,
  text: string,
  options: ReadOptions = {},
): Promise<InventoryEntry> {
  const id = await findBackup(store, text, options);
  return readEntry(store, id, undefined, options);
}

async function findKeys(
  store: Store,
  { source, database }: InventoryFilter,
  options: ReadOptions,
): Promise<{ readonly id: BackupId; readonly verified: boolean }[]> {
  const prefix =
    source === undefined
      ? ''
      : `${encodeName(source)}/${database === undefined ? '' : `${encodeName(database)}/`}`;
  const found: { id: BackupId; verified: boolean }[] = [];
  const verified = new Set<string>();
  for await (const { key } of store.list(prefix, options)) {
    const parts = key.split('/');
    const name = parts.pop();
    // An archive in the directory format may hold files of any name one level below.
    if (parts.length !== 3 || (name !== manifestName && name !== verificationName)) continue;
    // Other people's objects may lie in the bucket: what is no id of ours is not looked at.
    const id = idInKey(parts.join('/'));
    if (id === undefined || (database !== undefined && id.database !== database)) continue;
    if (name === manifestName) found.push({ id, verified: false });
    else verified.add(formatId(id));
  }
  return found.map(({ id }) => ({ id, verified: verified.has(formatId(id)) }));
}

async function readEntry(
  store: Store,
  id: BackupId,
  verified: boolean | undefined,
  options: ReadOptions,
): Promise<InventoryEntry> {
  const manifestKey = keyOf(id, manifestName);
  const verificationKey = keyOf(id, verificationName);
  const isVerified = verified ?? (await exists(store, verificationKey, options));
  const bytes = await readSmall(store, manifestKey, options);
  return {
    id,
    manifest: readOr(() => parseManifest(bytes, manifestKey)),
    ...(isVerified ? await readVerdict(store, id, sha256Of(bytes), options) : { verification: undefined }),
  };
}

/** The verdict in force, with how deep the backup was passed even where that was not recorded yet. */
async function readVerdict(
  store: Store,
  id: BackupId,
  sha256: string,
  options: ReadOptions,
): Promise<Pick<InventoryEntry, 'verification' | 'notCounted'>> {
  const key = keyOf(id, verificationName);
  const bytes = await readSmall(store, key, options);
  const verification = readOr(() => parseVerification(bytes, key));
  if ('unreadable' in verification) return { verification };
  const { source, database } = id;
  const notCounted = whyCountsAsNone(verification, { id: formatId(id), source, database, sha256 });
  if (notCounted !== undefined) return { verification: undefined, notCounted };
  return { verification: { ...verification, reached: reachedBy(verification) } };
}

/** What counts of the verification: nothing where it cannot be read. */
export function verdictOn({ verification }: Pick<InventoryEntry, 'verification'>): Verification | undefined {
  return verification === undefined || 'unreadable' in verification ? undefined : verification;
}

async function exists(store: Store, key: string, options: ReadOptions): Promise<boolean> {
  for await (const object of store.list(key, options)) if (object.key === key) return true;
  return false;
}

/** A document that is damaged is told as such. */
function readOr<T>(parse: () => T): T | { readonly unreadable: string } {
  try {
    return parse();
  } catch (error: unknown) {
    if (error instanceof ManifestUnreadable) return { unreadable: messageOf(error) };
    throw error;
  }
}
