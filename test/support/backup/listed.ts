import { type BackupId, formatId, keyOf } from '../../../core/manifest/backup-id.ts';
import { type Manifest, serialize } from '../../../core/manifest/manifest.ts';
import { summaryOf } from '../../../core/manifest/summary.ts';
import type { Verification } from '../../../core/manifest/verification.ts';
import { sha256Of } from '../../../core/store/meter.ts';
import type { Level, Verdict } from '../../../core/vocabulary.ts';

export type ListedContent = {
  readonly id: BackupId;
  /** As long as this, with blanks at its end. */
  readonly manifestBytes?: number;
  readonly systemIdentifier?: string | undefined;
  /** Of the server. */
  readonly host?: string | undefined;
  readonly partial?: true;
  /** So many, each with a definition. @default one, without */
  readonly tables?: number;
  /** `none`: never verified. @default intact */
  readonly verdict?: Verdict | 'none';
  readonly level?: Level;
  /** @default true */
  readonly hasSummary?: boolean;
};

/** The documents of a backup, by key: made up, for lists of thousands. Its archive is nowhere. */
export function listedDocuments(content: ListedContent): Map<string, Buffer> {
  const { id, verdict = 'intact', level = 'checksum', hasSummary = true } = content;
  const manifest = manifestOf(content);
  const text = serialize(manifest);
  const bytes = Buffer.alloc(Math.max(text.length, content.manifestBytes ?? 0), ' ');
  text.copy(bytes);
  const about = { bytes: bytes.length, sha256: sha256Of(bytes) };
  const documents = new Map<string, Buffer>([[keyOf(id, 'manifest.json'), bytes]]);
  if (hasSummary) documents.set(keyOf(id, 'summary.json'), serialize(summaryOf(manifest, about)));
  if (verdict === 'none') return documents;
  const verification: Verification = {
    formatVersion: 1,
    id: formatId(id),
    source: id.source,
    database: id.database,
    startedAt: id.startedAt.toISOString(),
    finishedAt: id.startedAt.toISOString(),
    level,
    verdict,
    reached: verdict === 'failed' ? null : level,
    manifestSha256: about.sha256,
    checks: [{ name: 'checksum', status: verdict === 'failed' ? 'failed' : 'passed', detail: 'made up' }],
  };
  return documents.set(keyOf(id, 'verification.json'), serialize(verification));
}

function manifestOf({ id, systemIdentifier, host, partial, tables }: ListedContent): Manifest {
  return {
    formatVersion: 1,
    id: formatId(id),
    source: id.source,
    database: id.database,
    startedAt: id.startedAt.toISOString(),
    finishedAt: new Date(id.startedAt.getTime() + 192_000).toISOString(),
    server: {
      version: '17.2',
      versionNum: 170_002,
      encoding: 'UTF8',
      inRecovery: false,
      ...(systemIdentifier === undefined ? {} : { systemIdentifier }),
      ...(host === undefined ? {} : { host, port: 5432 }),
    },
    ...(partial === undefined ? {} : { partial }),
    dump: {
      pgDump: '17.2',
      format: 'custom',
      compression: 'zstd:1',
      jobs: 1,
      snapshot: '00000003-0000001B-1',
    },
    globals: { rolePasswords: true },
    objects: [{ role: 'archive', name: 'archive.dump', bytes: 8_800_000, sha256: 'a'.repeat(64) }],
    tables: Array.from({ length: tables ?? 1 }, (_, index) => ({
      schema: 'public',
      name: index === 0 ? 't' : `t_${index}`,
      rows: 400_000,
    })),
    ...(tables === undefined ? {} : { catalog: catalogOf(tables) }),
    extensions: [],
    databaseBytes: 40_000_000,
    pgproof: '0.1.0',
  };
}

/** A table, its key and an index: a megabyte or two for thousands of tables. */
function catalogOf(tables: number): Manifest['catalog'] {
  return Array.from({ length: tables }, (_, index) =>
    ['table', 'index', 'table constraint'].map((type) => ({
      type,
      identity: `public.t_${index}_${type}`,
      digest: sha256Of(Buffer.from(`${type} ${index}`)).slice(0, 16),
    })),
  ).flat();
}

/** The id of so many nights before 1 November 2026. */
export function nightly(night: number, names: Partial<BackupId> = {}): BackupId {
  const startedAt = new Date(Date.UTC(2026, 10, 1, 2) - night * 86_400_000);
  return { source: 'orders-prod', database: 'app', startedAt, ...names };
}
