import { QueryFailed } from '../postgres/connect/query-failed.ts';
import { ChildFailed, lastWords } from '../process/child-failed.ts';
import { ObjectExists } from '../store/store.ts';

/** Why a backup that failed may be tried again at once, with a new id and a new snapshot. */
export type RetryReason = 'id taken' | 'schema moved on';

/** How often a database is tried in all. */
export const attempts = 3;

/** undefined_table, invalid_schema_name (PostgreSQL's manual, appendix A). */
const movedOnStates = new Set(['42P01', '3F000']);

/**
 * What PostgreSQL says of a table, or of what belongs to it, that was dropped or renamed between the snapshot and
 * pg_dump's lock. pg_dump does not print SQLSTATEs.
 */
const movedOn =
  /(?:relation|schema|type|function) .* does not exist|could not open relation with OID|cache lookup failed for/;

/**
 * The same in a language that is not read here: pg_dump's own words are in English, and the server's are not. Only
 * before the first row is read: by then every table is locked and stays.
 */
const notRead = /^pg_dump: error: query failed: (?!ERROR|FATAL|PANIC)\p{L}[\p{L} ]*: {2}/mu;
const readsRows = /^pg_dump: dumping contents of table/m;

/**
 * The reasons, in one place:
 * - another run took the id: two began in the same second (a schedule may fire twice), and the other's backup stands;
 * - the schema changed under pg_dump, which happens where tables come and go all the time.
 */
export function retryReason(error: unknown): RetryReason | undefined {
  if (error instanceof ObjectExists) return 'id taken';
  if (error instanceof QueryFailed && movedOnStates.has(error.sqlState ?? '')) return 'schema moved on';
  if (error instanceof ChildFailed && mayHaveMovedOn(error.exit.stderrTail)) return 'schema moved on';
  return undefined;
}

function mayHaveMovedOn(stderrTail: string): boolean {
  if (movedOn.test(lastWords(stderrTail) ?? '')) return true;
  return notRead.test(stderrTail) && !readsRows.test(stderrTail);
}
