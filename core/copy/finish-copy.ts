import { type BackupId, keyOf } from '../manifest/backup-id.ts';
import { serialize } from '../manifest/document.ts';
import { type Manifest, manifestName } from '../manifest/manifest.ts';
import { summaryName, summaryOf } from '../manifest/summary.ts';
import { ObjectExists, type ObjectLock, type Store } from '../store/store.ts';
import { CopyConflict, CopyDamaged } from './copy-errors.ts';

/**
 * Makes a copy visible whose objects lie there whole: the summary for those who list, then the manifest, which is read back.
 *
 * @param manifest.bytes as the first store has them
 * @throws CopyConflict, CopyDamaged, StoreUnusable
 */
export async function finishCopy(
  copy: {
    readonly id: BackupId;
    readonly to: Store;
    readonly bytes: Buffer;
    readonly manifest: Manifest;
    readonly sha256: string;
    readonly lock?: (() => ObjectLock | undefined) | undefined;
  },
  signal: AbortSignal,
): Promise<void> {
  const { id, to, bytes, manifest, sha256, lock } = copy;
  await writeSummary(id, to, serialize(summaryOf(manifest, { bytes: bytes.length, sha256 })));
  signal.throwIfAborted();
  const key = keyOf(id, manifestName);
  let isOurs = true;
  try {
    await to.create(key, bytes, { lock: lock?.() });
  } catch (error: unknown) {
    // Another copy of the same backup may have been first.
    if (!(error instanceof ObjectExists)) throw error;
    isOurs = false;
  }
  const there = (await to.readVersion(key, { signal }))?.content;
  if (there?.equals(bytes)) return;
  const found = {
    name: manifestName,
    store: to,
    got: there === undefined ? 'nothing' : 'other bytes',
    expected: `SHA-256 ${sha256}`,
  };
  if (!isOurs) throw new CopyConflict(id, found);
  throw new CopyDamaged(id, found, `Delete ${to.url}/${key}, and do not trust that store.`);
}

/** Left by a copy that was cut off, it may be of another version of pgproof. */
async function writeSummary(id: BackupId, to: Store, summary: Buffer): Promise<void> {
  const key = keyOf(id, summaryName);
  try {
    await to.create(key, summary);
  } catch (error: unknown) {
    if (!(error instanceof ObjectExists)) throw error;
    const there = await to.readVersion(key);
    if (!there?.content.equals(summary)) await to.replaceIf(key, summary, there?.version);
  }
}
