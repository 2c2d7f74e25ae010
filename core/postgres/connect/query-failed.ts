import { messageOf, PgproofError, type Problem } from '../../errors.ts';

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

/** What helps, by SQLSTATE (PostgreSQL's manual, appendix A) and, where one state means two things, by its words. */
const advice: readonly { readonly code: string; readonly words?: RegExp; readonly fix: string }[] = [
  {
    code: '42501',
    words: /row-level security/i,
    fix: 'Give the role BYPASSRLS (ALTER ROLE … BYPASSRLS), or back up as the owner of the tables: rows that are hidden would be lost.',
  },
  {
    code: '42501',
    fix: 'Grant the role what it lacks: GRANT pg_read_all_data TO … is enough for a whole database (PostgreSQL 14 and newer).',
  },
  {
    code: '55P03',
    fix: 'Something held a lock for longer than --lock-wait-timeout allows; find it in pg_locks, or allow more.',
  },
  {
    code: '40001',
    fix: 'The standby cancelled it; raise max_standby_streaming_delay or set hot_standby_feedback = on there.',
  },
  {
    code: '53200',
    fix: 'Raise max_locks_per_transaction on the server: a backup locks every table at once.',
  },
  { code: '57P01', fix: 'The server ended the connection; look at its log, then run again.' },
];

/** Wraps what node-postgres throws; what pgproof throws itself passes through. */
export function queryFailed(what: string, cause: unknown): PgproofError {
  if (cause instanceof PgproofError) return cause;
  const { code } = (cause ?? {}) as { code?: unknown };
  const message = messageOf(cause);
  const known = advice.find((entry) => entry.code === code && (entry.words?.test(message) ?? true));
  const fix = known?.fix ?? "Look at the server's log for that minute, then run again.";
  return new QueryFailed({ what, got: message, fix }, typeof code === 'string' ? code : undefined, { cause });
}
