import { BackupNotFound } from '../shared/catalog/catalog.ts';
import { type BackupId, formatId, keyOf } from '../shared/manifest/backup-id.ts';
import {
  type Manifest,
  ManifestUnreadable,
  manifestName,
  parseManifest,
  serialize,
  verificationName,
} from '../shared/manifest/manifest.ts';
import {
  type Check,
  type LevelChoice,
  type Verification,
  verdictOf,
} from '../shared/manifest/verification.ts';
import type { VerificationTools } from '../shared/postgres/obtain-tools.ts';
import type { PostgresTools } from '../shared/postgres/tools.ts';
import { Interrupted } from '../shared/process/interrupted.ts';
import { isKey } from '../shared/store/key.ts';
import { ObjectMissing, readSmall, type Store } from '../shared/store/store.ts';
import { checksAt } from './checks-at-level.ts';
import { oneLine } from './data-reading.ts';
import type { UserCheck } from './restore/user-checks.ts';
import type { Scratch } from './scratch.ts';

export type VerifyRequest = {
  readonly id: BackupId;
  readonly level: LevelChoice;
  /** The user's own, for level `restore`; those for other databases are not looked at. */
  readonly checks?: readonly UserCheck[] | undefined;
};

/** What is going on. */
export type VerifyProgress =
  /** Stored bytes read so far, of all objects, and how many there are by the manifest. */
  | { readonly step: 'reading'; readonly bytes: number; readonly totalBytes: number }
  | { readonly step: 'starting'; readonly version: string }
  /** `doing`: `table data public.users`; entries of the archive begun so far. */
  | {
      readonly step: 'restoring';
      readonly doing: string;
      readonly entries: number;
      readonly totalEntries: number | undefined;
    }
  | { readonly step: 'comparing' };

export type VerifyDependencies = {
  readonly store: Store;
  /** Programs of this major version or the nearest newer one. Rejects where there are none: the verdict is then `unverifiable`. */
  readonly tools: (major: number) => Promise<PostgresTools>;
  /**
   * Programs of a server of this major version or the nearest newer one, for level `restore`. Rejects where there are
   * none. @default what is on the machine, or can be fetched
   */
  readonly verificationTools?: ((major: number) => Promise<VerificationTools>) | undefined;
  readonly clock: () => Date;
  /** When `signal` will abort by itself; `auto` chooses by it. */
  readonly deadline?: Date | undefined;
  /** A deadline, or somebody's wish. The verdict is then `unverifiable`, and still written. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
  /** Where the private server and the archive lie, and the directory format's files while they are decoded. @default the system's temporary directory */
  readonly scratch?: Scratch | undefined;
  /** After so long without taking or giving a byte pg_restore is stopped: `unverifiable`. @default 120 */
  readonly stallSeconds?: number | undefined;
};

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
  // Who is interrupted has found out nothing, and must not put that in the place of an older verdict.
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
