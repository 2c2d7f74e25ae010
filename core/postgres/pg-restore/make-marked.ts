import type { Toc } from '../archive/toc.ts';
import { withUseList } from '../archive/use-list.ts';
import { markWhenThere } from './incomplete-mark.ts';
import { isOfDatabase } from './public-schema.ts';
import type { PgRestoreRequest } from './restoration.ts';
import type { PgRestoreRun } from './run-pg-restore.ts';

/**
 * Has pg_restore make the database by itself, before anything is in it, and marks it meanwhile.
 *
 * @returns what is still to be done; undefined where the restore is over
 */
export async function makeMarked(
  request: PgRestoreRequest,
  { entries }: Toc,
  run: PgRestoreRun,
): Promise<PgRestoreRequest | undefined> {
  const { create, incompleteSince, target, database, directory, leaveOut = new Set<number>() } = request;
  const dumpIds = entries
    .filter((entry) => isOfDatabase(entry) && !leaveOut.has(entry.dumpId))
    .map(({ dumpId }) => dumpId);
  if (!create || incompleteSince === undefined || dumpIds.length === 0) return request;
  const marking = markWhenThere(target, database, incompleteSince);
  try {
    const isThere = await withUseList({ dumpIds, directory }, (list) => run.some(list, { jobs: 1, create }));
    if (!isThere) return undefined;
  } finally {
    await marking.stop();
  }
  return { ...request, create: false, leaveOut: new Set([...leaveOut, ...dumpIds]) };
}
