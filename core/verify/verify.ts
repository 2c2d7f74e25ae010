import { BackupNotFound } from '../inventory/list-backups.ts';
import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import {
  type Manifest,
  ManifestUnreadable,
  manifestName,
  parseManifest,
  serialize,
  verificationName,
} from '../manifest/manifest.ts';
import { type Check, type Verification, verdictOf } from '../manifest/verification.ts';
import { Interrupted } from '../process/interrupted.ts';
import { isKey } from '../store/key.ts';
import { ObjectMissing, readSmall } from '../store/store.ts';
import { oneLine } from '../text/one-line.ts';
import { checksAt } from './checks-at-level.ts';
import type { VerifyDependencies, VerifyRequest } from './request.ts';

/**
 * Proves of one backup what `level` asks for, and writes the verdict beside its manifest, in the place of an older
 * one. What is wrong with the backup is in what it returns; it rejects only where there is nothing to judge or the
 * verdict cannot be written.
 *
 * @throws BackupNotFound, Interrupted
 * @throws StoreUnusable, and whatever else the store throws at the manifest or the verdict
 */
export async function verifyBackup(
  request: VerifyRequest,
  dependencies: VerifyDependencies,
): Promise<Verification> {
  const { id } = request;
  const { store, clock } = dependencies;
  const startedAt = clock();
  const { manifest, problem } = await readManifest(id, dependencies);
  const { level, checks } =
    manifest === undefined
      ? { level: request.level === 'auto' ? 'read' : request.level, checks: [manifestCheck(problem)] }
      : await checksAt(manifest, request, dependencies);
  // An interrupted run has found out nothing, and must not put that in the place of an older verdict.
  if (dependencies.signal?.reason instanceof Interrupted) throw dependencies.signal.reason;
  const verification: Verification = {
    formatVersion: 1,
    id: formatId(id),
    startedAt: startedAt.toISOString(),
    finishedAt: clock().toISOString(),
    level,
    verdict: verdictOf(level, checks),
    checks: [...checks],
  };
  await store.replace(keyOf(id, verificationName), serialize(verification));
  return verification;
}

type ManifestReading =
  | { readonly manifest: Manifest; readonly problem?: undefined }
  | { readonly manifest?: undefined; readonly problem: string };

async function readManifest(id: BackupId, { store, signal }: VerifyDependencies): Promise<ManifestReading> {
  const key = keyOf(id, manifestName);
  try {
    const manifest = parseManifest(await readSmall(store, key, { signal }), key);
    const problem = problemOf(manifest, id);
    return problem === undefined ? { manifest } : { problem };
  } catch (error: unknown) {
    if (error instanceof ManifestUnreadable) return { problem: error.message };
    if (!(error instanceof ObjectMissing)) throw error;
    throw new BackupNotFound(
      {
        what: `There is no backup ${formatId(id)} in ${store.url}`,
        got: `no ${manifestName}`,
        fix: 'Choose one that `pgproof list` shows; a run that did not finish leaves no manifest.',
      },
      { cause: error },
    );
  }
}

function manifestCheck(problem: string): Check {
  return { name: 'manifest', status: 'failed', detail: oneLine(problem) };
}

function problemOf(manifest: Manifest, id: BackupId): string | undefined {
  if (manifest.id !== formatId(id))
    return `it is the manifest of another backup: ${manifest.id}, expected ${formatId(id)}`;
  const foreign = manifest.objects.find(({ name }) => !isKey(name));
  if (foreign !== undefined)
    return `it names an object that is no part of a backup: ${JSON.stringify(foreign.name)}`;
  if (!manifest.objects.some(({ role }) => role === 'archive')) return 'it names no archive';
  return undefined;
}
