import { judgeManifest } from '../inventory/judge-manifest.ts';
import { BackupNotFound } from '../inventory/read-backup.ts';
import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { type Manifest, ManifestUnreadable, manifestName } from '../manifest/manifest.ts';
import {
  type Check,
  reachedBy,
  splitNotCompared,
  type Verification,
  verdictOf,
  withoutOf,
} from '../manifest/verification.ts';
import type { Verified } from '../manifest/verified.ts';
import { Interrupted } from '../process/interrupted.ts';
import { sha256Of } from '../store/meter.ts';
import { ObjectMissing, ObjectTooLarge, readSmall, type Store } from '../store/store.ts';
import { oneLine } from '../text/one-line.ts';
import { type ChecksAtLevel, checksAt } from './checks-at-level.ts';
import { recordRun } from './record-run.ts';
import type { VerifyDependencies, VerifyRequest } from './request.ts';
import { refuseNewer } from './what-was-there.ts';

/**
 * Proves of one backup what `level` asks for, and writes that beside its manifest, where it comes into force or stands
 * in the history (see withRun). What is wrong with the backup is in what it returns; it rejects only where there is
 * nothing to judge or the verdict cannot be written.
 *
 * @returns what this run found, and the verdict in force where that is another
 * @throws BackupNotFound, Interrupted; VerificationOfNewer, before anything is done
 * @throws StoreUnusable, and whatever else the store throws at the manifest or the verdict
 */
export async function verifyBackup(
  request: VerifyRequest,
  dependencies: VerifyDependencies,
): Promise<Verified> {
  const { id } = request;
  const { store, clock } = dependencies;
  const startedAt = clock();
  const { manifest, problem, sha256 } = await readManifest(id, dependencies);
  const isRecorded = dependencies.isRecorded ?? true;
  if (isRecorded) await refuseNewer(store, id, dependencies.signal);
  const { level, checks, isolation, timings } =
    manifest === undefined ? unread(request.level, problem) : await checksAt(manifest, request, dependencies);
  // An interrupted run has found out nothing, and must not put that in the place of an older verdict.
  if (dependencies.signal?.reason instanceof Interrupted) throw dependencies.signal.reason;
  const finishedAt = clock();
  const run = runOf(id, { startedAt, finishedAt, level, checks, isolation, timings, sha256 });
  return isRecorded ? await recordRun(store, id, run) : run;
}

function runOf(
  id: BackupId,
  found: ChecksAtLevel & {
    readonly startedAt: Date;
    readonly finishedAt: Date;
    readonly sha256: string | undefined;
  },
): Verification {
  const { startedAt, finishedAt, level, checks, isolation, timings, sha256 } = found;
  const verdict = verdictOf(level, checks);
  return {
    formatVersion: 1,
    id: formatId(id),
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    level,
    verdict,
    ...(verdict === 'proven-without' ? { without: withoutOf(checks) } : {}),
    reached: reachedBy({ level, verdict, checks: [...checks] }),
    // None where the manifest is too large to be read.
    ...(sha256 === undefined ? {} : { manifestSha256: sha256 }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(timings === undefined ? {} : { timings }),
    ...splitNotCompared(checks),
  };
}

type ManifestReading = { readonly sha256?: string } & (
  | { readonly manifest: Manifest; readonly problem?: undefined }
  | { readonly manifest?: undefined; readonly problem: Check }
);

async function readManifest(id: BackupId, { store, signal }: VerifyDependencies): Promise<ManifestReading> {
  const key = keyOf(id, manifestName);
  let bytes: Buffer;
  try {
    bytes = await readSmall(store, key, { signal });
  } catch (error: unknown) {
    if (error instanceof ObjectTooLarge) return { problem: manifestCheck('failed', error.message) };
    if (error instanceof ObjectMissing) throw noManifest(id, store, error);
    throw error;
  }
  const sha256 = sha256Of(bytes);
  try {
    return { manifest: judgeManifest(bytes, id, key), sha256 };
  } catch (error: unknown) {
    if (!(error instanceof ManifestUnreadable)) throw error;
    // What a newer version wrote is no worse for that: this one cannot say.
    const status = error.newerFormat === undefined ? 'failed' : 'unverifiable';
    return { problem: manifestCheck(status, error.message), sha256 };
  }
}

function noManifest(id: BackupId, store: Store, cause: unknown): BackupNotFound {
  return new BackupNotFound(
    {
      what: `There is no backup ${formatId(id)} in ${store.url}`,
      got: `no ${manifestName}`,
      fix: 'Choose one that `pgproof list` shows; a run that did not finish leaves no manifest.',
    },
    { cause },
  );
}

/** A manifest that cannot be read, or is not this backup's, is all there is to tell. */
function unread(level: VerifyRequest['level'], problem: Check): ChecksAtLevel {
  return { level: level === 'auto' ? 'read' : level, checks: [problem] };
}

function manifestCheck(status: Check['status'], problem: string): Check {
  return { name: 'manifest', status, detail: oneLine(problem) };
}
