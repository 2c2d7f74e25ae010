import { Readable } from 'node:stream';
import type { Client } from 'pg';
import { type BackupId, keyOf } from '../shared/manifest/backup-id.ts';
import { type DatabaseLocale, type Manifest, manifestName, serialize } from '../shared/manifest/manifest.ts';
import { childEnvironment } from '../shared/postgres/child-environment.ts';
import { chooseCompression } from '../shared/postgres/compression.ts';
import { readDatabaseLocale } from '../shared/postgres/database-locale.ts';
import type { DumpPlan } from '../shared/postgres/dump-plan.ts';
import { dumpGlobals, type GlobalNames, type Globals, readGlobalNames } from '../shared/postgres/globals.ts';
import { queryFailed } from '../shared/postgres/query-failed.ts';
import type { ServerFacts } from '../shared/postgres/server-facts.ts';
import type { Snapshot } from '../shared/postgres/snapshot.ts';
import type { ConnectionParameters } from '../shared/postgres/source.ts';
import { type PostgresTools, toolPath } from '../shared/postgres/tools.ts';
import { hasZstd } from '../shared/postgres/zstd-support.ts';
import { redactor } from '../shared/process/redact.ts';
import type { StagedObject } from '../shared/store/store.ts';
import type { Reached } from './backup-database.ts';
import { commitBackup } from './commit-backup.ts';
import { makeManifest, type Recorded, storedFile } from './make-manifest.ts';
import type { BackupPlan, BackupWorld } from './plan.ts';
import { recordContents } from './record-contents.ts';
import { takeArchive } from './take-archive.ts';
import { together } from './together.ts';

/** One attempt at one database. */
export type Attempt = {
  readonly id: BackupId;
  readonly plan: BackupPlan;
  readonly world: BackupWorld;
  readonly reached: Reached;
  readonly signal: AbortSignal;
  /** Aborts `signal` for all parts of the attempt when one fails. */
  readonly group: AbortController;
  /** Tells the watchdog that something moves. */
  readonly touch: () => void;
};

/** The open snapshot, and the connection that holds it open. */
export type Held = {
  readonly parameters: ConnectionParameters;
  readonly client: Client;
  readonly server: ServerFacts;
  readonly snapshot: Snapshot;
};

const globalsName = 'globals.sql';

/** Stores the snapshot: archive, roles and counts at once, then everything made visible. Leaves nothing on failure. */
export async function takeSnapshot(attempt: Attempt, held: Held): Promise<Manifest> {
  const { id, world, signal } = attempt;
  const { server, snapshot } = held;
  const tools = await world.tools(server.major);
  const dump = await planDump(attempt, snapshot, tools);
  const staged: StagedObject[] = [];
  try {
    const { files, globals, locale, recorded } = await readAll(attempt, held, tools, dump, staged);
    world.onProgress({ kind: 'storing', database: id.database });
    const expectedBytes = globals.sql.length;
    staged.push(
      await world.store.stage(keyOf(id, globalsName), Readable.from([globals.sql]), {
        expectedBytes,
        signal,
      }),
    );
    const manifest = makeManifest({
      ...{ id, server, snapshot, dump, globals, locale, recorded, finishedAt: world.clock() },
      pgDumpVersion: tools.version,
      objects: [...files, storedFile('globals', globalsName, globals.sql)],
    });
    signal.throwIfAborted();
    await commitBackup(world.store, staged, keyOf(id, manifestName), serialize(manifest));
    return manifest;
  } catch (error: unknown) {
    await Promise.all(staged.map((object) => object.abort()));
    throw error;
  }
}

async function planDump(
  { id, plan, signal }: Attempt,
  snapshot: Snapshot,
  tools: PostgresTools,
): Promise<DumpPlan> {
  const { compression: asked, format } = plan;
  const zstd = await hasZstd(tools, signal);
  const compression = chooseCompression({ asked, format, pgDumpMajor: tools.major, hasZstd: zstd });
  return { ...plan, database: id.database, snapshot: snapshot.id, compression };
}

/** pg_dump, pg_dumpall and what is recorded side by side: what one waits for, the others use. */
async function readAll(
  { id, plan, world, reached, signal, group, touch }: Attempt,
  { parameters, client, server, snapshot }: Held,
  tools: PostgresTools,
  dump: DumpPlan,
  staged: StagedObject[],
): Promise<{
  readonly files: Awaited<ReturnType<typeof takeArchive>>['files'];
  readonly globals: Globals & GlobalNames;
  readonly locale: DatabaseLocale;
  readonly recorded: Recorded;
}> {
  const { database } = id;
  const { databaseBytes, tables } = snapshot;
  world.onProgress({ kind: 'started', database, expectedBytes: databaseBytes, tables: tables.length });
  const env = childEnvironment(parameters);
  const redact = redactor([parameters.password]);
  let tellLocked = (): void => undefined;
  const locked = new Promise<void>((resolve) => {
    tellLocked = resolve;
  });
  const archive = takeArchive({
    ...{ plan: dump, databaseBytes, tools, env, redact, store: world.store, signal },
    key: (name) => keyOf(id, name),
    onBytes: (bytes) => {
      reached.bytes = bytes;
      world.onProgress({ kind: 'bytes', database, bytes });
    },
    onTable: () => {
      reached.tables += 1;
      world.onProgress({ kind: 'table', database, dumped: reached.tables });
    },
    onLocked: tellLocked,
    onLife: touch,
  }).then((taken) => {
    staged.push(...taken.staged);
    return taken.files;
  });
  const recording = recordContents({
    ...{
      client,
      database,
      snapshot,
      rows: plan.rows,
      fingerprint: plan.fingerprint,
      locked,
      dumped: archive,
      signal,
    },
    onLife: touch,
    onWarning: (message) => world.onProgress({ kind: 'warning', database, message }),
  });
  const request = { program: toolPath(tools, 'pg_dumpall'), database, env, redact, signal };
  const [files, globals, recorded] = await together(group, [
    archive,
    dumpGlobals(request, server.mayReadPasswords),
    recording,
  ]);
  try {
    const names = await readGlobalNames(client, globals.sql);
    return { files, recorded, globals: { ...globals, ...names }, locale: await readDatabaseLocale(client) };
  } catch (cause: unknown) {
    throw queryFailed(`What ${JSON.stringify(database)} is like could not be read`, cause);
  }
}
