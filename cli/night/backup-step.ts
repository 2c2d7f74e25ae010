import { backup } from '../../core/backup/backup.ts';
import type { BackupPlan } from '../../core/backup/plan.ts';
import type { OnProgress } from '../../core/backup/progress.ts';
import { type BackupReport, isGoodResult } from '../../core/backup/report.ts';
import { runEvents } from '../../core/backup/run-events.ts';
import { parseCompression } from '../../core/config/compression.ts';
import { planDefaults } from '../../core/config/defaults.ts';
import type { NightConfig, NightSchedule, NightSource, NightStore } from '../../core/config/night.ts';
import { selectionFrom } from '../../core/config/table-selection.ts';
import { parseId } from '../../core/manifest/backup-id.ts';
import type { Done, NightDependencies } from '../../core/night/request.ts';
import type { Source } from '../../core/source/source.ts';
import type { Store } from '../../core/store/store.ts';
import { verifyAndTell } from '../../core/verify/verify-and-tell.ts';
import type { Programs } from '../programs.ts';
import { inKeys } from './in-keys.ts';

/** All that backups of one source have in common. */
export type SourceWork = {
  readonly source: Source;
  readonly settings: NightSource;
  readonly place: NightStore;
  readonly store: Store;
};

export type BackupTools = Programs & {
  readonly verify: NightConfig['verify'];
  readonly contact?: NightConfig['contact'];
  readonly notifier: NightDependencies['notifier'];
  readonly signal: AbortSignal;
  readonly onProgress: OnProgress;
};

const clock = (): Date => new Date();

/** A backup of what a schedule says, verified as the configuration says. */
export function backupStep(
  works: ReadonlyMap<string, SourceWork>,
  { verify, contact, onProgress, ...shared }: BackupTools,
): NightDependencies['backup'] {
  return async (task, emit) => {
    const work = works.get(task.source);
    const schedule = work?.settings.schedules.find(({ name }) => name === task.schedule);
    if (work === undefined || schedule === undefined) throw new Error('An unknown source or schedule');
    const { store } = work;
    const events = runEvents(task, store.url, (event) =>
      emit('error' in event && event.error !== undefined ? { ...event, error: inKeys(event.error) } : event),
    );
    const { level, without, allowUncontained, restoreTimeoutSeconds } = verify;
    const { signal, tools, verificationTools } = shared;
    const verifier = (id: string): ReturnType<typeof verifyAndTell> =>
      verifyAndTell(
        {
          id: parseId(id),
          level: level === 'none' ? 'read' : level,
          checks: work.settings.checks,
          without,
          restoreSeconds: restoreTimeoutSeconds,
        },
        {
          store,
          signal,
          tools,
          verificationTools,
          clock,
          // That it was verified, the backup's own message says.
          notifier: {
            tell: async (outcome) =>
              void (outcome.result !== 'good' && (await shared.notifier.tell(outcome))),
          },
          uncontained: allowUncontained ? 'asked-for' : 'refused',
        },
      );
    try {
      const report = await backup(planOf(work, schedule), {
        ...shared,
        source: work.source,
        store,
        clock,
        verify: level === 'none' ? undefined : verifier,
        recovery: { contact, write: 'current' },
        onProgress: (progress) => {
          events.on(progress);
          onProgress(progress);
        },
      });
      return doneOf(report);
    } finally {
      await events.end();
    }
  };
}

function doneOf(report: BackupReport): Done {
  return {
    ok: report.databases.every(isGoodResult),
    backups: report.databases.flatMap((one) => (one.status === 'done' ? [one.id] : [])),
    report,
  };
}

/** What a schedule says of databases stands in the place of what its source says. */
function planOf({ settings, place }: SourceWork, schedule: NightSchedule): BackupPlan {
  const chosen = schedule.databases ?? schedule.excludeDatabases;
  const { databases = [], excludeDatabases = [] } = chosen === undefined ? settings : schedule;
  const selection = selectionFrom({
    schemas: schedule.schemas ?? settings.schemas,
    excludeSchemas: schedule.excludeSchemas ?? settings.excludeSchemas,
    excludeTables: schedule.excludeTables ?? settings.excludeTables,
    excludeTableData: schedule.excludeTableData ?? settings.excludeTableData,
  });
  return {
    databases,
    excludeDatabases,
    ...(selection === undefined ? {} : { selection }),
    format: schedule.format ?? planDefaults.format,
    compression: schedule.compress === undefined ? undefined : parseCompression(schedule.compress),
    jobs: schedule.jobs ?? planDefaults.jobs,
    parallel: schedule.parallel ?? planDefaults.parallel,
    rows: schedule.rows ?? planDefaults.rows,
    fingerprint: settings.fingerprint,
    rolePasswords: settings.globals.rolePasswords,
    lock: place.objectLock,
    lockWaitSeconds: settings.lockWaitSeconds,
    stallSeconds: settings.stallSeconds,
    schedule: schedule.name,
  };
}
