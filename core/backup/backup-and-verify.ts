import { messageOf, PgproofError } from '../errors.ts';
import { archiveBytes } from '../manifest/sizes.ts';
import { backupDatabase } from './backup-database.ts';
import type { BackupDependencies, BackupPlan } from './plan.ts';
import type { Reached } from './progress.ts';
import { type BackupNotDone, type BackupResult, NotVerified } from './report.ts';

/**
 * Backs up one database, and verifies the backup where that was asked for. Never rejects.
 * @returns the result, and the error where there was one
 */
export async function backupAndVerify(
  database: string,
  plan: BackupPlan,
  dependencies: BackupDependencies,
): Promise<{ readonly result: BackupResult; readonly error?: unknown }> {
  const { clock, signal, verify, onProgress } = dependencies;
  const began = clock().getTime();
  const seconds = (): number => (clock().getTime() - began) / 1_000;
  const reached: Reached = { bytes: 0, tables: 0 };
  try {
    signal.throwIfAborted();
    const manifest = await backupDatabase(database, plan, dependencies, reached);
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
