import { judgeManifest } from '../inventory/judge-manifest.ts';
import { BackupNotFound } from '../inventory/list-backups.ts';
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

/**
 * Proves of one backup what `level` asks for, and writes that beside its manifest, where it comes into force or stands
 * in the history (see withRun). What is wrong with the backup is in what it returns; it rejects only where there is
 * nothing to judge or the verdict cannot be written.
 *
 * @returns what this run found, and the verdict in force where that is another
 * @throws BackupNotFound, Interrupted
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
  const { level, checks } =
    manifest === undefined
      ? { level: request.level === 'auto' ? 'read' : request.level, checks: [manifestCheck(problem)] }
      : await checksAt(manifest, request, dependencies);
  // An interrupted run has found out nothing, and must not put that in the place of an older verdict.
  if (dependencies.signal?.reason instanceof Interrupted) throw dependencies.signal.reason;
  const finishedAt = clock();
  return await recordRun(store, id, runOf(id, { startedAt, finishedAt, level, checks, sha256 }));
}

function runOf(
  id: BackupId,
  found: ChecksAtLevel & {
    readonly startedAt: Date;
    readonly finishedAt: Date;
    readonly sha256: string | undefined;
  },
): Verification {
  const { startedAt, finishedAt, level, checks, sha256 } = found;
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
    ...splitNotCompared(checks),
  };
}

type ManifestReading = { readonly sha256?: string } & (
  | { readonly manifest: Manifest; readonly problem?: undefined }
  | { readonly manifest?: undefined; readonly problem: string }
);

async function readManifest(id: BackupId, { store, signal }: VerifyDependencies): Promise<ManifestReading> {
  const key = keyOf(id, manifestName);
  let bytes: Buffer;
  try {
    bytes = await readSmall(store, key, { signal });
  } catch (error: unknown) {
    if (error instanceof ObjectTooLarge) return { problem: error.message };
    if (error instanceof ObjectMissing) throw noManifest(id, store, error);
    throw error;
  }
  const sha256 = sha256Of(bytes);
  try {
    return { manifest: judgeManifest(bytes, id, key), sha256 };
  } catch (error: unknown) {
    if (error instanceof ManifestUnreadable) return { problem: error.message, sha256 };
    throw error;
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

function manifestCheck(problem: string): Check {
  return { name: 'manifest', status: 'failed', detail: oneLine(problem) };
}
