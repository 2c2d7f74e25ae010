import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import type { Hold, Release } from '../manifest/hold.ts';
import { type Manifest, manifestName, verificationName } from '../manifest/manifest.ts';
import {
  parseVerification,
  reachedBy,
  type Verification,
  whyCountsAsNone,
} from '../manifest/verification.ts';
import { sha256Of } from '../store/meter.ts';
import type { ReadOptions, Store } from '../store/store.ts';
import type { ListedBackup } from './entry.ts';
import { judgeManifest } from './judge-manifest.ts';
import { readBytes, readOr } from './read-document.ts';
import { readHolds } from './read-holds.ts';

/** One backup with its documents whole. */
export type InventoryEntry = {
  readonly id: BackupId;
  readonly manifest: Manifest | Unreadable;
  /** Undefined where it was never verified, or what lies there is about another backup. */
  readonly verification: Verification | Unreadable | undefined;
  /** Why the verification that lies there counts as none. */
  readonly notCounted?: string;
  /** One that cannot be read holds all the same. */
  readonly hold?: Hold | Unreadable | undefined;
  readonly release?: Release | Unreadable | undefined;
  /** The bytes that were read, for whoever has to tell them from others. */
  readonly read: { readonly manifest?: ReadBytes | undefined; readonly verification?: ReadBytes | undefined };
};

export type ReadBytes = { readonly bytes: number; readonly sha256: string };

/**
 * A backup's documents. What is wrong with one of them is in the entry.
 *
 * @returns undefined where the manifest went away meanwhile: then there is no such backup any more
 * @throws StoreUnusable where it is the store that cannot be read, and not this object
 */
export async function readEntry(
  store: Store,
  listed: ListedBackup,
  options: ReadOptions,
): Promise<InventoryEntry | undefined> {
  const { id, documents, unreadable } = listed;
  if (unreadable !== undefined) {
    const why = new Unreadable(unreadable);
    // Nobody can see whether somebody holds it.
    return { id, manifest: why, verification: undefined, hold: why, read: {} };
  }
  const key = keyOf(id, manifestName);
  const bytes = await readBytes(store, key, documents.get(manifestName)?.bytes ?? 0, options);
  if (bytes === undefined) return undefined;
  const manifest = bytes instanceof Unreadable ? bytes : readOr(() => judgeManifest(bytes, id, key));
  const holds = await readHolds(store, listed, options);
  const verificationBytes = documents.get(verificationName)?.bytes;
  const read = { manifest: readOf(bytes) };
  if (verificationBytes === undefined) return { id, manifest, verification: undefined, ...holds, read };
  const verdict = await readVerdict(store, id, verificationBytes, read.manifest?.sha256, options);
  const { read: verification, ...judged } = verdict;
  return { id, manifest, ...judged, ...holds, read: { ...read, verification } };
}

function readOf(bytes: Buffer | Unreadable): ReadBytes | undefined {
  return bytes instanceof Unreadable ? undefined : { bytes: bytes.length, sha256: sha256Of(bytes) };
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
): Promise<Pick<InventoryEntry, 'verification' | 'notCounted'> & { readonly read?: ReadBytes | undefined }> {
  const key = keyOf(id, verificationName);
  const bytes = await readBytes(store, key, listedBytes, options);
  if (bytes === undefined || bytes instanceof Unreadable) return { verification: bytes };
  const read = readOf(bytes);
  const verification = readOr(() => parseVerification(bytes, key));
  if (verification instanceof Unreadable) return { verification, read };
  const { source, database } = id;
  // Of a manifest that cannot be read there is no SHA-256 to compare: what was found of it still says what is wrong.
  const { manifestSha256 = '' } = verification;
  const about = { id: formatId(id), source, database, sha256: sha256 ?? manifestSha256 };
  const notCounted = whyCountsAsNone(verification, about);
  if (notCounted !== undefined) return { verification: undefined, notCounted, read };
  return { verification: { ...verification, reached: reachedBy(verification) }, read };
}
