import { parseId } from '../manifest/backup-id.ts';
import { inForceAfter, type Verified } from '../manifest/verified.ts';
import type { OfRun, RunEvent } from './run-events.ts';

/**
 * What those who follow a run are told of a verification: the verdict that is in force after it, for a weaker one says nothing
 * new of a backup that was proven.
 */
export function verifiedEvent(
  of: OfRun,
  id: string,
  verified: Verified,
): Extract<RunEvent, { readonly kind: 'verified' }> {
  const { verdict, level, finishedAt } = inForceAfter(verified);
  return {
    ...of,
    kind: 'verified',
    at: verified.inForce === undefined ? of.at : new Date(finishedAt),
    database: parseId(id).database,
    id,
    verdict,
    level,
    error: undefined,
    seconds: (Date.parse(verified.finishedAt) - Date.parse(verified.startedAt)) / 1_000,
  };
}
