import { createHash } from 'node:crypto';
import { type BackupId, formatId } from '../shared/manifest/backup-id.ts';
import type { Manifest, StoredFile, TableRows } from '../shared/manifest/manifest.ts';
import { formatCompression } from '../shared/postgres/compression.ts';
import type { DumpPlan } from '../shared/postgres/dump-plan.ts';
import type { ServerFacts } from '../shared/postgres/server-facts.ts';
import type { Snapshot } from '../shared/postgres/snapshot.ts';
import { version } from '../shared/version.ts';

/** What is known of a backup when all its bytes are stored. */
export type BackupFacts = {
  readonly id: BackupId;
  readonly finishedAt: Date;
  readonly server: ServerFacts;
  readonly snapshot: Snapshot;
  readonly dump: DumpPlan;
  readonly pgDumpVersion: string;
  readonly rolePasswords: boolean;
  readonly objects: readonly StoredFile[];
  readonly tables: readonly TableRows[];
};

export function makeManifest(facts: BackupFacts): Manifest {
  const { id, server, snapshot, dump } = facts;
  return {
    formatVersion: 1,
    id: formatId(id),
    source: id.source,
    database: id.database,
    startedAt: id.startedAt.toISOString(),
    finishedAt: facts.finishedAt.toISOString(),
    server: {
      version: server.version,
      versionNum: server.versionNum,
      encoding: snapshot.encoding,
      inRecovery: server.inRecovery,
    },
    dump: {
      pgDump: facts.pgDumpVersion,
      format: dump.format,
      compression: formatCompression(dump.compression),
      jobs: dump.jobs,
      snapshot: snapshot.id,
    },
    globals: { rolePasswords: facts.rolePasswords },
    objects: [...facts.objects],
    tables: [...facts.tables],
    extensions: [...snapshot.extensions],
    databaseBytes: snapshot.databaseBytes,
    pgproof: version,
  };
}

/** A small object that is in memory, as the manifest lists it. */
export function storedFile(role: StoredFile['role'], name: string, content: Uint8Array): StoredFile {
  return { role, name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}
