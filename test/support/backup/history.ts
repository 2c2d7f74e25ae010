import { createHash } from 'node:crypto';
import { type BackupId, formatId, keyOf } from '../../../core/manifest/backup-id.ts';
import { type Manifest, manifestName, serialize, verificationName } from '../../../core/manifest/manifest.ts';
import { summaryName, summaryOf } from '../../../core/manifest/summary.ts';
import type { Verification } from '../../../core/manifest/verification.ts';
import type { Store } from '../../../core/store/store.ts';
import type { Verdict } from '../../../core/vocabulary.ts';

/** A backup as a test wants it to look from outside: no program made it, and no PostgreSQL could restore it. */
export type PastBackup = {
  readonly source?: string;
  readonly database?: string;
  readonly startedAt: Date;
  /** `none`: never verified. @default proven */
  readonly verdict?: Verdict | 'none';
  readonly rows?: number;
  readonly systemIdentifier?: string;
  readonly partial?: boolean;
  /** Whether a summary is written beside the manifest, as older versions did not. @default true */
  readonly summary?: boolean;
  /** Files of an archive in the directory format; else it is one file. */
  readonly files?: number;
  /** Of the archive, or of each of its files. @default a line */
  readonly archiveBytes?: number;
};

const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Writes one as pgproof does, and gives its id. */
export async function writePast(store: Pick<Store, 'create'>, past: PastBackup): Promise<string> {
  const { source = 'prod', database = 'app', startedAt, rows = 1_000, verdict = 'proven', files } = past;
  const id: BackupId = { source, database, startedAt };
  const line = Buffer.from(`archive of ${formatId(id)}, ${rows} rows`);
  const archive = past.archiveBytes === undefined ? line : Buffer.alloc(past.archiveBytes, line);
  const names =
    files === undefined
      ? ['archive.dump']
      : Array.from({ length: files }, (_, index) => `archive/${index === 0 ? 'toc' : index}.dat`);
  const globals = Buffer.from('-- roles\n');
  const manifest: Manifest = {
    formatVersion: 1,
    id: formatId(id),
    source,
    database,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date(startedAt.getTime() + 60_000).toISOString(),
    server: {
      version: '17.0',
      versionNum: 170_000,
      encoding: 'UTF8',
      inRecovery: false,
      ...(past.systemIdentifier === undefined ? {} : { systemIdentifier: past.systemIdentifier }),
    },
    dump: {
      pgDump: '17.0',
      format: files === undefined ? 'custom' : 'directory',
      compression: 'none',
      jobs: 1,
      snapshot: '00000003-0000001B-1',
    },
    globals: { rolePasswords: true },
    objects: [
      ...names.map((name) => ({
        role: 'archive' as const,
        name,
        bytes: archive.length,
        sha256: sha256(archive),
      })),
      { role: 'globals', name: 'globals.sql', bytes: globals.length, sha256: sha256(globals) },
    ],
    tables: [{ schema: 'public', name: 't', rows }],
    extensions: [],
    ...(past.partial === undefined ? {} : { partial: past.partial }),
    databaseBytes: 8_000_000,
    pgproof: '0.1.0',
  };
  const bytes = serialize(manifest);
  for (const name of names) await store.create(keyOf(id, name), archive);
  await store.create(keyOf(id, 'globals.sql'), globals);
  if (past.summary !== false)
    await store.create(
      keyOf(id, summaryName),
      serialize(summaryOf(manifest, { bytes: bytes.length, sha256: sha256(bytes) })),
    );
  await store.create(keyOf(id, manifestName), bytes);
  if (verdict !== 'none')
    await store.create(keyOf(id, verificationName), serialize(verificationOf(id, bytes, verdict)));
  return formatId(id);
}

function verificationOf(id: BackupId, manifest: Uint8Array, verdict: Verdict): Verification {
  const { source, database, startedAt } = id;
  const status = verdict === 'failed' || verdict === 'unverifiable' ? verdict : 'passed';
  return {
    formatVersion: 1,
    id: formatId(id),
    source,
    database,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date(startedAt.getTime() + 120_000).toISOString(),
    level: verdict === 'intact' ? 'read' : 'restore',
    verdict,
    reached: status === 'passed' ? (verdict === 'intact' ? 'read' : 'restore') : null,
    manifestSha256: sha256(manifest),
    checks: [{ name: 'checksum', status, detail: 'as a test says' }],
  };
}

const day = 24 * 60 * 60 * 1_000;

/** One a night at 02:00 UTC, the last of them on that day; `past` says what each is like, the oldest being 0. */
export function nightly(
  nights: number,
  last: string,
  past: (night: number) => Omit<PastBackup, 'startedAt'> = () => ({}),
): PastBackup[] {
  const end = Date.parse(`${last}T02:00:00Z`);
  return Array.from({ length: nights }, (_, night) => ({
    startedAt: new Date(end - (nights - 1 - night) * day),
    ...past(night),
  }));
}
