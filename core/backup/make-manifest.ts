import { createHash } from 'node:crypto';
import { formatCompression } from '../config/compression.ts';
import { type BackupId, formatId } from '../manifest/backup-id.ts';
import type {
  BackupWarning,
  DatabaseLocale,
  DatabaseObject,
  Manifest,
  Needs,
  NotDumped,
  PreviousBackup,
  StoredFile,
  TableRows,
} from '../manifest/manifest.ts';
import type { DumpOptions } from '../postgres/dump/dump-arguments.ts';
import type { GlobalNames } from '../postgres/dump/dump-globals.ts';
import type { ServerFacts } from '../postgres/facts/server-facts.ts';
import type { Snapshot } from '../postgres/facts/snapshot.ts';
import type { GlobalState } from '../postgres/objects/global-state.ts';
import type { OrderReasons } from '../postgres/pg-restore/order-matters.ts';
import { version } from '../version.ts';
import type { PasswordsLeftOut } from '../vocabulary.ts';
import type { Selected } from './selected.ts';

/** What is known of a backup when all its bytes are stored. */
export type BackupFacts = {
  readonly id: BackupId;
  readonly finishedAt: Date;
  readonly server: ServerFacts;
  readonly cluster: ClusterAt;
  /** The backup before this one; undefined where there is none that could be read. */
  readonly previous: PreviousBackup | undefined;
  readonly snapshot: Snapshot;
  readonly dump: DumpOptions;
  readonly pgDumpVersion: string;
  readonly globals: GlobalNames & {
    readonly rolePasswords: boolean;
    readonly rolePasswordsLeftOut?: PasswordsLeftOut | undefined;
    /** Undefined where it could not be read. */
    readonly state: readonly GlobalState[] | undefined;
  };
  readonly locale: DatabaseLocale;
  readonly recorded: Recorded;
  readonly objects: readonly StoredFile[];
  readonly warnings: readonly BackupWarning[];
  /** Undefined where nothing was to be left out. */
  readonly selected?: Selected | undefined;
};

/** Which cluster it was, and where. */
export type ClusterAt = {
  /** Undefined where it could not be read. */
  readonly systemIdentifier: string | undefined;
  readonly host: string;
  readonly port: number;
};

/** What the database held, in the snapshot. */
export type Recorded = {
  readonly tables: readonly TableRows[];
  /** Undefined where it could not be read. */
  readonly catalog: readonly DatabaseObject[] | undefined;
  readonly largeObjects: number | undefined;
  /** Undefined where it was not asked for. */
  readonly largeObjectsFingerprint: string | null | undefined;
  /** What the dump leaves out; undefined where it could not be read. */
  readonly notDumped: readonly NotDumped[] | undefined;
  /** Undefined where it could not be read. */
  readonly holdsMoney: boolean | undefined;
  /** Why one job has to restore it; undefined where it could not be read. */
  readonly order: OrderReasons | undefined;
  /** Roles and tablespaces that a restore needs; undefined where tables were left out, and where it could not be read. */
  readonly needs: Needs | undefined;
  /** The database itself as SQL; undefined where the archive brings it, and where it could not be read. */
  readonly databaseSql: Buffer | undefined;
};

export function makeManifest(facts: BackupFacts): Manifest {
  const { id, server, cluster, snapshot, dump, globals, recorded } = facts;
  const { catalog, largeObjects, largeObjectsFingerprint, notDumped } = recorded;
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
      ...(cluster.systemIdentifier === undefined ? {} : { systemIdentifier: cluster.systemIdentifier }),
      host: cluster.host,
      port: cluster.port,
      locale: facts.locale,
    },
    dump: {
      pgDump: facts.pgDumpVersion,
      format: dump.format,
      compression: formatCompression(dump.compression),
      jobs: dump.jobs,
      snapshot: snapshot.id,
      settings: snapshot.settings,
      ...(recorded.order === undefined
        ? {}
        : { oneJob: { rows: recorded.order.rows ?? null, after: recorded.order.after ?? null } }),
      ...(recorded.holdsMoney === undefined ? {} : { holdsMoney: recorded.holdsMoney }),
    },
    globals: {
      rolePasswords: globals.rolePasswords,
      ...(globals.rolePasswordsLeftOut === undefined
        ? {}
        : { rolePasswordsLeftOut: globals.rolePasswordsLeftOut }),
      ...(globals.bootstrapRole === undefined ? {} : { bootstrapRole: globals.bootstrapRole }),
      roles: [...globals.roles],
      tablespaces: [...globals.tablespaces],
      ...(globals.state === undefined
        ? {}
        : { state: globals.state.map(({ facts, ...one }) => ({ ...one, facts: facts && [...facts] })) }),
    },
    ...(recorded.needs === undefined ? {} : { needs: recorded.needs }),
    ...(facts.previous === undefined ? {} : { previous: facts.previous }),
    ...selectionOf(facts.selected),
    objects: [...facts.objects],
    tables: [...recorded.tables],
    extensions: snapshot.extensions.map(({ name, version }) => ({ name, version })),
    ...(catalog === undefined ? {} : { catalog: [...catalog], catalogHasUses: true }),
    ...(largeObjects === undefined ? {} : { largeObjects }),
    ...(largeObjectsFingerprint === undefined ? {} : { largeObjectsFingerprint }),
    databaseBytes: snapshot.databaseBytes,
    warnings: [...facts.warnings],
    ...(notDumped === undefined ? {} : { notDumped: [...notDumped] }),
    pgproof: version,
  };
}

function selectionOf(selected: Selected | undefined): Pick<Manifest, 'partial' | 'selection' | 'leftOut'> {
  if (selected === undefined) return {};
  const { selection, part } = selected;
  const { schemas, excludeSchemas, excludeTables, excludeTableData } = selection;
  const patterns = Object.entries({ schemas, excludeSchemas, excludeTables, excludeTableData });
  const given = Object.fromEntries(patterns.flatMap(([key, list]) => (list ? [[key, [...list]]] : [])));
  return { ...(part === undefined ? {} : { partial: true, leftOut: part.leftOut }), selection: given };
}

/** A small object that is in memory, as the manifest lists it. */
export function storedFile(role: StoredFile['role'], name: string, content: Uint8Array): StoredFile {
  return { role, name, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
}
