import { join } from 'node:path';
import { childEnvironment } from '../../../../../core/postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../../../../core/postgres/connect/parameters.ts';
import { quoteConninfo } from '../../../../../core/postgres/libpq/conninfo.ts';
import { type PostgresTools, toolPath } from '../../../../../core/postgres/programs/tools.ts';
import { assertExitedWell } from '../../../../../core/process/child-failed.ts';
import { startChild } from '../../../../../core/process/run-child.ts';
import { realTools, withDirectory } from '../../../../support/backup/run.ts';

/**
 * Dumps a database and its server's roles, and restores both on another server, where the database gets the same name.
 * As PostgreSQL's own programs do it, without pgproof.
 */
export async function restoreInto(
  source: ConnectionParameters & { readonly major: number },
  target: ConnectionParameters & { readonly major: number },
): Promise<void> {
  const [from, to] = await Promise.all([realTools(source.major), realTools(target.major)]);
  await withDirectory(async (directory) => {
    const [roles, archive] = [join(directory, 'globals.sql'), join(directory, 'archive.dump')];
    const name = `--dbname=${quoteConninfo(source.database)}`;
    await run(from, 'pg_dumpall', source, ['--globals-only', name, `--file=${roles}`]);
    await run(from, 'pg_dump', source, ['--format=custom', name, `--file=${archive}`]);
    // The role that initdb made is there already: psql says so, and goes on.
    await run(to, 'psql', target, ['--no-psqlrc', '--quiet', '--dbname=postgres', `--file=${roles}`]);
    await run(to, 'pg_restore', target, ['--jobs=2', '--create', '--dbname=postgres', archive]);
  });
}

async function run(
  tools: PostgresTools,
  program: Parameters<typeof toolPath>[1],
  server: ConnectionParameters,
  args: string[],
): Promise<void> {
  const child = startChild({ file: toolPath(tools, program), args, env: childEnvironment(server) });
  child.stdout.resume();
  assertExitedWell(program, await child.exited);
}
