import { messageOf, PgproofError, type Problem } from '../../errors.ts';
import { failureAdvice } from '../../process/failure-advice.ts';

/** The server refused a statement that a backup cannot do without. */
export class QueryFailed extends PgproofError {
  override readonly name = 'QueryFailed';
  /** PostgreSQL's error code, where the server answered at all. */
  readonly sqlState: string | undefined;

  constructor(problem: Problem, sqlState: string | undefined, options?: ErrorOptions) {
    super(problem, options);
    this.sqlState = sqlState;
  }
}

/** Wraps what node-postgres throws; what pgproof throws itself passes through. */
export function queryFailed(what: string, cause: unknown): PgproofError {
  if (cause instanceof PgproofError) return cause;
  const { code } = (cause ?? {}) as { code?: unknown };
  const sqlState = typeof code === 'string' ? code : undefined;
  const got = messageOf(cause);
  const fix = failureAdvice(got, sqlState) ?? "Look at the server's log for that minute, then run again.";
  return new QueryFailed({ what, got, fix }, sqlState, { cause });
}
