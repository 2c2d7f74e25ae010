import { setMaxListeners } from 'node:events';
import { planDefaults } from '../config/defaults.ts';
import { judgeManifest } from '../inventory/judge-manifest.ts';
import { BackupNotFound } from '../inventory/read-backup.ts';
import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { type Manifest, manifestName } from '../manifest/manifest.ts';
import { watchdog } from '../process/watchdog.ts';
import { sha256Of } from '../store/meter.ts';
import { ObjectMissing, readSmall, type Store } from '../store/store.ts';
import { bringHold } from './bring-hold.ts';
import { bringVerdict } from './bring-verdict.ts';
import { CopyConflict } from './copy-errors.ts';
import { copyObjects } from './copy-objects.ts';
import { finishCopy } from './finish-copy.ts';
import { refuseBad, refuseBadCopy } from './refuse-bad.ts';
import type { CopyOutcome, CopyRequest } from './request.ts';
import { refuseOnePlace } from './two-places.ts';
import { untilStopped } from './until-stopped.ts';

/**
 * Brings one backup into another store, under the same id: what its manifest names first, each object measured as it passes
 * and read back from the other side; then what was said of it (verdict, hold); its manifest last, byte for byte. Cut off
 * anywhere it is no backup there, and the next time goes on from there. What lies there already is brought up to date.
 *
 * @throws BackupNotFound, ManifestUnreadable, NotCopied; SourceDamaged, CopyDamaged, CopyConflict; Stalled, StoreUnusable;
 *   UsageError where the two stores are one place
 */
export async function copyBackup(request: CopyRequest): Promise<CopyOutcome> {
  const { id, from, to, stallSeconds = planDefaults.stallSeconds } = request;
  await refuseOnePlace(from, to);
  const watch = watchdog(stallSeconds, `The copy of ${formatId(id)} from ${from.url} to ${to.url}`);
  const signal = AbortSignal.any([request.signal, watch.signal]);
  // Many objects at once listen to it.
  setMaxListeners(0, signal);
  try {
    return await untilStopped(copy(request, signal, watch.touch), signal);
  } finally {
    watch.stop();
  }
}

async function copy(request: CopyRequest, signal: AbortSignal, onLife: () => void): Promise<CopyOutcome> {
  const { id, from, to, clock, failedToo = false } = request;
  const begun = clock().getTime();
  const { bytes, manifest } = await readSource(id, from, signal);
  const about = { id, from, to, sha256: sha256Of(bytes) };
  const there = await readThere(id, to, signal);
  if (there !== undefined) {
    assertSame(id, to, bytes, there);
    const verdictBrought = await bringVerdict(about, { signal });
    await bringHold({ ...about, now: clock() }, { signal });
    await refuseBadCopy(about, signal);
    return { kind: 'there', verdictBrought };
  }
  if (!failedToo) await refuseBad(about, signal);
  const totalBytes = await copyObjects(manifest, { ...request, signal }, onLife);
  await bringVerdict(about, { signal });
  await bringHold({ ...about, now: clock() }, { signal });
  await finishCopy({ ...about, bytes, manifest, lock: request.lock }, signal);
  await request.notes?.stored(manifest);
  const seconds = (clock().getTime() - begun) / 1_000;
  return { kind: 'copied', bytes: totalBytes, seconds, checked: 'read-back' };
}

async function readSource(
  id: BackupId,
  from: Store,
  signal: AbortSignal,
): Promise<{ readonly bytes: Buffer; readonly manifest: Manifest }> {
  const key = keyOf(id, manifestName);
  try {
    const bytes = await readSmall(from, key, { signal });
    return { bytes, manifest: judgeManifest(bytes, id, key) };
  } catch (error: unknown) {
    if (!(error instanceof ObjectMissing)) throw error;
    throw new BackupNotFound(
      {
        what: `There is no backup ${formatId(id)} in ${from.url}`,
        got: `no ${manifestName}`,
        fix: `See what there is: pgproof list --store ${from.url}`,
      },
      { cause: error },
    );
  }
}

/** The manifest that lies in the other store; undefined where there is none. */
async function readThere(id: BackupId, to: Store, signal: AbortSignal): Promise<Buffer | undefined> {
  return (await to.readVersion(keyOf(id, manifestName), { signal }))?.content;
}

/** @throws CopyConflict */
export function assertSame(id: BackupId, to: Store, ours: Buffer, theirs: Buffer): void {
  if (ours.equals(theirs)) return;
  throw new CopyConflict(id, {
    store: to,
    got: `a manifest with the SHA-256 ${sha256Of(theirs)}`,
    expected: `that of the first store, ${sha256Of(ours)}`,
  });
}
