import type { Client } from 'pg';
import { messageOf } from '../errors.ts';
import { type FetchContext, fetchDatabaseSql, fetchGlobals } from '../inventory/fetch-archive.ts';
import type { ArchiveAt } from '../postgres/archive/archive-at.ts';
import type { DatabaseStatement } from '../postgres/archive/database-sql.ts';
import { withConnection } from '../postgres/connect/connect.ts';
import type { ServerFacts } from '../postgres/facts/server-facts.ts';
import { applyDatabaseSql } from '../postgres/pg-restore/apply-database-sql.ts';
import { applyGlobals } from '../postgres/pg-restore/apply-globals.ts';
import { withGlobalsSession } from '../postgres/pg-restore/globals-session.ts';
import { dropIncomplete, markIncomplete } from '../postgres/pg-restore/incomplete-mark.ts';
import { createDatabase, encodingOfOwners } from '../postgres/pg-restore/new-database.ts';
import type {
  PgRestoreRequest,
  PgRestoreResult,
  RestoreProblem,
} from '../postgres/pg-restore/restoration.ts';
import { restoreArchive } from '../postgres/pg-restore/restore-archive.ts';
import type { FoundTools } from '../postgres/programs/tools.ts';
import { plural } from '../text/units.ts';
import type { Before } from './before.ts';
import { withServer } from './check-target.ts';
import type { Choice } from './choice.ts';
import { TargetRefused } from './finding.ts';
import { globalsNotes } from './globals-notes.ts';
import { refuseMadeMeanwhile } from './made-meanwhile.ts';
import { isMadeByArchive } from './needed.ts';
import { beginAgain, endsAtFirstError, mayTryOneJob } from './one-job.ts';
import type { Renamed } from './report.ts';
import { isPartial, type RestoreDependencies, type RestoreProgress, type RestoreRequest } from './request.ts';
import { setSequences } from './set-sequences.ts';
import { watchSize } from './watch-size.ts';

/** A restore whose target was found fit, with everything that it needs. */
export type Run = {
  readonly request: RestoreRequest;
  readonly dependencies: RestoreDependencies;
  readonly server: ServerFacts;
  readonly program: FoundTools;
  readonly archive: ArchiveAt;
  /** A directory for files of ours. */
  readonly directory: string;
  /** Undefined where the whole archive is restored. */
  readonly choice: Choice | undefined;
  /** Further arguments of pg_restore. */
  readonly selection: readonly string[];
  readonly isEmpty: boolean;
  /** What was there; undefined where that was nothing. */
  readonly before: Before | undefined;
  readonly startedAt: Date;
  /** Since when the database is incomplete that is to be made anew. */
  readonly replaces: string | undefined;
  /** Names in the target that have to be free first; what has them gets other ones. */
  readonly inTheWay: readonly { readonly schema: string; readonly name: string }[];
  readonly fetching: FetchContext;
};

export type Filled = {
  readonly problems: readonly RestoreProblem[];
  /** That worked at once. */
  readonly jobs: number;
  /** Set where nothing of it stayed in the database. */
  readonly isUnchanged?: boolean | undefined;
  /** Set where roles or tablespaces could not be made, so that the database was not even begun. */
  readonly endedAtRoles?: boolean | undefined;
  /** What got another name, so that the restored tables have theirs. */
  readonly renamed?: readonly Renamed[] | undefined;
  /** The statements that take the restored tables away and give those of before their names back. */
  readonly undo?: readonly string[] | undefined;
};

/**
 * Makes roles and the database where that is asked for, then restores the archive.
 * @param jobs at the most; one where several stood in each other's way, or the order can matter
 * @param notes takes what people should know of it
 */
export async function fillTarget(run: Run, jobs: number, notes: string[]): Promise<Filled> {
  const isByArchive = isMadeByArchive(run.request, run.dependencies.manifest);
  const problems = await prepareTarget(run, isByArchive, notes);
  if (problems.length > 0 && !run.request.keepGoing)
    return { problems, jobs, isUnchanged: true, endedAtRoles: true };
  // Read before anything is changed: what is not as it was stored must not be found out half way.
  const sql = isByArchive ? undefined : await databaseSqlFor(run);
  const create = run.request.create && isByArchive;
  let result = await runArchive(run, jobs, create);
  if (mayTryOneJob(run, result) && (await beginAgain(run, isByArchive))) {
    notes.push('jobs of the restore waited for each other (deadlock): it was begun again, with one job');
    result = await runArchive(run, 1, create);
  }
  if (!result.isSettled)
    notes.push(
      'a pooler refused the settings of the restore, so those of the database and the role applied: restore over a direct connection',
    );
  if (result.whyOneJob !== undefined) notes.push(`in the archive's order, as ${result.whyOneJob}`);
  const found = {
    problems: [...problems, ...(run.choice?.notMade ?? []), ...result.problems],
    jobs: result.jobs,
  };
  if (found.problems.length === 0 || run.request.keepGoing)
    found.problems.push(...(await setUsedSequences(run, notes)));
  if (sql === undefined || (found.problems.length > 0 && !run.request.keepGoing)) return found;
  return { ...found, problems: [...found.problems, ...(await describeTarget(run, sql))] };
}

/** Sequences that were there before, and that the archive therefore does not make. */
async function setUsedSequences(
  { request: { database }, dependencies: { target, signal }, choice }: Run,
  notes: string[],
): Promise<RestoreProblem[]> {
  const settings = choice?.sequenceSettings ?? [];
  if (settings.length === 0) return [];
  notes.push(
    `${plural(settings.length, 'sequence')} of the target ${settings.length === 1 ? 'is' : 'are'} used, and set to what the backup says where that is further on, never back`,
  );
  return await withConnection(target, { database, signal }, (client) => setSequences(client, settings));
}

/** Owner, grants and settings, for a database that is made under its own name and that the archive does not make. */
async function databaseSqlFor({ request, dependencies, fetching }: Run): Promise<string | undefined> {
  const { create, database, selection } = request;
  const { manifest } = dependencies;
  const isWanted =
    create && database === manifest.database && !isPartial(selection) && selection.part !== 'data';
  return isWanted ? await fetchDatabaseSql(manifest, fetching) : undefined;
}

async function describeTarget({ request, dependencies }: Run, sql: string): Promise<RestoreProblem[]> {
  dependencies.onStep?.('describing');
  const { target, signal } = dependencies;
  const { database, selection } = request;
  const without: DatabaseStatement['kind'][] = [];
  if (!selection.owners) without.push('owner');
  if (!selection.privileges) without.push('grant');
  return await withConnection(target, { database, signal }, (client) =>
    applyDatabaseSql(client, sql, { asSuperuser: false, without }),
  );
}

async function prepareTarget(
  { request, dependencies, fetching, startedAt, replaces }: Run,
  isByArchive: boolean,
  notes: string[],
): Promise<readonly RestoreProblem[]> {
  const { manifest, target, signal } = dependencies;
  const globals = request.applyGlobals ? await fetchGlobals(manifest, fetching) : undefined;
  return await withServer(target, request, signal, async (client, place) => {
    if (globals !== undefined) dependencies.onStep?.('roles');
    const applied =
      globals === undefined
        ? undefined
        : await withGlobalsSession(
            place,
            globals,
            { encoding: manifest.server.encoding, signal },
            (session) => applyGlobals(session, { mode: 'target' }),
          );
    if (applied !== undefined) notes.push(...globalsNotes(applied, manifest));
    const problems = applied?.problems ?? [];
    if (!request.create || (problems.length > 0 && !request.keepGoing)) return problems;
    if (replaces !== undefined) await dropReplaced(client, request.database, replaces, notes);
    await refuseMadeMeanwhile(client, request.database);
    const { encoding, locale } = manifest.server;
    if (!isByArchive) {
      dependencies.onStep?.('creating');
      await createDatabase(client, { name: request.database, encoding, locale });
      await markIncomplete(client, request.database, startedAt);
    }
    return problems;
  });
}

/** It was looked at before anything was fetched, which may be hours ago. @throws TargetRefused */
async function dropReplaced(client: Client, database: string, since: string, notes: string[]): Promise<void> {
  const quoted = JSON.stringify(database);
  const wasDropped = await dropIncomplete(client, database).catch((error: unknown) => {
    throw new TargetRefused(
      {
        what: `The incomplete database ${quoted} could not be dropped`,
        got: messageOf(error),
        fix: 'End the sessions that are in it, and try again; or drop it yourself.',
      },
      { cause: error },
    );
  });
  if (wasDropped) notes.push(`${quoted}, incomplete since ${since}, was dropped and made anew`);
}

/** @param create whether the archive makes the database */
async function runArchive(run: Run, jobs: number, create: boolean): Promise<PgRestoreResult> {
  const { request, dependencies, program, archive, directory, choice, selection } = run;
  const { manifest, target, signal, onProgress } = dependencies;
  const { database } = request;
  let last: Extract<RestoreProgress, { step: 'restoring' }> = {
    step: 'restoring',
    doing: 'schema',
    entries: 0,
    totalEntries: undefined,
    bytes: 0,
    totalBytes: manifest.databaseBytes,
  };
  const watch = watchSize(target, database, (size) => {
    onProgress?.({ ...last, step: 'restoring', bytes: size });
  });
  dependencies.onStep?.('restoring');
  try {
    return await restoreArchive({
      tools: program,
      format: manifest.dump.format,
      archive,
      writtenBy: manifest.dump.pgDump,
      archiveName: manifest.objects.find(({ role }) => role === 'archive')?.name ?? '',
      target,
      database,
      dumpSettings: manifest.dump.settings,
      encoding: encodingOfOwners(manifest),
      directory,
      jobs,
      leaveOut: choice?.leaveOut,
      selection,
      signal,
      create,
      incompleteSince: run.startedAt,
      makesPublic: makesPublic(run),
      exitOnError: endsAtFirstError(run),
      onProgress: (progress) => {
        last = { ...last, ...progress, bytes: watch.bytes() };
        onProgress?.(last);
      },
    });
  } finally {
    await watch.stop();
  }
}

function makesPublic({ request, dependencies: { manifest }, isEmpty }: Run): PgRestoreRequest['makesPublic'] {
  if (manifest.selection?.schemas === undefined) return undefined;
  return request.selection.owners && (request.create || isEmpty) ? 'with its owner' : 'as it is';
}
