import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../../../../core/postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import { quoteConninfo } from '../../../../core/postgres/libpq/conninfo.ts';
import { toolPath } from '../../../../core/postgres/programs/tools.ts';
import { realTools } from '../../../support/backup/run.ts';
import { runSql } from '../../../support/postgres/servers.ts';

const fixtures = join(import.meta.dirname, '../../../fixtures/everything');
const run = promisify(execFile);

export type EverythingOptions = {
  readonly database: string;
  readonly major: number;
  /** Of one text and one bytea. Default: a megabyte. */
  readonly largeValueBytes?: number;
};

/**
 * Fills a server of its own with everything that PostgreSQL knows and a backup has to bring back: roles, a tablespace,
 * and one database. Security labels are left out: no distribution packages a provider for them.
 */
export async function createEverything(
  server: ConnectionParameters,
  { database, major, largeValueBytes = 1_000_000 }: EverythingOptions,
): Promise<void> {
  await runFile(server, major, 'postgres', 'roles.sql', {});
  await runSql(
    server,
    `create database "${database.replaceAll('"', '""')}" template template0 encoding 'UTF8'`,
  );
  const large = String(largeValueBytes);
  const files = ['types-and-code.sql', 'tables.sql', 'objects.sql', ...(major >= 18 ? ['newer-18.sql'] : [])];
  for (const file of [...files, 'database.sql'])
    await runFile(server, major, database, file, { large, db: database });
}

async function runFile(
  server: ConnectionParameters,
  major: number,
  database: string,
  file: string,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const tools = await realTools(major);
  const args = [
    '--no-psqlrc',
    '--quiet',
    '--set=ON_ERROR_STOP=1',
    `--dbname=${quoteConninfo(database)}`,
    ...Object.entries(variables).map(([name, value]) => `--set=${name}=${value}`),
    `--file=${join(fixtures, file)}`,
  ];
  await run(toolPath(tools, 'psql'), args, { env: childEnvironment(server) });
}
