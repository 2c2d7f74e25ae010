import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { type Brief, briefOf, briefSchema } from '../manifest/brief.ts';
import { documentLimits, Unreadable } from '../manifest/document.ts';
import { manifestName, verificationName } from '../manifest/manifest.ts';
import {
  leanSummary,
  parseSummary,
  type Summary,
  summaryLimitBytes,
  summaryName,
  summaryOf,
  summarySchema,
} from '../manifest/summary.ts';
import { parseVerification, whyCountsAsNone } from '../manifest/verification.ts';
import { sha256Of } from '../store/meter.ts';
import type { ReadOptions, Store } from '../store/store.ts';
import { type InventoryCache, tagOf } from './cache.ts';
import type { ListEntry, ListedBackup, ListedDocument } from './entry.ts';
import { judgeManifest } from './judge-manifest.ts';
import { readBytes, readOr } from './read-document.ts';
import { readHolds } from './read-holds.ts';
import { Room } from './room.ts';

export type ListReadOptions = ReadOptions & {
  /** What is known from before of documents that have not changed. */
  readonly cache?: InventoryCache | undefined;
  /** How much of documents may be held at once by those who read in parallel. */
  readonly room?: Room | undefined;
  /** The most that is read of a manifest. @default what is read of any document */
  readonly mostManifestBytes?: number | undefined;
  /** Whether manifests are read and no summaries, which whoever deletes must not go by. @default false */
  readonly fromManifests?: boolean | undefined;
};

/**
 * What a list needs of a backup: its summary instead of its manifest, where that is the one of a manifest of the listed
 * size. What is wrong with a document is in the entry, and no reason to stop reading others.
 *
 * @returns undefined where the manifest went away meanwhile: then there is no such backup any more
 * @throws StoreUnusable where it is the store that cannot be read, and not this object
 */
export async function readListed(
  store: Store,
  listed: ListedBackup,
  options: ListReadOptions = {},
): Promise<ListEntry | undefined> {
  if (listed.unreadable !== undefined)
    return {
      ...listed,
      summary: new Unreadable(listed.unreadable),
      verification: undefined,
      // Nobody can see whether somebody holds it.
      hold: new Unreadable(listed.unreadable),
      release: undefined,
    };
  const [summary, brief, holds] = await Promise.all([
    readSummary(store, listed, options),
    readBrief(store, listed, options),
    readHolds(store, listed, options),
  ]);
  if (summary === undefined) return undefined;
  return { ...listed, summary, ...judged(listed.id, summary, brief), ...holds };
}

/** Of a manifest that cannot be read there is no SHA-256 to compare: what was found of it still says what is wrong. */
function judged(
  id: BackupId,
  summary: Summary | Unreadable,
  brief: Brief | Unreadable | undefined,
): Pick<ListEntry, 'verification' | 'notCounted'> {
  if (brief === undefined || brief instanceof Unreadable) return { verification: brief };
  const { source, database } = id;
  const sha256 = summary instanceof Unreadable ? (brief.manifestSha256 ?? '') : summary.manifest.sha256;
  const about = { id: formatId(id), source, database, sha256 };
  const notCounted = whyCountsAsNone({ ...brief, checks: { length: brief.checkCount } }, about);
  return notCounted === undefined ? { verification: brief } : { verification: undefined, notCounted };
}

/** What a list needs of the manifest: of its summary where that can be trusted, else of the manifest itself. */
export async function readSummary(
  store: Store,
  { id, documents }: ListedBackup,
  { cache, fromManifests = false, ...options }: ListReadOptions,
): Promise<Summary | Unreadable | undefined> {
  const manifest = documents.get(manifestName);
  if (manifest === undefined) return undefined;
  if (fromManifests) return await deriveSummary(store, id, manifest, options);
  const beside = documents.get(summaryName);
  const key = keyOf(id, manifestName);
  const tag = tagOf(manifest, beside);
  const cached = summarySchema.safeParse(cache?.get(key, tag)).data;
  if (cached !== undefined && isOf(cached, id, manifest)) return leanSummary(cached);
  const summary =
    (beside && (await readBeside(store, id, manifest, beside, options))) ??
    (await deriveSummary(store, id, manifest, options));
  if (summary !== undefined && !(summary instanceof Unreadable)) cache?.put(key, tag, summary);
  return summary;
}

/** What lies beside the manifest, if it is its summary. The size is what the listing says: no other request is made. */
async function readBeside(
  store: Store,
  id: BackupId,
  manifest: ListedDocument,
  listed: ListedDocument,
  options: ReadOptions,
): Promise<Summary | undefined> {
  // A manifest that is not read by those who need it is none, whatever is said of it.
  if (manifest.bytes > documentLimits.bytes) return undefined;
  const key = keyOf(id, summaryName);
  const bytes = await readBytes(store, key, listed.bytes, { ...options, mostBytes: summaryLimitBytes });
  if (bytes === undefined || bytes instanceof Unreadable) return undefined;
  const summary = readOr(() => parseSummary(bytes, key));
  if (summary instanceof Unreadable || !isOf(summary, id, manifest)) return undefined;
  return leanSummary(summary);
}

/** Whether a summary is of this backup, and of a manifest as long as the one that lies there. */
function isOf(summary: Summary, id: BackupId, manifest: ListedDocument): boolean {
  return (
    summary.id === formatId(id) &&
    summary.source === id.source &&
    summary.database === id.database &&
    summary.manifest.bytes === manifest.bytes
  );
}

/** The summary of the manifest that lies there; undefined where there is none. @param listed how long it is at the most */
export async function deriveSummary(
  store: Store,
  id: BackupId,
  { bytes: listedBytes }: Pick<ListedDocument, 'bytes'>,
  { room = new Room(documentLimits.bytes), mostManifestBytes: mostBytes, ...options }: ListReadOptions,
): Promise<Summary | Unreadable | undefined> {
  const key = keyOf(id, manifestName);
  return await room.hold(heldFor(listedBytes), async () => {
    const bytes = await readBytes(store, key, listedBytes, { ...options, mostBytes });
    if (bytes === undefined || bytes instanceof Unreadable) return bytes;
    return readOr(() => {
      const manifest = judgeManifest(bytes, id, key);
      return leanSummary(summaryOf(manifest, { bytes: bytes.length, sha256: sha256Of(bytes) }));
    });
  });
}

async function readBrief(
  store: Store,
  { id, documents }: ListedBackup,
  { cache, room = new Room(documentLimits.bytes), ...options }: ListReadOptions,
): Promise<Brief | Unreadable | undefined> {
  const listed = documents.get(verificationName);
  if (listed === undefined) return undefined;
  const key = keyOf(id, verificationName);
  const tag = tagOf(listed);
  const cached = briefSchema.safeParse(cache?.get(key, tag)).data;
  if (cached !== undefined) return cached;
  return await room.hold(heldFor(listed.bytes), async () => {
    const bytes = await readBytes(store, key, listed.bytes, options);
    if (bytes === undefined || bytes instanceof Unreadable) return bytes;
    const brief = readOr(() => briefOf(parseVerification(bytes, key)));
    if (!(brief instanceof Unreadable)) cache?.put(key, tag, brief);
    return brief;
  });
}

/** What is beyond the limit is not read. */
function heldFor(listedBytes: number): number {
  return listedBytes <= documentLimits.bytes ? listedBytes : 0;
}
