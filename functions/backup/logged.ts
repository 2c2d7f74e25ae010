import { backup } from '../../core/backup/backup.ts';
import type { BackupDependencies, BackupPlan } from '../../core/backup/plan.ts';
import type { BackupReport } from '../../core/backup/report.ts';
import { runEvents } from '../../core/backup/run-events.ts';
import type { LogEvents } from '../lambda/log-events.ts';

/** A backup of which the log table hears: each database when it begins and when it ends. */
export async function loggedBackup(
  plan: BackupPlan,
  dependencies: BackupDependencies,
  log: LogEvents,
): Promise<BackupReport> {
  const { source, store, onProgress } = dependencies;
  const events = runEvents({ ...log.of, source: source.name, schedule: plan.schedule }, store.url, log.on);
  try {
    return await backup(plan, {
      ...dependencies,
      onProgress: (progress) => {
        events.on(progress);
        onProgress?.(progress);
      },
    });
  } catch (error: unknown) {
    events.broke(error);
    throw error;
  } finally {
    await events.end();
    await log.close();
  }
}
