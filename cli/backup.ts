import type { Command } from 'commander';
import { backup } from '../core/backup/backup.ts';
import type { BackupPlan } from '../core/backup/plan.ts';
import { BackupFailed, type BackupReport, isGoodResult } from '../core/backup/report.ts';
import { runEvents } from '../core/backup/run-events.ts';
import { parseId } from '../core/manifest/backup-id.ts';
import type { Verified } from '../core/manifest/verified.ts';
import { type Channel, notifier } from '../core/notify/notifier.ts';
import type { Store } from '../core/store/store.ts';
import type { VerifyRequest } from '../core/verify/request.ts';
import { type TellDependencies, verifyAndTell } from '../core/verify/verify-and-tell.ts';
import type { VerifyChoice } from '../core/vocabulary.ts';
import { channelFor } from './alerts.ts';
import { type BackupFlags, planFromFlags, withBackupFlags } from './backup-flags.ts';
import { timeoutFrom, uncontainedFrom } from './containment.ts';
import { interruptible } from './interrupt.ts';
import { type CommandLog, withLog } from './log.ts';
import { storeCommand, storeFrom } from './options.ts';
import { backupProgress } from './output/backup-progress.ts';
import { tell } from './output/edge.ts';
import { printJson, printLines } from './output/result.ts';
import { styleFor } from './output/style.ts';
import { summaryTable } from './output/tables.ts';
import { machinePrograms } from './programs.ts';
import { sourceFrom } from './source.ts';

export function backupCommand(): Command {
  const command = storeCommand('backup').description(
    'dump every database of a server into a store, and verify what was stored',
  );
  return withBackupFlags(command).action(run);
}

/** A verification that is cut off does not undo its backup. */
const dumpsAreWhole =
  'Of a dump that was under way nothing was left. Backups whose dump had ended are kept, verified or not: pgproof list shows them.';

async function run(flags: BackupFlags): Promise<void> {
  const plan = planFromFlags(flags);
  const store = await storeFrom(flags);
  const channel = await channelFor(flags.topic);
  await withLog(flags, (log) => backUp(flags, { plan, store, channel, log }));
}

type Means = {
  readonly plan: BackupPlan;
  readonly store: Store;
  readonly channel: Channel;
  readonly log: CommandLog;
};

async function backUp(flags: BackupFlags, { plan, store, channel, log }: Means): Promise<void> {
  const progress = await backupProgress(process.stderr, styleFor(process.stderr));
  try {
    await interruptible(dumpsAreWhole, async (signal) => {
      const remarks: string[] = [];
      const source = await sourceFrom({
        text: flags.source,
        name: flags.name,
        store,
        signal,
        onRemark: (line) => remarks.push(line),
      });
      const dependencies = {
        store,
        signal,
        notifier: notifier(channel, flags.notify),
        clock: () => new Date(),
        ...machinePrograms({ signal, onProgress: progress.say }),
      };
      const verify = verifierAt(
        flags.verify,
        {
          ...dependencies,
          notifier: notifier(channel, 'failures'),
          uncontained: uncontainedFrom(flags),
        },
        { without: flags.without, ...timeoutFrom(flags) },
      );
      const events = runEvents({ ...log.of, source: source.name }, store.url, async (event) =>
        log.emit(event),
      );
      const report = await backup(plan, {
        ...dependencies,
        source,
        verify,
        recovery: { contact: flags.contact, write: 'current' },
        onProgress: (now) => {
          events.on(now);
          progress.on(now);
        },
      })
        .catch((error: unknown) => {
          if (!signal.aborted) events.broke(error);
          throw error;
        })
        .finally(events.end);
      progress.stop();
      tell(process.stderr, remarks);
      if (flags.json) printJson(report);
      else printSummary(report);
      if (!signal.aborted && !report.databases.every(isGoodResult)) throw new BackupFailed(report);
    });
  } finally {
    progress.stop();
  }
}

function verifierAt(
  level: VerifyChoice,
  dependencies: TellDependencies,
  wishes: Pick<VerifyRequest, 'without' | 'restoreSeconds'>,
): ((id: string) => Promise<Verified>) | undefined {
  if (level === 'none') return undefined;
  return (id) => verifyAndTell({ id: parseId(id), level, ...wishes }, dependencies);
}

function printSummary(report: BackupReport): void {
  tell(process.stderr, ['']);
  printLines(summaryTable(report, styleFor(process.stdout), process.stdout.columns));
}
