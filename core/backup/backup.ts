import pLimit from 'p-limit';
import { messageOf, PgproofError } from '../errors.ts';
import { archiveBytes } from '../inventory/list-backups.ts';
import { composeAlert, type Outcome } from '../notify/alert.ts';
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
import { doneOutcome, failureOutcome, notStartedOutcome } from './outcomes.ts';
import type { BackupDependencies, BackupPlan } from './plan.ts';
import type { Reached } from './progress.ts';
import { type BackupReport, type BackupResult, isGoodResult, NotVerified } from './report.ts';
import { selectDatabases } from './select-databases.ts';

/**
 * Backs up a source: every database that the plan selects, one failure not stopping the rest, each failure an alert
 * at once. Resolves with a result per database, also when some failed (see isGoodResult); rejects where the run as a whole
 * could not begin, or where an alert could not be sent.
 */
export async function backup(plan: BackupPlan, dependencies: BackupDependencies): Promise<BackupReport> {
  const startedAt = dependencies.clock();
  const tell = async (outcome: Outcome): Promise<void> => {
    if (outcome.result !== 'good' || plan.notify === 'all')
      await dependencies.notifier.publish(composeAlert(outcome));
  };
  const circumstances = (): Parameters<typeof failureOutcome>[0] => ({
    source: dependencies.source.name,
    store: dependencies.store.url,
    at: dependencies.clock(),
    plan,
  });

  let databases: readonly { readonly name: string }[];
  try {
    databases = await begin(plan, dependencies);
  } catch (error: unknown) {
    await tell(
      failureOutcome(circumstances(), dependencies.signal.aborted ? dependencies.signal.reason : error, {}),
    );
    throw error;
  }

  const unsent: unknown[] = [];
  const tellOrKeep = (outcome: Outcome): Promise<void> =>
    tell(outcome).catch((failure: unknown) => void unsent.push(failure));
  const notStarted: string[] = [];
  const limit = pLimit(plan.parallel);
  const one = async (database: string): Promise<BackupResult> => {
    const startable = !dependencies.signal.aborted;
    const { result, error } = await takeOne(database, plan, dependencies);
    dependencies.onProgress({ kind: 'finished', result });
    if (!startable) notStarted.push(database);
    // A verification that could not be done has sent an alert of its own.
    else if (result.status === 'failed' && !(error instanceof NotVerified)) {
      const { reached, seconds } = result;
      await tellOrKeep(failureOutcome(circumstances(), error, { database, reached, seconds }));
    } else if (result.status === 'done' && isGoodResult(result))
      await tellOrKeep(doneOutcome(circumstances(), result));
    return result;
  };
  const results = await Promise.all(databases.map(({ name }) => limit(() => one(name))));
  if (notStarted.length > 0)
    await tellOrKeep(notStartedOutcome(circumstances(), dependencies.signal.reason, notStarted));
  // The alert that could not be sent is worse than what it would have told: it fails the whole run.
  if (unsent.length > 0) throw unsent[0];
  return {
    source: dependencies.source.name,
    store: dependencies.store.url,
    startedAt: startedAt.toISOString(),
    finishedAt: dependencies.clock().toISOString(),
    databases: results,
  };
}

/** Connects, lists, and makes sure that the store can take what is coming, before the first dump is started. */
async function begin(
  plan: BackupPlan,
  dependencies: BackupDependencies,
): Promise<readonly { readonly name: string }[]> {
  const parameters = await dependencies.source.resolve();
  const { server, onServer } = await lookAround(parameters, dependencies.signal);
  const databases = selectDatabases(onServer, plan.databases, plan.excludeDatabases);
  const tools = await dependencies.tools(server.major);
  const bytes = databases.reduce((sum, one) => sum + one.bytes, 0);
  const compression = plan.compression ?? { method: plan.format === 'tar' ? 'none' : 'gzip' };
  await dependencies.store.prepare({
    expectedBytes: expectedArchiveBytes(bytes, compression),
    signal: dependencies.signal,
  });
  dependencies.onProgress({
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
  dependencies: BackupDependencies,
): Promise<{ readonly result: BackupResult; readonly error?: unknown }> {
  const began = dependencies.clock().getTime();
  const seconds = (): number => (dependencies.clock().getTime() - began) / 1_000;
  const reached: Reached = { bytes: 0, tables: 0 };
  try {
    dependencies.signal.throwIfAborted();
    const manifest = await backupDatabase(database, plan, dependencies, reached);
    const bytes = archiveBytes(manifest);
    const done = { status: 'done', database, id: manifest.id, bytes, seconds: seconds(), manifest } as const;
    if (dependencies.verify === undefined) return { result: done };
    dependencies.onProgress({ kind: 'verifying', database });
    const verification = await dependencies.verify(manifest.id).catch((cause: unknown) => {
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
