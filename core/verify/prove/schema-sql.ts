import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { childEnvironment } from '../../postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { quoteConninfo } from '../../postgres/libpq/conninfo.ts';
import { type PostgresTools, toolPath } from '../../postgres/programs/tools.ts';
import { assertExitedWell } from '../../process/exit-gate.ts';
import { startChild } from '../../process/run-child.ts';
import { pgRestoreEnvironment } from '../read/restore-reader.ts';

export type ArchiveSqlRequest = {
  readonly tools: PostgresTools;
  /** The archive's file or directory. */
  readonly path: string;
  /** The entries that are wanted, by dump id; all of them where undefined. */
  readonly entries?: readonly number[] | undefined;
  readonly args: readonly string[];
  /** A directory for a file of ours. */
  readonly scratch: string;
  readonly signal: AbortSignal;
};

/** What pg_restore writes of an archive as SQL, bytes as Latin-1. @throws ChildFailed */
export async function archiveSql(request: ArchiveSqlRequest): Promise<string> {
  const { tools, path, entries, args, scratch, signal } = request;
  const list = join(scratch, `list-${randomBytes(6).toString('hex')}`);
  const selection = entries === undefined ? [] : [`--use-list=${list}`];
  if (entries !== undefined) await writeFile(list, entries.map((id) => `${id};\n`).join(''), { mode: 0o600 });
  try {
    return await outputOf({
      program: toolPath(tools, 'pg_restore'),
      args: ['--file=-', ...args, ...selection, path],
      env: pgRestoreEnvironment,
      signal,
    });
  } finally {
    await rm(list, { force: true });
  }
}

/** What pg_dump writes of a database's schema, bytes as Latin-1. @throws ChildFailed */
export async function databaseSchema(request: {
  readonly tools: PostgresTools;
  readonly parameters: ConnectionParameters;
  readonly args: readonly string[];
  readonly signal: AbortSignal;
}): Promise<string> {
  const { tools, parameters, args, signal } = request;
  return await outputOf({
    program: toolPath(tools, 'pg_dump'),
    args: [
      '--schema-only',
      '--no-password',
      ...args,
      // In the database's own encoding, as the archive is: nothing is converted, nothing can fail to be.
      `--dbname=${quoteConninfo(parameters.database)}`,
    ],
    env: childEnvironment(parameters),
    signal,
  });
}

async function outputOf(run: {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}): Promise<string> {
  const { program, args, env, signal } = run;
  const child = startChild({ file: program, args, env, signal });
  const chunks: string[] = [];
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) chunks.push(chunk.toString('latin1'));
  const exit = await child.exited;
  signal.throwIfAborted();
  assertExitedWell(program.split('/').at(-1) ?? program, exit);
  return chunks.join('');
}
