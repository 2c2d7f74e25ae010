import type { ServerFacts } from '../postgres/facts/server-facts.ts';
import { quoteIdentifier } from '../postgres/names.ts';
import { markIncomplete } from '../postgres/pg-restore/incomplete-mark.ts';
import { createDatabase } from '../postgres/pg-restore/new-database.ts';
import type { RestoreProblem } from '../postgres/pg-restore/restoration.ts';
import type { FoundTools } from '../postgres/programs/tools.ts';
import { withServer } from './check-target.ts';
import type { RestoreDependencies, RestoreRequest } from './request.ts';

/** What of a restore decides it. */
type Run = {
  readonly request: RestoreRequest;
  readonly dependencies: RestoreDependencies;
  readonly server: ServerFacts;
  readonly program: FoundTools;
  readonly startedAt: Date;
};

/**
 * Whether one job may bring what several did not: they waited for each other until the server ended one of them. Only
 * where the database is ours alone: its name was free, and the restore that made it would have ended had it not been.
 */
export function mayTryOneJob(
  { request, server, program }: Pick<Run, 'request' | 'server' | 'program'>,
  { problems, jobs }: { readonly problems: readonly RestoreProblem[]; readonly jobs: number },
): boolean {
  const isOurs = request.create && endsAtFirstError({ request, server, program });
  return isOurs && jobs > 1 && problems.some(({ remedy }) => remedy === 'one job');
}

/** A newer pg_restore begins with settings that an older server refuses; nothing depends on them. */
export function endsAtFirstError({
  request,
  server,
  program,
}: Pick<Run, 'request' | 'server' | 'program'>): boolean {
  return !request.keepGoing && server.major >= program.major;
}

/**
 * Drops what was restored so far, and makes the database again where the archive does not.
 * @returns false where the server does not drop it: somebody is connected, or it has subscriptions. Then it stays.
 */
export async function beginAgain(
  { request, dependencies, startedAt }: Pick<Run, 'request' | 'dependencies' | 'startedAt'>,
  isMadeByArchive: boolean,
): Promise<boolean> {
  const { manifest, target, signal } = dependencies;
  const { database } = request;
  return await withServer(target, request, signal, async (client) => {
    try {
      await client.query(`drop database ${quoteIdentifier(database)}`);
    } catch {
      signal.throwIfAborted();
      return false;
    }
    const { encoding, locale } = manifest.server;
    if (!isMadeByArchive) {
      await createDatabase(client, { name: database, encoding, locale });
      await markIncomplete(client, database, startedAt);
    }
    return true;
  });
}
