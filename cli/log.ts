import { randomUUID } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { logName, logPlaceDefaults } from '../core/config/backup-log.ts';
import { UsageError } from '../core/errors.ts';
import type { OfRun, RunEvent, RunListener } from '../core/notify/run-events.ts';
import { withoutSecrets } from '../core/process/redact.ts';
import { variables } from '../core/vocabulary.ts';
import { home } from './home.ts';
import { nameOf } from './options.ts';
import { tell } from './output/edge.ts';

export type LogFlags = {
  readonly log?: string;
  readonly logSchema: string;
  readonly logTable: string;
};

/** The flags of commands that leave their rows in a table for monitoring. */
export function withLogFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--log <url>', 'a database with a log table for monitoring, as --source takes a server')
        .env(variables.log)
        .argParser(nameOf),
    )
    .addOption(
      new Option('--log-schema <name>', 'the schema of that table')
        .default(logPlaceDefaults.schema)
        .argParser(tableName),
    )
    .addOption(
      new Option('--log-table <name>', 'its name').default(logPlaceDefaults.table).argParser(tableName),
    );
}

function tableName(text: string): string {
  const { success, error } = logName.safeParse(text);
  if (!success) throw new InvalidArgumentError(`${error.issues[0]?.message ?? 'No name'}.`);
  return text;
}

/** Hears what happens in one call of the command. Nobody waits for it: a database that does not answer holds up no result. */
export type CommandLog = {
  /** What all events of this call have in common, but for their source. */
  readonly of: Omit<OfRun, 'at' | 'source'>;
  readonly emit: (event: RunEvent) => void;
};

/**
 * Does the work, and leaves what it tells in the log table that the flags name, if any. What is wrong with that is told once
 * the work is over, however it ended.
 * @throws UsageError where `--log` is no way to name a database; what `work` throws
 */
export async function withLog<T>(flags: LogFlags, work: (log: CommandLog) => Promise<T>): Promise<T> {
  const of = { run: randomUUID(), schedule: undefined };
  if (flags.log === undefined) return await work({ of, emit: () => undefined });
  const warnings = new Set<string>();
  const warn = (line: string): void => void warnings.add(withoutSecrets(line));
  const log = await openLog(flags.log, flags, warn);
  try {
    return await work({ of, emit: (event) => void log.on(event) });
  } finally {
    await log.close();
    tell(process.stderr, [...warnings]);
  }
}

/** PostgreSQL's client is loaded by whoever has such a table only. */
async function openLog(
  text: string,
  { logSchema: schema, logTable: table }: LogFlags,
  warn: (line: string) => void,
): Promise<RunListener> {
  const [{ backupLog }, { urlSource }, { resolveConnection }] = await Promise.all([
    import('../core/notify/backup-log/backup-log.ts'),
    import('../core/source/url-source.ts'),
    import('../core/postgres/libpq/resolve-connection.ts'),
  ]);
  const context = { env: process.env, home: home(), warn };
  try {
    resolveConnection(text, context);
  } catch (error: unknown) {
    if (error instanceof UsageError) throw wrongUrl(error);
    // A file of the machine that is away or damaged is met again with every row, and is a warning there.
  }
  const { resolve } = urlSource({ name: 'backup_log', text, ...context });
  return backupLog({ schema, table, resolve, onWarning: warn });
}

function wrongUrl(cause: UsageError): UsageError {
  const what = `--log (or ${variables.log}) names no database. ${cause.problem.what}`;
  return new UsageError({ ...cause.problem, what }, { cause });
}
