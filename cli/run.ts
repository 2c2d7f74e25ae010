import { randomUUID } from 'node:crypto';
import { Command, Option } from 'commander';
import type { NightConfig } from '../core/config/night.ts';
import { ConfigurationError } from '../core/config/problem.ts';
import { messageOf } from '../core/errors.ts';
import { night } from '../core/night/night.ts';
import type { NightReport } from '../core/night/request.ts';
import type { Outcome } from '../core/notify/alert.ts';
import { collectingNotifier, composeDigest } from '../core/notify/digest.ts';
import type { Channel } from '../core/notify/notifier.ts';
import { withoutSecrets } from '../core/process/redact.ts';
import { interruptible } from './interrupt.ts';
import { readConfiguration } from './night/config-file.ts';
import { type NightFlags, refuseUnknownNames } from './night/flags.ts';
import { inKeysOf } from './night/in-keys.ts';
import { tellMisconfigured } from './night/misconfigured.ts';
import { NightFailed } from './night/night-failed.ts';
import { prepareNight } from './night/prepare.ts';
import { nightLines } from './night/report-lines.ts';
import { collectName } from './options.ts';
import { backupProgress } from './output/backup-progress.ts';
import { tell } from './output/edge.ts';
import { printJson, printLines } from './output/result.ts';
import { styleFor } from './output/style.ts';
import { machinePrograms } from './programs.ts';

export function runCommand(): Command {
  return new Command('run')
    .description('a plain server’s night: back up and verify what is due, copy, prune, one message')
    .addOption(
      new Option(
        '--config <file>',
        'the configuration (default: pgproof.yaml here, else /etc/pgproof/pgproof.yaml)',
      ).env('PGPROOF_CONFIG'),
    )
    .option(
      '--schedule <name>',
      'only schedules of this name, due or not; may be given several times',
      collectName,
    )
    .option('--source <name>', 'only this source; may be given several times', collectName)
    .option('--dry-run', 'only say what is due')
    .addOption(new Option('--json', 'print the result as one JSON document on standard output'))
    .action(run);
}

const nightGoesOn =
  'What had ended stays. Of a dump that was under way nothing was left, a copy goes on from where it was, and what is due is done by the next run.';

async function run(flags: NightFlags): Promise<void> {
  // Who only asks what is due is told here.
  const onWrong = flags.dryRun ? undefined : warnMisconfigured;
  const { config, path, directory } = await readConfiguration(flags.config, undefined, onWrong);
  refuseUnknownNames(flags, config);
  const notifier = inKeysOf(collectingNotifier());
  const progress = await backupProgress(process.stderr, styleFor(process.stderr));
  // Whatever cron's job says is mailed: only a terminal is told of what goes well.
  const isWatched = process.stderr.isTTY === true;
  const quiet = { on: () => undefined, say: () => undefined };
  const { on, say } = isWatched ? progress : quiet;
  const { report, unsent } = await interruptible(nightGoesOn, async (signal) => {
    const prepared = await prepareNight(config, {
      path,
      directory,
      isDryRun: flags.dryRun ?? false,
      notifier,
      signal,
      onProgress: on,
      ...machinePrograms({ signal, onProgress: say }),
      warn: (line) => tell(process.stderr, [line]),
    }).catch(async (error: unknown) => {
      if (error instanceof ConfigurationError) await onWrong?.(error, config.notify, directory);
      throw error;
    });
    try {
      const { emit, backup, sources, stores, steps } = prepared;
      const request = {
        sources,
        stores,
        steps,
        schedules: flags.schedule,
        only: flags.source,
        dryRun: flags.dryRun ?? false,
      };
      const clock = (): Date => new Date();
      // What went wrong before an interruption is on record, and is told now or never.
      const done = await night(request, {
        backup,
        emit,
        notifier,
        signal,
        clock,
        newRunId: () => randomUUID(),
      }).catch(async (error: unknown) => {
        await sendDigest(prepared.channel, notifier.outcomes, config);
        throw error;
      });
      // Who only asked what is due is told here.
      const unsent = done.dryRun ? undefined : await sendDigest(prepared.channel, notifier.outcomes, config);
      return { report: { ...done, ok: done.ok && !prepared.isPartial }, unsent };
    } finally {
      await prepared.close();
    }
  }).finally(progress.stop);
  tellResult(report, flags, isWatched);
  const failed = report.ok ? undefined : new NightFailed(notifier.outcomes);
  // The message that could not be sent has the other in it.
  if (unsent !== undefined) throw unsent.error;
  if (failed !== undefined) throw failed;
}

/** That people hear of it, too; what could not be sent is said beside what is wrong. */
async function warnMisconfigured(
  error: ConfigurationError,
  notify: NightConfig['notify'],
  directory: string,
): Promise<void> {
  const unsent = await tellMisconfigured(error, notify, directory);
  if (unsent !== undefined) tell(process.stderr, [withoutSecrets(messageOf(unsent))]);
}

/** One message of all of it. @returns why it could not be sent */
async function sendDigest(
  channel: Channel,
  outcomes: readonly Outcome[],
  { notify }: NightConfig,
): Promise<{ readonly error: unknown } | undefined> {
  const alert = composeDigest(outcomes, notify.on);
  if (alert === undefined) return undefined;
  return await channel.publish(alert).then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
}

function tellResult(report: NightReport, { json }: NightFlags, isWatched: boolean): void {
  if (json) printJson(report);
  else if (isWatched || report.dryRun || process.stdout.isTTY === true) printLines(nightLines(report));
}
