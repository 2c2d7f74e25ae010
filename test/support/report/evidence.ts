import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BackupId, formatId } from '../../../core/manifest/backup-id.ts';
import { type Manifest, serialize } from '../../../core/manifest/manifest.ts';
import type { Timings, Verification } from '../../../core/manifest/verification.ts';
import { sha256Of } from '../../../core/store/meter.ts';
import type { Level, Verdict } from '../../../core/vocabulary.ts';

export type MadeUpRun = {
  readonly verdict: Verdict;
  readonly level?: Level;
  /** When it began; default: ten minutes after the backup. */
  readonly at?: string;
  readonly timings?: Timings;
  readonly detail?: string;
};

/** Documents of backups that nobody took: what a report reads. */
export async function writeEvidence(
  directory: string,
  backup: {
    readonly id: BackupId;
    /** Default: three minutes. */
    readonly tookSeconds?: number;
    readonly partial?: true;
    /** The run in force, then the history; none: never verified. */
    readonly runs?: readonly MadeUpRun[];
  },
): Promise<void> {
  const { id, tookSeconds = 180, partial, runs = [] } = backup;
  const began = id.startedAt.getTime();
  const manifest: Manifest = {
    formatVersion: 1,
    id: formatId(id),
    source: id.source,
    database: id.database,
    startedAt: id.startedAt.toISOString(),
    finishedAt: new Date(began + tookSeconds * 1_000).toISOString(),
    server: { version: '17.6', versionNum: 170006, encoding: 'UTF8', inRecovery: false },
    dump: {
      pgDump: '17.6',
      format: 'custom',
      compression: 'zstd:1',
      jobs: 1,
      snapshot: '00000003-0000001B-1',
    },
    globals: { rolePasswords: true },
    objects: [{ role: 'archive', name: 'archive.dump', bytes: 251_884_535, sha256: 'a'.repeat(64) }],
    tables: [{ schema: 'public', name: 't', rows: 1 }],
    extensions: [],
    databaseBytes: 1_059_061_760,
    pgproof: '0.1.0',
    ...(partial === undefined ? {} : { partial }),
  };
  const bytes = serialize(manifest);
  await put(directory, `${formatId(id)}/manifest.json`, bytes);
  const [inForce, ...history] = runs.map((run) => madeUp(run, id, sha256Of(Buffer.from(bytes))));
  if (inForce === undefined) return;
  const past = history.map(({ formatVersion: _, id: __, checks, ...run }) => ({
    ...run,
    notPassed: checks.filter(({ status }) => status !== 'passed'),
  }));
  const path = await put(
    directory,
    `${formatId(id)}/verification.json`,
    serialize({ ...inForce, history: past }),
  );
  // Written when the last of them ended, as a listing tells it.
  const last = new Date(Math.max(...runs.map((run) => Date.parse(run.at ?? '') || began + 660_000)));
  await utimes(path, last, last);
}

function madeUp(
  { verdict, level = 'restore', at, timings, detail = 'told' }: MadeUpRun,
  id: BackupId,
  manifestSha256: string,
): Verification {
  const startedAt = at ?? new Date(id.startedAt.getTime() + 600_000).toISOString();
  const status = verdict === 'failed' || verdict === 'unverifiable' ? verdict : 'passed';
  return {
    formatVersion: 1,
    id: formatId(id),
    startedAt,
    finishedAt: new Date(Date.parse(startedAt) + 60_000).toISOString(),
    level,
    verdict,
    manifestSha256,
    ...(timings === undefined ? {} : { timings }),
    checks: [
      { name: 'checksum', status: verdict === 'failed' ? 'failed' : 'passed', detail: 'of every byte' },
      { name: level === 'checksum' ? 'note' : level, status, detail },
    ],
  };
}

/** Anything under a key of the store. @returns its path */
export async function put(directory: string, key: string, content: string | Uint8Array): Promise<string> {
  const path = join(directory, ...key.split('/'));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

export function restoreTimings(fetchSeconds: number, restoreSeconds: number): Timings {
  return {
    fetchSeconds,
    fetchedBytes: 251_884_535,
    restoreSeconds,
    rowsSeconds: restoreSeconds / 2,
    indexSeconds: restoreSeconds / 3,
    restoredBytes: 1_059_061_760,
    jobs: 2,
    serverVersion: '17.6',
    processors: 2,
  };
}
