import { PgproofError } from '../../errors.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { formatDuration } from '../../text/units.ts';

/** A restore took longer than it may. */
export class RestoreTooSlow extends PgproofError {
  override readonly name = 'RestoreTooSlow';
}

const leastSeconds = 600;
/** How many times the estimate, which is modest already: what takes longer hangs. */
const patience = 10;
const askMilliseconds = 5_000;
const statementLimit = 200;

/** What a restore and its comparison may take, in seconds. @param estimate see estimateRestore */
export function restoreLimitSeconds(estimate: number): number {
  return Math.max(leastSeconds, Math.ceil(estimate * patience));
}

/**
 * Does the work under a signal that aborts after so many seconds too, with the statement that the server was at as the
 * reason. SQL in a dump may wait for ever.
 */
export async function withTimeLimit<T>(
  { server, seconds, signal }: { server: ConnectionParameters; seconds: number; signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const tooSlow = new AbortController();
  const stop = async (): Promise<void> => {
    const statement = await statementUnderWay(server).catch(() => undefined);
    tooSlow.abort(
      new RestoreTooSlow({
        what: `The restore is not done after ${formatDuration(seconds)}`,
        got: statement === undefined ? undefined : `under way: ${statement}`,
        fix: 'Look at what that waits for; where it only needs longer: --restore-timeout.',
      }),
    );
  };
  const timer = setTimeout(() => void stop(), Math.min(seconds * 1_000, longestTimer));
  try {
    return await work(AbortSignal.any([signal, tooSlow.signal]));
  } finally {
    clearTimeout(timer);
  }
}

/** Node.js takes a longer one for none at all. */
const longestTimer = 2 ** 31 - 1;

/** The one that has run longest, without what may be people's data. */
async function statementUnderWay(server: ConnectionParameters): Promise<string | undefined> {
  const signal = AbortSignal.timeout(askMilliseconds);
  const { rows } = await withConnection(server, { signal }, (client) =>
    client.query<{ query: string }>(
      `select query from pg_catalog.pg_stat_activity
       where state = 'active' and backend_type = 'client backend' and pid <> pg_catalog.pg_backend_pid()
       order by query_start limit 1`,
    ),
  );
  const [first] = rows;
  return first === undefined
    ? undefined
    : withoutLiterals(first.query).replace(/;\s*$/, '').slice(0, statementLimit);
}

/** Numbers and quoted texts become `…`. */
export function withoutLiterals(sql: string): string {
  return sql
    .replaceAll(/(\$\w*\$)[\s\S]*?(?:\1|$)/g, '…')
    .replaceAll(/'(?:[^']|'')*(?:'|$)/g, '…')
    .replaceAll(/\b\d+(?:\.\d+)?\b/g, '…')
    .replaceAll(/\s+/g, ' ');
}
