import { messageOf } from '../errors.ts';
import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { documentLimits, Unreadable } from '../manifest/document.ts';
import { type Manifest, ManifestUnreadable, manifestName, verificationName } from '../manifest/manifest.ts';
import {
  parseVerification,
  reachedBy,
  type Verification,
  whyCountsAsNone,
} from '../manifest/verification.ts';
import { sha256Of } from '../store/meter.ts';
import {
  ObjectMissing,
  ObjectTooLarge,
  type ReadOptions,
  readSmall,
  type Store,
  StoreUnusable,
} from '../store/store.ts';
import { judgeManifest } from './judge-manifest.ts';

/** One backup of a store. A manifest that cannot be read is listed too: a backup that went bad must not just vanish. */
export type InventoryEntry = {
  readonly id: BackupId;
  readonly manifest: Manifest | Unreadable;
  /** Undefined where it was never verified, or what lies there is about another backup. */
  readonly verification: Verification | Unreadable | undefined;
  /** Why the verification that lies there counts as none. */
  readonly notCounted?: string;
};

/** A backup as a listing tells it: its documents, and how large they are. */
export type ListedBackup = {
  readonly id: BackupId;
  readonly manifestBytes: number;
  /** Undefined where it was never verified. */
  readonly verificationBytes: number | undefined;
};

/**
 * A backup's documents. What is wrong with one of them is in the entry, and no reason to stop reading others.
 *
 * @returns undefined where the manifest went away meanwhile: then there is no such backup any more
 * @throws StoreUnusable where it is the store that cannot be read, and not this object
 */
export async function readEntry(
  store: Store,
  { id, manifestBytes, verificationBytes }: ListedBackup,
  options: ReadOptions,
): Promise<InventoryEntry | undefined> {
  const key = keyOf(id, manifestName);
  const bytes = await readBytes(store, key, manifestBytes, options);
  if (bytes === undefined) return undefined;
  const manifest = bytes instanceof Unreadable ? bytes : readOr(() => judgeManifest(bytes, id, key));
  if (verificationBytes === undefined) return { id, manifest, verification: undefined };
  const sha256 = bytes instanceof Unreadable ? undefined : sha256Of(bytes);
  return { id, manifest, ...(await readVerdict(store, id, verificationBytes, sha256, options)) };
}

/** What counts of the verification: nothing where it, or the manifest that it is about, cannot be read. */
export function verdictOn({
  manifest,
  verification,
}: Pick<InventoryEntry, 'manifest' | 'verification'>): Verification | undefined {
  return manifest instanceof Unreadable || verification instanceof Unreadable ? undefined : verification;
}

/** The verdict in force, with how deep the backup was passed even where that was not recorded yet. */
async function readVerdict(
  store: Store,
  id: BackupId,
  listedBytes: number,
  sha256: string | undefined,
  options: ReadOptions,
): Promise<Pick<InventoryEntry, 'verification' | 'notCounted'>> {
  const key = keyOf(id, verificationName);
  const bytes = await readBytes(store, key, listedBytes, options);
  if (bytes === undefined || bytes instanceof Unreadable) return { verification: bytes };
  const verification = readOr(() => parseVerification(bytes, key));
  if (verification instanceof Unreadable) return { verification };
  const { source, database } = id;
  // Of a manifest that cannot be read there is no SHA-256 to compare: what was found of it still says what is wrong.
  const { manifestSha256 = '' } = verification;
  const about = { id: formatId(id), source, database, sha256: sha256 ?? manifestSha256 };
  const notCounted = whyCountsAsNone(verification, about);
  if (notCounted !== undefined) return { verification: undefined, notCounted };
  return { verification: { ...verification, reached: reachedBy(verification) } };
}

/** A document's bytes, or why there are none; what the listing says is too large is not even asked for. */
async function readBytes(
  store: Store,
  key: string,
  listedBytes: number,
  options: ReadOptions,
): Promise<Buffer | Unreadable | undefined> {
  try {
    if (listedBytes > documentLimits.bytes) throw new ObjectTooLarge(`${store.url}/${key}`);
    return await readSmall(store, key, options);
  } catch (error: unknown) {
    if (error instanceof ObjectMissing) return undefined;
    if (error instanceof ObjectTooLarge || (error instanceof StoreUnusable && error.isOfObject))
      return new Unreadable(messageOf(error));
    throw error;
  }
}

/** A document that is damaged is told as such. */
function readOr<T>(parse: () => T): T | Unreadable {
  try {
    return parse();
  } catch (error: unknown) {
    if (error instanceof ManifestUnreadable) return new Unreadable(messageOf(error));
    throw error;
  }
}
