import { ChildFailed, lastWords } from '../shared/process/exit-gate.ts';
import { ObjectExists } from '../shared/store/store.ts';

/** Why a backup that failed may be tried again at once, with a new id and a new snapshot. */
export type RetryReason = 'id taken' | 'schema moved on';

/** How often a database is tried in all. */
export const attempts = 3;

/**
 * What PostgreSQL says of a table, or of what belongs to it, that was dropped or renamed between the snapshot and
 * pg_dump's lock. Its SQLSTATEs (42P01, 3F000, XX000) are not in what pg_dump prints.
 */
const movedOn =
  /(?:relation|schema|type|function) .* does not exist|could not open relation with OID|cache lookup failed for/;

/**
 * The reasons, in one place:
 * - another run took the id: two began in the same second (a schedule may fire twice), and the other's backup stands;
 * - the schema changed under pg_dump, which happens where tables come and go all the time.
 */
export function retryReason(error: unknown): RetryReason | undefined {
  if (error instanceof ObjectExists) return 'id taken';
  if (error instanceof ChildFailed && movedOn.test(lastWords(error.exit.stderrTail) ?? ''))
    return 'schema moved on';
  return undefined;
}
