import type { Toc, TocEntry } from '../archive/toc.ts';
import { withUseList } from '../archive/use-list.ts';
import { withConnection } from '../connect/connect.ts';
import { quoteIdentifier } from '../names.ts';
import type { PgRestoreRequest } from './restoration.ts';
import type { PgRestoreRun } from './run-pg-restore.ts';

/**
 * Where schemas were asked for by name pg_dump writes the making of `public` too, which every new database has already; its
 * comment and its grants it writes as changes to that one. So the making is left out, and the owner given.
 *
 * @returns what is still to be done; undefined where the restore is over
 */
export async function withoutMakingPublic(
  request: PgRestoreRequest,
  { entries }: Toc,
  run: PgRestoreRun,
): Promise<PgRestoreRequest | undefined> {
  const { makesPublic, directory, leaveOut = new Set<number>() } = request;
  const making = entries.find(isPublic);
  if (makesPublic === undefined || making === undefined || leaveOut.has(making.dumpId)) return request;
  const rest = { ...request, leaveOut: new Set([...leaveOut, making.dumpId]) };
  if (makesPublic === 'as it is') return rest;
  if (request.create) {
    const dumpIds = entries.filter(isOfDatabase).map(({ dumpId }) => dumpId);
    const isThere = await withUseList({ dumpIds, directory }, (list) =>
      run.some(list, { jobs: 1, create: true }),
    );
    if (!isThere) return undefined;
  }
  await giveOwner(making.label.slice(publicLabel.length), request);
  return { ...rest, create: false };
}

/** A role that may not, or a name that the list does not show as it is: then a comparison tells it. */
async function giveOwner(owner: string, { target, database, signal }: PgRestoreRequest): Promise<void> {
  try {
    await withConnection(target, { database, signal }, (client) =>
      client.query(`alter schema public owner to ${quoteIdentifier(owner)}`),
    );
  } catch {
    signal.throwIfAborted();
  }
}

const publicLabel = '- public ';

function isPublic({ type, label }: TocEntry): boolean {
  return type === 'SCHEMA' && label.startsWith(publicLabel);
}

/** What `pg_restore --create` alone restores. */
export function isOfDatabase({ type, label }: TocEntry): boolean {
  return type.startsWith('DATABASE') || label.startsWith('- DATABASE ');
}
