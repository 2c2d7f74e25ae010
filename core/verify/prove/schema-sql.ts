import { offlineEnvironment, sqlArguments } from '../../postgres/archive/offline-pg-restore.ts';
import { withUseList } from '../../postgres/archive/use-list.ts';
import { childEnvironment } from '../../postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { optionsOf } from '../../postgres/connect/restore-settings.ts';
import { quoteConninfo } from '../../postgres/libpq/conninfo.ts';
import { type PostgresTools, toolPath } from '../../postgres/programs/tools.ts';
import { outputOf } from '../../process/child-output.ts';
import type { ChildOptions } from '../../process/run-child.ts';

export type ArchiveSqlRequest = {
  readonly tools: PostgresTools;
  /** The archive's file or directory. */
  readonly path: string;
  /** The entries that are wanted, by dump id; all of them where undefined. */
  readonly entries?: readonly number[] | undefined;
  /** Which part of it, and how: `--schema-only`, `--create`, `--data-only`. */
  readonly parts: readonly string[];
  /** A directory for a file of ours. */
  readonly scratch: string;
  readonly signal: AbortSignal;
};

/** What pg_restore writes of an archive as SQL, one character per byte. @throws ChildFailed */
export async function archiveSql(request: ArchiveSqlRequest): Promise<string> {
  const { tools, path, entries, parts, scratch, signal } = request;
  const write = (useList?: string): Promise<string> =>
    latin1Of({
      file: toolPath(tools, 'pg_restore'),
      args: sqlArguments({ parts, useList, path }),
      env: offlineEnvironment,
      signal,
    });
  if (entries === undefined) return await write();
  return await withUseList({ dumpIds: entries, directory: scratch }, write);
}

/** What pg_dump writes of a database's schema, one character per byte. @throws ChildFailed */
export async function databaseSchema(request: {
  readonly tools: PostgresTools;
  readonly parameters: ConnectionParameters;
  readonly args: readonly string[];
  /** Of the session that wrote the archive: the same definitions read otherwise under others. */
  readonly settings: Readonly<Record<string, string>>;
  readonly encoding: string;
  readonly signal: AbortSignal;
}): Promise<string> {
  const { tools, parameters, args, settings, encoding, signal } = request;
  const more = optionsOf(Object.entries(settings).map(([name, value]) => ({ name, value })));
  const options = [parameters.options, more].filter(Boolean).join(' ');
  return await latin1Of({
    file: toolPath(tools, 'pg_dump'),
    args: [
      '--schema-only',
      '--no-password',
      ...args,
      // The database's own, as the archive's is: nothing is converted, nothing can fail to be.
      `--encoding=${encoding}`,
      `--dbname=${quoteConninfo(parameters.database)}`,
    ],
    env: childEnvironment({ ...parameters, options }, encoding),
    signal,
  });
}

async function latin1Of(program: ChildOptions): Promise<string> {
  return (await outputOf(program)).toString('latin1');
}
