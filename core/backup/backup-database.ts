import { setTimeout as wait } from 'node:timers/promises';
import type { Manifest } from '../manifest/manifest.ts';
import { attemptBackup } from './attempt.ts';
import type { BackupDependencies, BackupPlan } from './plan.ts';
import type { Reached } from './progress.ts';
import { attempts, retryReason } from './retry.ts';

/**
 * One consistent backup of one database: archive and roles staged, rows counted in the dump's own snapshot, then
 * everything made visible, the manifest last.
 */
export async function backupDatabase(
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

function wholeSecond(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1_000) * 1_000);
}
