import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'pg';
import { type BackupId, formatId, keyOf } from '../shared/manifest/backup-id.ts';
import { type Manifest, manifestName, type StoredFile, serialize } from '../shared/manifest/manifest.ts';
import { childEnvironment } from '../shared/postgres/child-environment.ts';
import { chooseCompression, formatCompression } from '../shared/postgres/compression.ts';
import { withConnection } from '../shared/postgres/connect.ts';
import { dumpGlobals } from '../shared/postgres/globals.ts';
import { queryFailed } from '../shared/postgres/query-failed.ts';
import { readServerFacts, type ServerFacts } from '../shared/postgres/server-facts.ts';
import { countRows, openSnapshot, type Snapshot } from '../shared/postgres/snapshot.ts';
import type { ConnectionParameters } from '../shared/postgres/source.ts';
import { toolPath } from '../shared/postgres/tools.ts';
import { hasZstd } from '../shared/postgres/zstd-support.ts';
import { redactor } from '../shared/process/redact.ts';
import { watchdog } from '../shared/process/watchdog.ts';
import { ObjectExists, type StagedObject } from '../shared/store/store.ts';
import { version } from '../shared/version.ts';
import { commitBackup } from './commit-backup.ts';
import type { BackupPlan, BackupWorld } from './plan.ts';
import { takeArchive } from './take-archive.ts';
import { together } from './together.ts';

/** How far a backup got; kept outside so that it is known when the backup fails. */
export type Reached = { bytes: number; tables: number };

const attempts = 3;

/**
 * One consistent backup of one database: archive and roles staged, rows counted in the dump's own snapshot, then
 * everything made visible, the manifest last.
 */
export async function backupDatabase(
  database: string,
  plan: BackupPlan,
  world: BackupWorld,
  reached: Reached,
): Promise<Manifest> {
  for (let attempt = 1; ; attempt += 1) {
    const startedAt = wholeSecond(world.clock());
    try {
      return await attemptBackup({ source: world.source.name, database, startedAt }, plan, world, reached);
    } catch (error: unknown) {
      // Two runs began in the same second (a schedule may fire twice): the other one's backup stands, and this one
      // gets an id of its own.
      if (!(error instanceof ObjectExists) || attempt >= attempts) throw error;
      await wait(1_000 - (world.clock().getTime() % 1_000), undefined, { signal: world.signal });
    }
  }
}

async function attemptBackup(
  id: BackupId,
  plan: BackupPlan,
  world: BackupWorld,
  reached: Reached,
): Promise<Manifest> {
  const parameters = { ...(await world.source.resolve()), database: id.database };
  const group = new AbortController();
  const stall = watchdog(plan.stallSeconds, `The backup of ${JSON.stringify(id.database)}`);
  const signal = AbortSignal.any([world.signal, stall.signal, group.signal]);
  // Every child, query and upload listens to it; a directory has one upload per file.
  setMaxListeners(0, signal);
  try {
    return await withConnection(parameters, { signal }, async (client) => {
      const server = await readServerFacts(client);
      const snapshot = await openSnapshot(client, plan.lockWaitSeconds).catch((cause: unknown) => {
        throw queryFailed(`The tables of ${JSON.stringify(id.database)} could not be read`, cause);
      });
      return await takeSnapshot({
        id,
        plan,
        world,
        reached,
        parameters,
        client,
        server,
        snapshot,
        signal,
        group,
        touch: stall.touch,
      });
    });
  } catch (error: unknown) {
    // Whatever broke because of it, the reason to tell is the abort's.
    throw signal.aborted ? signal.reason : error;
  } finally {
    stall.stop();
  }
}

async function takeSnapshot(work: {
  readonly id: BackupId;
  readonly plan: BackupPlan;
  readonly world: BackupWorld;
  readonly reached: Reached;
  readonly parameters: ConnectionParameters;
  readonly client: Client;
  readonly server: ServerFacts;
  readonly snapshot: Snapshot;
  readonly signal: AbortSignal;
  readonly group: AbortController;
  readonly touch: () => void;
}): Promise<Manifest> {
  const { id, plan, world, reached, parameters, client, server, snapshot, signal, touch } = work;
  const { database } = id;
  const tools = await world.tools(server.major);
  const compression = chooseCompression({
    asked: plan.compression,
    format: plan.format,
    pgDumpMajor: tools.major,
    hasZstd: await hasZstd(tools, signal),
  });
  world.onProgress({
    kind: 'started',
    database,
    expectedBytes: snapshot.databaseBytes,
    tables: snapshot.tables.length,
  });
  const env = childEnvironment(parameters);
  const redact = redactor(parameters.password === undefined ? [] : [parameters.password]);
  const onBytes = (bytes: number): void => {
    reached.bytes = bytes;
    world.onProgress({ kind: 'bytes', database, bytes });
  };
  const onTable = (): void => {
    reached.tables += 1;
    world.onProgress({ kind: 'table', database, dumped: reached.tables });
  };
  const key = (name: string): string => keyOf(id, name);

  const staged: StagedObject[] = [];
  try {
    const [archive, globals, tables] = await together(work.group, [
      takeArchive({
        plan: { ...plan, database, compression, snapshot: snapshot.id },
        databaseBytes: snapshot.databaseBytes,
        ...{ tools, env, redact, store: world.store, key, signal, onBytes, onTable, onLife: touch },
      }).then((taken) => {
        staged.push(...taken.staged);
        return taken;
      }),
      dumpGlobals({
        program: toolPath(tools, 'pg_dumpall'),
        database,
        passwords: server.mayReadPasswords,
        env,
        redact,
        signal,
      }),
      plan.rows === 'none'
        ? Promise.resolve(snapshot.tables.map(({ schema, name }) => ({ schema, name, rows: null })))
        : countRows(client, snapshot.tables, { signal, onTable: touch }).catch((cause: unknown) => {
            throw queryFailed(`The rows of ${JSON.stringify(database)} could not be counted`, cause);
          }),
    ]);
    world.onProgress({ kind: 'storing', database });
    const globalsFile: StoredFile = {
      role: 'globals',
      name: 'globals.sql',
      bytes: globals.length,
      sha256: sha256(globals),
    };
    staged.push(
      await world.store.stage(key('globals.sql'), Readable.from([globals]), {
        expectedBytes: globals.length,
        signal,
      }),
    );
    const manifest: Manifest = {
      formatVersion: 1,
      id: formatId(id),
      source: id.source,
      database,
      startedAt: id.startedAt.toISOString(),
      finishedAt: world.clock().toISOString(),
      server: {
        version: server.version,
        versionNum: server.versionNum,
        encoding: snapshot.encoding,
        inRecovery: server.inRecovery,
      },
      dump: {
        pgDump: tools.version,
        format: plan.format,
        compression: formatCompression(compression),
        jobs: plan.jobs,
        snapshot: snapshot.id,
      },
      globals: { rolePasswords: server.mayReadPasswords },
      objects: [...archive.files, globalsFile],
      tables,
      extensions: [...snapshot.extensions],
      databaseBytes: snapshot.databaseBytes,
      pgproof: version,
    };
    signal.throwIfAborted();
    await commitBackup(world.store, staged, key(manifestName), serialize(manifest));
    return manifest;
  } catch (error: unknown) {
    await Promise.all(staged.map((one) => one.abort()));
    throw error;
  }
}

function wholeSecond(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1_000) * 1_000);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
