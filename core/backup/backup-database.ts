import { setTimeout as wait } from 'node:timers/promises';
import { messageOf, PgproofError } from '../errors.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { archiveBytes } from '../manifest/sizes.ts';
import { ConnectionFailed } from '../postgres/connect/connection-failed.ts';
import type { DatabaseFacts } from '../postgres/facts/server-facts.ts';
import { attemptBackup } from './attempt.ts';
import type { BackupDependencies, BackupPlan } from './plan.ts';
import type { Reached } from './progress.ts';
import { type BackupNotDone, type BackupResult, NotVerified } from './report.ts';
import { attempts, retryReason } from './retry.ts';
import { databasesLike } from './select-databases.ts';

/**
 * One consistent backup of one database: archive and roles staged, rows counted in the dump's own snapshot, then
 * everything made visible, the manifest last.
 */
async function backupDatabase(
  database: string,
  plan: BackupPlan,
  dependencies: BackupDependencies,
  reached: Reached,
): Promise<Manifest> {
  for (let attempt = 1; ; attempt += 1) {
    Object.assign(reached, { bytes: 0, tables: 0 });
    const startedAt = wholeSecond(dependencies.clock());
    try {
      return await attemptBackup(
        { source: dependencies.source.name, database, startedAt },
        plan,
        dependencies,
        reached,
      );
    } catch (error: unknown) {
      if (attempt >= attempts || retryReason(error) === undefined) throw error;
      // Into the next second, for an id that is not taken.
      await wait(1_000 - (dependencies.clock().getTime() % 1_000), undefined, {
        signal: dependencies.signal,
      });
    }
  }
}

type Around = {
  readonly onStored: (manifest: Manifest) => Promise<void>;
  /** All databases of the server. */
  readonly onServer: readonly DatabaseFacts[];
};

/** Of a database that is not there it is said which are. A pooler may know it by a name that the server does not. */
function withNamesLike(error: unknown, database: string, onServer: readonly DatabaseFacts[]): unknown {
  if (!(error instanceof ConnectionFailed) || error.reason !== 'missing-database') return error;
  const { reason, code, problem } = error;
  const expected = databasesLike(database, onServer);
  return new ConnectionFailed({ reason, code, problem: { ...problem, expected } }, { cause: error });
}

function wholeSecond(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1_000) * 1_000);
}

/**
 * Backs up one database, and verifies the backup where that was asked for. Never rejects.
 * @param around onStored: told before the verification, which may take hours; must not reject
 * @returns the result, and the error where there was one
 */
export async function backupAndVerify(
  database: string,
  plan: BackupPlan,
  dependencies: BackupDependencies,
  { onServer, onStored }: Around,
): Promise<{ readonly result: BackupResult; readonly error?: unknown }> {
  const { clock, signal, verify, onProgress } = dependencies;
  const began = clock().getTime();
  const seconds = (): number => (clock().getTime() - began) / 1_000;
  const reached: Reached = { bytes: 0, tables: 0 };
  try {
    signal.throwIfAborted();
    const manifest = await backupDatabase(database, plan, dependencies, reached).catch((cause: unknown) => {
      throw withNamesLike(cause, database, onServer);
    });
    await onStored(manifest);
    const { id } = manifest;
    const bytes = archiveBytes(manifest);
    const done = { status: 'done', database, id, bytes, seconds: seconds(), manifest } as const;
    if (verify === undefined) return { result: done };
    onProgress({ kind: 'verifying', database });
    const verification = await verify(id).catch((cause: unknown) => {
      throw new NotVerified(id, cause);
    });
    return { result: { ...done, verification } };
  } catch (error: unknown) {
    const result = {
      status: 'failed',
      database,
      seconds: seconds(),
      error: briefly(error),
      reached,
    } as const;
    return { result, error };
  }
}

function briefly(error: unknown): BackupNotDone['error'] {
  if (error instanceof PgproofError) return { name: error.name, message: error.message };
  const stack = error instanceof Error ? error.stack : undefined;
  return { name: 'Error', message: messageOf(error), ...(stack === undefined ? {} : { stack }) };
}
