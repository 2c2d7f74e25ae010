import { BackupNotFound } from '../shared/catalog/catalog.ts';
import { UsageError } from '../shared/errors.ts';
import { type BackupId, formatId, keyOf } from '../shared/manifest/backup-id.ts';
import {
  type Manifest,
  ManifestUnreadable,
  manifestName,
  parseManifest,
  serialize,
  verificationName,
} from '../shared/manifest/manifest.ts';
import { type Check, type Level, type Verification, verdictOf } from '../shared/manifest/verification.ts';
import { type PostgresTools, toolPath } from '../shared/postgres/tools.ts';
import { Interrupted } from '../shared/process/interrupted.ts';
import { isKey } from '../shared/store/key.ts';
import { ObjectMissing, readSmall, type Store } from '../shared/store/store.ts';
import { checksumCheck } from './checksum-check.ts';
import { compareRows } from './compare-rows.ts';
import { type DataReading, oneLine } from './data-reading.ts';
import { readArchive } from './read-archive.ts';
import { type Scratch, temporaryScratch } from './scratch.ts';
import { type ObjectReading, type ReadingContext, readStored } from './stored-object.ts';

export type VerifyRequest = { readonly id: BackupId; readonly level: Level };

export type VerifyProgress = {
  /** Stored bytes read so far, of all objects, and how many there are by the manifest. */
  readonly bytes: number;
  readonly totalBytes: number;
};

export type VerifyDependencies = {
  readonly store: Store;
  /** Programs of this major version or the nearest newer one. Rejects where there are none: the verdict is then `unverifiable`. */
  readonly tools: (major: number) => Promise<PostgresTools>;
  readonly clock: () => Date;
  /** A deadline, or somebody's wish. The verdict is then `unverifiable`, and still written. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
  /** Where the directory format's files lie while they are decoded. @default the system's temporary directory */
  readonly scratch?: Scratch | undefined;
  /** After so long without taking or giving a byte pg_restore is stopped: `unverifiable`. @default 120 */
  readonly stallSeconds?: number | undefined;
};

/**
 * Proves of one backup what `level` asks for, and writes the verdict beside its manifest, in the place of an older
 * one. What is wrong with the backup is in what it returns; it rejects only where there is nothing to judge or the
 * verdict cannot be written.
 *
 * @throws UsageError where the level has no verifier
 * @throws BackupNotFound, Interrupted
 * @throws StoreUnusable, and whatever else the store throws at the manifest or the verdict
 */
export async function verifyBackup(
  { id, level }: VerifyRequest,
  dependencies: VerifyDependencies,
): Promise<Verification> {
  if (level === 'restore') throw noSuchLevel(level);
  const { store, clock } = dependencies;
  const startedAt = clock();
  const { manifest, problem } = await readManifest(id, dependencies);
  const checks =
    manifest === undefined ? [manifestCheck(problem)] : await checksOf(manifest, id, level, dependencies);
  // Who is interrupted has found out nothing, and must not put that in the place of an older verdict.
  if (dependencies.signal?.reason instanceof Interrupted) throw dependencies.signal.reason;
  const verification: Verification = {
    formatVersion: 1,
    id: formatId(id),
    startedAt: startedAt.toISOString(),
    finishedAt: clock().toISOString(),
    level,
    verdict: verdictOf(level, checks),
    checks,
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

async function checksOf(
  manifest: Manifest,
  id: BackupId,
  level: 'checksum' | 'read',
  dependencies: VerifyDependencies,
): Promise<Check[]> {
  const { store, onProgress, signal = new AbortController().signal } = dependencies;
  const totalBytes = manifest.objects.reduce((sum, { bytes }) => sum + bytes, 0);
  let got = 0;
  const onBytes = (bytes: number): void => {
    got += bytes;
    onProgress?.({ bytes: got, totalBytes });
  };
  const context: ReadingContext = { store, id, signal, onBytes };
  const readings: ObjectReading[] = [];
  let data: DataReading | undefined;
  if (level === 'read') {
    const { scratch = temporaryScratch(), stallSeconds = 120, tools } = dependencies;
    const pgRestore = async (): Promise<string> =>
      toolPath(await tools(Number.parseInt(manifest.dump.pgDump, 10)), 'pg_restore');
    const archive = await readArchive(manifest, { ...context, scratch, stallSeconds, pgRestore });
    readings.push(...archive.readings);
    data = archive.data;
  }
  const read = new Set(readings.map(({ file }) => file));
  for (const file of manifest.objects) {
    if (!read.has(file)) readings.push(await readStored(file, context));
  }
  const checksum = checksumCheck(readings);
  return data === undefined ? [checksum] : [checksum, readCheck(data, manifest)];
}

function readCheck(data: DataReading, manifest: Manifest): Check {
  switch (data.kind) {
    case 'decoded':
      return compareRows(manifest.tables, data.counts);
    case 'broken':
      return { name: 'read', status: 'failed', detail: data.detail };
    case 'undecided':
      return { name: 'read', status: 'unverifiable', detail: data.detail };
  }
}

function noSuchLevel(level: Level): UsageError {
  return new UsageError({
    what: 'There is no verification at this level yet',
    got: level,
    expected: 'checksum or read',
    fix: 'Use --level read; it decodes the whole archive and compares the rows of every table.',
  });
}
