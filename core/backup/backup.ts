import pLimit from 'p-limit';
import { messageOf, PgproofError } from '../errors.ts';
import { archiveBytes } from '../inventory/list-backups.ts';
import { composeAlert, type Incident } from '../notify/alert.ts';
import { withConnection } from '../postgres/connect/connect.ts';
import { ConnectionFailed } from '../postgres/connect/connection-failed.ts';
import { type ConnectionParameters, describeServer } from '../postgres/connect/parameters.ts';
import { expectedArchiveBytes } from '../postgres/dump/dump-arguments.ts';
import {
  type DatabaseFacts,
  listDatabases,
  readServerFacts,
  type ServerFacts,
} from '../postgres/facts/server-facts.ts';
import { backupDatabase } from './backup-database.ts';
import { doneIncident, failureIncident, notStartedIncident } from './incidents.ts';
import type { BackupPlan, BackupWorld } from './plan.ts';
import type { Reached } from './progress.ts';
import { type BackupReport, type BackupResult, isGood, NotVerified } from './report.ts';
import { selectDatabases } from './select-databases.ts';

/**
 * Backs up a source: every database that the plan selects, one failure not stopping the rest, each failure an alert
 * at once. Resolves with a result per database, also when some failed (see isGood); rejects where the run as a whole
 * could not begin, or where an alert could not be sent.
 */
export async function backup(plan: BackupPlan, world: BackupWorld): Promise<BackupReport> {
  const startedAt = world.clock();
  const tell = async (incident: Incident): Promise<void> => {
    if (incident.outcome !== 'good' || plan.notify === 'all')
      await world.notifier.publish(composeAlert(incident));
  };
  const circumstances = (): Parameters<typeof failureIncident>[0] => ({
    source: world.source.name,
    store: world.store.url,
    at: world.clock(),
    plan,
  });

  let databases: readonly { readonly name: string }[];
  try {
    databases = await begin(plan, world);
  } catch (error: unknown) {
    await tell(failureIncident(circumstances(), world.signal.aborted ? world.signal.reason : error, {}));
    throw error;
  }

  const unsent: unknown[] = [];
  const tellOrKeep = (incident: Incident): Promise<void> =>
    tell(incident).catch((failure: unknown) => void unsent.push(failure));
  const notStarted: string[] = [];
  const limit = pLimit(plan.parallel);
  const one = async (database: string): Promise<BackupResult> => {
    const startable = !world.signal.aborted;
    const { result, error } = await takeOne(database, plan, world);
    world.onProgress({ kind: 'finished', result });
    if (!startable) notStarted.push(database);
    // A verification that could not be done has sent an alert of its own.
    else if (result.status === 'failed' && !(error instanceof NotVerified)) {
      const { reached, seconds } = result;
      await tellOrKeep(failureIncident(circumstances(), error, { database, reached, seconds }));
    } else if (result.status === 'done' && isGood(result))
      await tellOrKeep(doneIncident(circumstances(), result));
    return result;
  };
  const results = await Promise.all(databases.map(({ name }) => limit(() => one(name))));
  if (notStarted.length > 0)
    await tellOrKeep(notStartedIncident(circumstances(), world.signal.reason, notStarted));
  // The alert that could not be sent is worse than what it would have told: it fails the whole run.
  if (unsent.length > 0) throw unsent[0];
  return {
    source: world.source.name,
    store: world.store.url,
    startedAt: startedAt.toISOString(),
    finishedAt: world.clock().toISOString(),
    databases: results,
  };
}

/** Connects, lists, and makes sure that the store can take what is coming, before the first dump is started. */
async function begin(plan: BackupPlan, world: BackupWorld): Promise<readonly { readonly name: string }[]> {
  const parameters = await world.source.resolve();
  const { server, onServer } = await lookAround(parameters, world.signal);
  const databases = selectDatabases(onServer, plan.databases, plan.excludeDatabases);
  const tools = await world.tools(server.major);
  const bytes = databases.reduce((sum, one) => sum + one.bytes, 0);
  const compression = plan.compression ?? { method: plan.format === 'tar' ? 'none' : 'gzip' };
  await world.store.prepare({
    expectedBytes: expectedArchiveBytes(bytes, compression),
    signal: world.signal,
  });
  world.onProgress({
    kind: 'run-started',
    server: describeServer(parameters),
    version: server.version,
    pgDump: tools.version,
    databases: databases.map(({ name }) => name),
  });
  return databases;
}

async function lookAround(
  parameters: ConnectionParameters,
  signal: AbortSignal,
): Promise<{ readonly server: ServerFacts; readonly onServer: readonly DatabaseFacts[] }> {
  const look = (database: string): ReturnType<typeof lookAround> =>
    withConnection(parameters, { signal, database }, async (client) => ({
      server: await readServerFacts(client),
      onServer: await listDatabases(client),
    }));
  try {
    return await look(parameters.database);
  } catch (error: unknown) {
    // Where nobody names a database libpq takes the role's name, which is seldom one; postgres is there to list the others.
    const isDefault = parameters.database === parameters.user;
    if (!isDefault || !(error instanceof ConnectionFailed) || error.reason !== 'missing-database')
      throw error;
    return look('postgres');
  }
}

async function takeOne(
  database: string,
  plan: BackupPlan,
  world: BackupWorld,
): Promise<{ readonly result: BackupResult; readonly error?: unknown }> {
  const began = world.clock().getTime();
  const seconds = (): number => (world.clock().getTime() - began) / 1_000;
  const reached: Reached = { bytes: 0, tables: 0 };
  try {
    world.signal.throwIfAborted();
    const manifest = await backupDatabase(database, plan, world, reached);
    const bytes = archiveBytes(manifest);
    const done = { status: 'done', database, id: manifest.id, bytes, seconds: seconds(), manifest } as const;
    if (world.verify === undefined) return { result: done };
    world.onProgress({ kind: 'verifying', database });
    const verification = await world.verify(manifest.id).catch((cause: unknown) => {
      throw new NotVerified(manifest.id, cause);
    });
    return { result: { ...done, verification } };
  } catch (error: unknown) {
    const failed = {
      status: 'failed',
      database,
      seconds: seconds(),
      error: briefly(error),
      reached,
    } as const;
    return { result: failed, error };
  }
}

function briefly(error: unknown): {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
} {
  if (error instanceof PgproofError) return { name: error.name, message: error.message };
  const stack = error instanceof Error ? error.stack : undefined;
  return { name: 'Error', message: messageOf(error), ...(stack === undefined ? {} : { stack }) };
}
