import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { messageOf, PgproofError } from '../core/errors.ts';
import type { ConnectionParameters } from '../core/postgres/connect/parameters.ts';
import { writeConninfo } from '../core/postgres/libpq/conninfo.ts';
import { keywordRules } from '../core/postgres/libpq/keywords.ts';
import { watchForOrphans } from '../core/process/orphan-watch.ts';
import { visible } from '../core/text/visible.ts';
import { lendTerminal } from './interrupt.ts';

/** psql, or what stands for it, could not be started. */
export class PsqlNotStarted extends PgproofError {
  override readonly name = 'PsqlNotStarted';
}

export type PsqlRun = {
  /** The program's path. */
  readonly program: string;
  readonly parameters: ConnectionParameters;
  /** `-c SQL` and `-f FILE` in the order in which they were given; without any it reads standard input. */
  readonly steps: readonly string[];
  /** Ends psql. */
  readonly signal: AbortSignal;
};

/** What psql has until it is killed. */
const graceMilliseconds = 2_000;

/**
 * psql with the terminal, or the pipes, that this process was given: as the user, with the user's own ~/.psqlrc, pager and
 * history. Nothing in a server's answers makes it run anything.
 *
 * @returns its exit status; of one that a signal ended 128 + the signal's number, as shells have it
 * @throws PsqlNotStarted; the signal's reason when aborted, once psql is gone
 */
export async function runPsql({ program, parameters, steps, signal }: PsqlRun): Promise<number> {
  signal.throwIfAborted();
  return await lendTerminal(async () => {
    const child = spawn(program, [...psqlArguments(parameters), ...steps], {
      stdio: 'inherit',
      env: psqlEnvironment(process.env),
    });
    const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    const endWatch = watchForOrphans({
      processes: child.pid === undefined ? [] : [{ pid: child.pid, signal: 'TERM' }],
    });
    let killing: NodeJS.Timeout | undefined;
    const end = (): void => {
      child.kill('SIGTERM');
      // A stopped one would only take it when it goes on.
      child.kill('SIGCONT');
      killing = setTimeout(() => child.kill('SIGKILL'), graceMilliseconds);
    };
    signal.addEventListener('abort', end, { once: true });
    try {
      const [code, ended] = await exited;
      signal.throwIfAborted();
      return code ?? 128 + (ended === null ? 0 : constants.signals[ended]);
    } catch (error: unknown) {
      signal.throwIfAborted();
      const fix = 'Install the client programs of PostgreSQL (postgresql-client), or set PGPROOF_PG_BIN.';
      throw new PsqlNotStarted(
        { what: `${program} could not be started`, got: messageOf(error), fix },
        { cause: error },
      );
    } finally {
      signal.removeEventListener('abort', end);
      clearTimeout(killing);
      endWatch();
    }
  });
}

/** The same as words for a person who connects with another program, where the names are plain ones. */
export function socketConninfo({ host, port, user, database }: ConnectionParameters): string {
  return writeConninfo({ host, ...(port === 5432 ? {} : { port: String(port) }), user, dbname: database });
}

function psqlArguments({ options = '', ...parameters }: ConnectionParameters): string[] {
  const { host, port, user, database } = parameters;
  const conninfo = writeConninfo({
    host,
    port: String(port),
    user,
    dbname: database,
    options,
    sslmode: 'disable',
    gssencmode: 'disable',
    // SQL of the backup may have changed how the server asks: it gets no password that lies in ~/.pgpass for every host.
    passfile: '/nonexistent/pgpass',
  });
  return ['--no-password', ...promptArguments(database), `--dbname=${conninfo}`];
}

/** So that nobody takes it for the living database; ~/.psqlrc comes later, and may say otherwise. */
function promptArguments(database: string): string[] {
  // psql would write the name as it is.
  const name = visible(database) === database ? '%/' : visible(database).replaceAll('%', '%%');
  return [`--set=PROMPT1=${name}@backup%R%x%# `, `--set=PROMPT2=${name}@backup%R%x%# `];
}

/** libpq's, which would lead elsewhere, and pg_wrapper's; what the store was read with. */
const withheld: ReadonlySet<string> = new Set([
  ...Object.values(keywordRules).flatMap(({ env }) => (env === undefined ? [] : [env])),
  'PGCLUSTER',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
]);

function psqlEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isKept = (name: string): boolean =>
    name === 'PGCLIENTENCODING' || !(withheld.has(name) || name.startsWith('PGPROOF_'));
  return Object.fromEntries(Object.entries(env).filter(([name]) => isKept(name)));
}
