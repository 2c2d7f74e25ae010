import pLimit from 'p-limit';
import type { Manifest } from '../manifest/manifest.ts';
import type { Outcome } from '../notify/alert.ts';
import { describeServer } from '../postgres/connect/parameters.ts';
import { expectedArchiveBytes } from '../postgres/dump/dump-arguments.ts';
import type { DatabaseFacts } from '../postgres/facts/server-facts.ts';
import { abortReasonOr } from '../process/stop-reason.ts';
import { noteTeller } from '../recovery/note-teller.ts';
import { alarmTeller } from './alarm-teller.ts';
import { backupAndVerify } from './backup-database.ts';
import { lookAround } from './look-around.ts';
import { type Circumstances, doneOutcome, failureOutcome, notStartedOutcome } from './outcomes.ts';
import type { BackupDependencies, BackupPlan } from './plan.ts';
import { type BackupReport, type BackupResult, isGoodResult, NotVerified } from './report.ts';
import { excludedInVain, type NotExcluded, selectDatabases } from './select-databases.ts';

/**
 * Backs up a source: every database that the plan selects, one failure not stopping the rest, each failure an alert
 * at once. Resolves with a result per database, also when some failed (see isGoodResult); rejects where the run as a
 * whole could not begin, or where an alert could not be sent.
 */
export async function backup(plan: BackupPlan, dependencies: BackupDependencies): Promise<BackupReport> {
  const { source, store, clock, notifier, signal, onProgress } = dependencies;
  const startedAt = clock();
  const circumstances = (): Circumstances => ({ source: source.name, store: store.url, at: clock(), plan });

  let begun: Begun;
  try {
    begun = await begin(plan, dependencies);
  } catch (error: unknown) {
    await notifier.tell(failureOutcome(circumstances(), abortReasonOr(signal, error), {}));
    throw error;
  }

  const { databases, onServer, notExcluded } = begun;
  const unsent: unknown[] = [];
  const tellOrKeep = (outcome: Outcome): Promise<void> =>
    notifier.tell(outcome).catch((failure: unknown) => void unsent.push(failure));
  const tellAlarms = alarmTeller(circumstances, tellOrKeep);
  const notes = noteTeller(store, dependencies.recovery, (database, message) =>
    onProgress({ kind: 'warning', database, message }),
  );
  const onStored = async (manifest: Manifest): Promise<void> => {
    await tellAlarms(manifest);
    await notes.stored(manifest);
  };
  const notStarted: string[] = [];
  const one = async (database: string): Promise<BackupResult> => {
    if (signal.aborted) notStarted.push(database);
    const isStarted = !signal.aborted;
    const { result, error } = await backupAndVerify(database, plan, dependencies, {
      onServer,
      onStored,
    });
    if (result.status === 'done') await notes.verified(result.manifest, result.verification?.timings);
    onProgress({ kind: 'finished', result });
    const outcome = isStarted ? outcomeOf(circumstances(), result, error) : undefined;
    if (outcome !== undefined) await tellOrKeep(outcome);
    return result;
  };
  const limit = pLimit(plan.parallel);
  const results = await Promise.all(databases.map((name) => limit(() => one(name))));
  if (notStarted.length > 0) await tellOrKeep(notStartedOutcome(circumstances(), signal.reason, notStarted));
  // At the end, where it is read; on a night that goes well nobody looks at the beginning.
  for (const one of notExcluded) onProgress({ kind: 'warning', ...one });
  // The alert that could not be sent is worse than what it would have told: it fails the whole run.
  if (unsent.length > 0) throw unsent[0];
  return {
    source: source.name,
    store: store.url,
    startedAt: startedAt.toISOString(),
    finishedAt: clock().toISOString(),
    databases: results,
    ...(notExcluded.length === 0 ? {} : { notExcluded }),
  };
}

/** What is to be told of one database; undefined where its verification has told it. */
function outcomeOf(circumstances: Circumstances, result: BackupResult, error: unknown): Outcome | undefined {
  if (result.status === 'failed') {
    if (error instanceof NotVerified) return undefined;
    const { database, reached, seconds } = result;
    return failureOutcome(circumstances, error, { database, reached, seconds });
  }
  return isGoodResult(result) ? doneOutcome(circumstances, result) : undefined;
}

type Begun = {
  /** The names of the databases to back up. */
  readonly databases: readonly string[];
  readonly onServer: readonly DatabaseFacts[];
  readonly notExcluded: readonly NotExcluded[];
};

/** Connects, lists, and makes sure that the store can take what is coming, before the first dump is started. */
async function begin(plan: BackupPlan, dependencies: BackupDependencies): Promise<Begun> {
  const { source, store, signal, onProgress } = dependencies;
  const parameters = await source.resolve();
  const { server, onServer } = await lookAround(parameters, signal);
  const databases = selectDatabases(onServer, plan.databases, plan.excludeDatabases);
  const tools = await dependencies.tools(server.major);
  const bytes = databases.reduce((sum, one) => sum + one.bytes, 0);
  const compression = plan.compression ?? { method: plan.format === 'tar' ? 'none' : 'gzip' };
  await store.prepare({
    expectedBytes: expectedArchiveBytes(bytes, compression),
    lock: plan.lock !== undefined,
    signal,
  });
  const names = databases.map(({ name }) => name);
  onProgress({
    kind: 'run-started',
    server: describeServer(parameters),
    version: server.version,
    pgDump: tools.version,
    databases: names,
  });
  return { databases: names, onServer, notExcluded: excludedInVain(onServer, plan.excludeDatabases) };
}
