import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '../../../core/postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import { quoteConninfo } from '../../../core/postgres/libpq/conninfo.ts';
import { withClient } from '../postgres/servers.ts';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../../..');

/** The lines of README.md that restore a backup without pgproof: what its section "Without pgproof" shows. */
export async function documentedLines(): Promise<string> {
  const readme = await readFile(join(repository, 'README.md'), 'utf8');
  const [, block] = /without-pgproof\.test\.ts -->\n```\n(.*?)```/s.exec(readme) ?? [];
  if (block === undefined) throw new Error('README.md has no lines under the marker of that test');
  return block;
}

export type ByHand = { readonly result: 'done' } | { readonly result: 'refused'; readonly words: string };

/**
 * Restores a backup by the documented lines, as they stand, but for the download.
 *
 * @param backup the directory of the backup's files
 * @param settings of the session that dumped, from the manifest: the README says to add them
 * @param programs directory of psql and pg_restore
 */
export async function restoreByHand(request: {
  readonly backup: string;
  readonly work: string;
  readonly database: string;
  readonly settings: Readonly<Record<string, string>>;
  /** Of the database, from the manifest: what is said of others than UTF8 is done. */
  readonly encoding: string;
  readonly programs: string;
  readonly target: ConnectionParameters;
}): Promise<ByHand> {
  const { backup, work, database, settings, encoding, programs, target } = request;
  const more = ['TimeZone', 'lc_monetary']
    .map((name) => (settings[name] === undefined ? '' : ` -c ${name}=${settings[name]}`))
    .join('');
  const lines = (await documentedLines())
    .replace(/^aws .*$/m, `ln -s "$BACKUP" backup`)
    .replace('--dbname=app ', '--dbname="$DATABASE" ')
    .replace(/^(export PGOPTIONS='.*)'$/m, `$1${more}'`);
  const script = encoding === 'UTF8' ? lines : await inEncoding(lines, encoding);
  const env = {
    ...childEnvironment(target),
    PATH: [programs, process.env.PATH].join(delimiter),
    BACKUP: backup,
    DATABASE: quoteConninfo(database),
  };
  try {
    await run('bash', ['-e', '-c', script], { cwd: work, env, maxBuffer: 2 ** 26 });
    return { result: 'done' };
  } catch (error: unknown) {
    return { result: 'refused', words: (error as { readonly stderr: string }).stderr };
  }
}

/** As the README says of databases in another encoding: its lines, from another database, which is made for that. */
async function inEncoding(lines: string, encoding: string): Promise<string> {
  const readme = await readFile(join(repository, 'README.md'), 'utf8');
  const [, make, instead] = /(`createdb [^`]*--encoding=LATIN1[^`]*`).*?(--dbname=\w+)/s.exec(readme) ?? [];
  if (make === undefined || instead === undefined) throw new Error('README.md says nothing of encodings');
  return `${make.replaceAll('`', '').replace('LATIN1', encoding)}\n${lines.replaceAll('--dbname=postgres', instead)}`;
}

/**
 * What a database is: the lines that pg_dump writes of its schema, and a line per row, all sorted. Sorted, because the
 * order of entries depends on object ids, and columns that a table has from its parents may come in another order.
 */
export async function linesOf(
  parameters: ConnectionParameters,
  settings: Readonly<Record<string, string>>,
  encoding: string,
  programs: string,
): Promise<string[]> {
  const options = Object.entries(settings).map(
    ([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`,
  );
  const args = [
    '--create',
    '--schema-only',
    // Its own: names of roles that were made in a database of another one need not be text here.
    `--encoding=${encoding}`,
    `--dbname=${quoteConninfo(parameters.database)}`,
  ];
  const env = { ...childEnvironment(parameters), PGOPTIONS: options.join(' ') };
  const { stdout } = await run(join(programs, 'pg_dump'), args, {
    env,
    maxBuffer: 2 ** 30,
    encoding: encoding === 'UTF8' ? 'utf8' : 'latin1',
  });
  // A random word stands in two lines; which settings come between two entries depends on their order.
  const changing = /^\\(?:un)?restrict |^SET default_t|^--|^$/;
  const schema = stdout
    .split('\n')
    .filter((line) => !changing.test(line))
    .map((line) => line.replace(/,$/, ''));
  return [...schema, ...(await rowsOf(parameters))].sort();
}

/**
 * Every row of every table as JSON, whose keys are sorted, behind the table's name; large objects as a table. Not those of
 * materialized views, which a restore makes anew.
 */
async function rowsOf(parameters: ConnectionParameters): Promise<string[]> {
  return await withClient(parameters, async (client) => {
    await client.query(
      `set role none; set quote_all_identifiers = off; set search_path = pg_catalog; set timezone = 'UTC'; set datestyle = 'ISO'`,
    );
    const { rows: tables } = await client.query<{ name: string }>(
      `select format('%I.%I', nspname, relname) as name from pg_class table_ join pg_namespace space on space.oid = relnamespace
        where relkind = 'r' and nspname !~ '^pg_' and nspname <> 'information_schema'`,
    );
    const lines: string[] = [];
    for (const { name } of [...tables, { name: 'pg_largeobject' }]) {
      const { rows } = await client.query<{ line: string }>(
        `select to_jsonb(t)::text as line from only ${name} t`,
      );
      lines.push(...rows.map(({ line }) => `${name}: ${line}`));
    }
    return lines;
  });
}
