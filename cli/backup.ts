import { type Command, Option } from 'commander';
import { backup } from '../functions/backup/backup.ts';
import { type BackupPlan, planDefaults, type VerifyChoice } from '../functions/backup/plan.ts';
import { BackupFailed, isGood } from '../functions/backup/report.ts';
import { UsageError } from '../functions/shared/errors.ts';
import { parseId } from '../functions/shared/manifest/backup-id.ts';
import { type Format, formats } from '../functions/shared/manifest/manifest.ts';
import { type NotifyPolicy, notifyPolicies } from '../functions/shared/notify/notifier.ts';
import { parseCompression } from '../functions/shared/postgres/compression.ts';
import { obtainTools } from '../functions/shared/postgres/obtain-tools.ts';
import { verifyAndTell } from '../functions/verify/verify-and-tell.ts';
import { notifierFor, withAlertFlags } from './alerts.ts';
import { interruptible } from './interrupt.ts';
import {
  collect,
  type StoreFlags,
  storeCommand,
  storeFrom,
  wholeNumber,
  withUploadFlags,
} from './options.ts';
import { backupProgress } from './output/backup-progress.ts';
import { styleFor } from './output/style.ts';
import { summaryTable } from './output/tables.ts';
import { sourceFrom } from './source.ts';

type BackupFlags = StoreFlags & {
  readonly source?: string;
  readonly name?: string;
  readonly database: readonly string[];
  readonly excludeDatabase: readonly string[];
  readonly format: Format;
  readonly compress?: string;
  readonly jobs: number;
  readonly parallel: number;
  readonly rows: 'exact' | 'none';
  readonly verify: VerifyChoice;
  readonly lockWaitTimeout: number;
  readonly stallTimeout: number;
  readonly topic?: string;
  readonly notify: NotifyPolicy;
  readonly json?: true;
};

export function backupCommand(): Command {
  const command = storeCommand('backup')
    .description('dump every database of a server into a store, and verify what was stored')
    .option(
      '--source <url>',
      "a server: postgresql://user@host/ or a libpq connection string; default: libpq's environment",
    )
    .option('--name <name>', "the source's name in backup ids; default: the host's name")
    .option('--database <name>', 'only this one; may be given several times', collect, [])
    .option('--exclude-database <name>', 'all but this one; may be given several times', collect, [])
    .addOption(
      new Option('--format <format>', "pg_dump's format").choices([...formats]).default(planDefaults.format),
    )
    .option(
      '--compress <method[:level]>',
      'zstd, gzip, lz4 or none; default: zstd:1 where pg_dump has it, else gzip:1',
    )
    .addOption(
      flagNumber('--jobs <n>', 'workers for one database; directory format only', 1, 64, planDefaults.jobs),
    )
    .addOption(flagNumber('--parallel <n>', 'databases at once', 1, 16, planDefaults.parallel))
    .addOption(
      new Option('--rows <how>', 'count the rows of every table')
        .choices(['exact', 'none'])
        .default(planDefaults.rows),
    )
    .addOption(
      new Option('--verify <level>', 'verify each backup at once')
        .choices(['checksum', 'read', 'none'])
        .default('read'),
    )
    .addOption(
      flagNumber(
        '--lock-wait-timeout <s>',
        'seconds to wait for a table lock',
        1,
        86_400,
        planDefaults.lockWaitSeconds,
      ),
    )
    .addOption(
      flagNumber(
        '--stall-timeout <s>',
        'seconds without progress that end a dump',
        1,
        86_400,
        planDefaults.stallSeconds,
      ),
    );
  return withAlertFlags(withUploadFlags(command), notifyPolicies).action(async (flags: BackupFlags) =>
    run(flags),
  );
}

function flagNumber(flags: string, description: string, least: number, most: number, value: number): Option {
  return new Option(flags, description).argParser(wholeNumber(least, most)).default(value);
}

async function run(flags: BackupFlags): Promise<void> {
  if (flags.jobs > 1 && flags.format !== 'directory') {
    throw new UsageError({
      what: '--jobs needs the directory format',
      got: `--jobs ${flags.jobs} --format ${flags.format}`,
      fix: 'Add --format directory; --parallel takes several databases at once in any format.',
    });
  }
  const store = storeFrom(flags);
  const source = await sourceFrom(flags.source, flags.name);
  const notifier = notifierFor(flags.topic);
  const style = styleFor(process.stderr);
  const progress = backupProgress(process.stderr, style);
  const plan: BackupPlan = {
    databases: flags.database,
    excludeDatabases: flags.excludeDatabase,
    format: flags.format,
    compression: flags.compress === undefined ? undefined : parseCompression(flags.compress),
    jobs: flags.jobs,
    parallel: flags.parallel,
    rows: flags.rows,
    lockWaitSeconds: flags.lockWaitTimeout,
    stallSeconds: flags.stallTimeout,
    notify: flags.notify,
  };
  const level = flags.verify;
  const clock = (): Date => new Date();
  try {
    await interruptible(async (signal) => {
      const tools = (serverMajor: number): ReturnType<typeof obtainTools> =>
        obtainTools({ serverMajor, signal, onProgress: (text) => process.stderr.write(`${text}\n`) });
      const verify =
        level === 'none'
          ? undefined
          : (id: string) =>
              verifyAndTell(
                { id: parseId(id), level },
                { store, tools, clock, signal, notifier, notify: 'failures' },
              );
      const report = await backup(plan, {
        source,
        store,
        tools,
        clock,
        notifier,
        signal,
        verify,
        onProgress: progress.on,
      });
      progress.stop();
      process.stdout.write(
        flags.json
          ? `${JSON.stringify(report, null, 2)}\n`
          : `\n${summaryTable(report, styleFor(process.stdout))}\n`,
      );
      if (!signal.aborted && !report.databases.every(isGood)) throw new BackupFailed(report);
    });
  } finally {
    progress.stop();
  }
}
