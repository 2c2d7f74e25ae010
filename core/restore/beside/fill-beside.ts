import type { DatabaseLocale } from '../../manifest/manifest.ts';
import { readToc, type Toc } from '../../postgres/archive/toc.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import { readDatabaseLocale } from '../../postgres/facts/database-locale.ts';
import { settingsTakenHere } from '../../postgres/facts/dump-settings.ts';
import { quoteIdentifier } from '../../postgres/names.ts';
import { encodingOf } from '../../postgres/pg-restore/helper-database.ts';
import type { PgRestoreResult } from '../../postgres/pg-restore/restoration.ts';
import type { FoundTools } from '../../postgres/programs/tools.ts';
import type { Choice } from '../choice.ts';
import { type Filled, fillTarget, type Run } from '../fill-target.ts';
import { bringAcross } from './bring-across.ts';
import { schemaExists } from './check-beside.ts';
import { moveIntoSchema, readTargetObjects, type TargetObjects } from './move-into-schema.ts';
import { type TemporaryDatabase, withTemporaryDatabase } from './temporary-database.ts';

/** What of the database in use decides how the temporary one is made, and what moves. */
type Living = {
  readonly objects: TargetObjects;
  readonly like: { readonly encoding: string; readonly locale: DatabaseLocale };
  readonly isThere: boolean;
  /** Whether everything may go in in one transaction: its locks are as many as its relations, and have room. */
  readonly lockRoom: number;
  readonly settings: Readonly<Record<string, string>>;
};

/** So much of the server's table of locks is taken at the most; others need it too. */
const shareOfLocks = 0.5;

/**
 * Restores into a schema of a database that is in use: into a temporary database first, there into the new schema with
 * ALTER … SET SCHEMA, and from there across with pg_dump. No SQL is rewritten, and nothing living is locked.
 *
 * @param notes takes what people should know of it
 */
export async function fillBeside(run: Run, schema: string, jobs: number, notes: string[]): Promise<Filled> {
  const { dependencies, archive, program } = run;
  const { manifest, target, signal } = dependencies;
  const { database } = run.request;
  const living = await withConnection(target, { database, signal }, async (client): Promise<Living> => {
    const { rows } = await client.query<{ locks: number }>(
      `select (pg_catalog.current_setting('max_locks_per_transaction')::int
               * pg_catalog.current_setting('max_connections')::int) as locks`,
    );
    return {
      objects: await readTargetObjects(client),
      like: { encoding: await encodingOf(client), locale: await readDatabaseLocale(client) },
      isThere: await schemaExists(client, schema),
      lockRoom: (rows[0]?.locks ?? 0) * shareOfLocks,
      settings: valuesOf(await settingsTakenHere(client, manifest.dump.settings ?? {})),
    };
  });
  const { format } = manifest.dump;
  if (archive.kind !== 'path' || format === 'plain') throw new Error('it was asked for as a file');
  const toc = await readToc({ tools: program, path: archive.path, format, signal });
  const { choice } = run;
  if (choice === undefined) throw new Error('it was chosen when the archive was opened');
  const pass = (most: number): Promise<Filled> => once({ run, schema, notes, living, choice, toc }, most);
  const filled = await pass(jobs);
  const isBlocked = filled.jobs > 1 && filled.problems.some(({ remedy }) => remedy === 'one job');
  if (!isBlocked || run.request.keepGoing) return filled;
  notes.push('jobs of the restore waited for each other (deadlock): it was begun again, with one job');
  return await pass(1);
}

type Pass = {
  readonly run: Run;
  readonly schema: string;
  readonly notes: string[];
  readonly living: Living;
  readonly choice: Choice;
  readonly toc: Toc;
};

async function once(pass: Pass, jobs: number): Promise<Filled> {
  const { run, notes, living } = pass;
  const { dependencies } = run;
  const { manifest, target, signal } = dependencies;
  const { encoding, locale } = manifest.server;
  const own = { ...target, database: run.request.database };
  const like = [{ encoding, locale }, living.like] as const;
  return await withTemporaryDatabase(own, { like, signal, notes }, async (temporary) => {
    if (!temporary.isAsAsked)
      notes.push(
        'the server has not the locale of the backup, so the temporary database has that of the one in use: what sorts by it may come out otherwise',
      );
    const request = {
      ...run.request,
      database: temporary.name,
      intoSchema: undefined,
      create: false,
    };
    const filled = await fillTarget({ ...run, request, choice: pass.choice, isEmpty: true }, jobs, notes);
    if (filled.problems.length > 0 && !run.request.keepGoing) return { ...filled, isUnchanged: true };
    const { selection } = run.request;
    notes.push(
      ...(await moveIntoSchema(temporary.client, pass.schema, { selection, target: living.objects })),
    );
    // What is written by a newer pg_dump begins with settings that an older server does not know.
    const tools = await run.dependencies.tools(run.server.major);
    const entries = pass.toc.entries.length - pass.choice.leaveOut.size;
    const isAtOnce = tools.major <= run.server.major && entries < living.lockRoom;
    const { problems } = await across(pass, temporary, { tools, isAtOnce }).catch(async (error: unknown) => {
      if (!isAtOnce) await isTakenBack(pass);
      throw error;
    });
    // From here on it is there, whoever is interrupted.
    if (problems.length === 0) dependencies.onStep?.('counting');
    const isUnchanged = problems.length > 0 && (isAtOnce || (await isTakenBack(pass)));
    return {
      ...filled,
      problems: [...filled.problems, ...problems],
      ...(isUnchanged ? { isUnchanged } : {}),
    };
  });
}

/** What was not made in one transaction may be there in part: it goes, where the schema is ours. */
async function isTakenBack({ run, schema, living }: Pass): Promise<boolean> {
  if (living.isThere) return false;
  // Also when the work was aborted.
  return await withConnection(run.dependencies.target, { database: run.request.database }, async (client) => {
    await client.query(`drop schema if exists ${quoteIdentifier(schema)} cascade`);
    return true;
  }).catch(() => false);
}

async function across(
  { run, schema, living }: Pass,
  { name, client }: TemporaryDatabase,
  { tools, isAtOnce }: { readonly tools: FoundTools; readonly isAtOnce: boolean },
): Promise<PgRestoreResult> {
  const { dependencies, directory, request } = run;
  const { target, signal, onProgress, manifest } = dependencies;
  const totalBytes = manifest.databaseBytes;
  return await bringAcross({
    tools,
    target,
    from: name,
    encoding: await encodingOf(client),
    into: request.database,
    schema,
    isThere: living.isThere,
    isAtOnce,
    settings: living.settings,
    selection: ownersAndRights(run),
    directory,
    signal,
    onProgress: (doing, entries) =>
      onProgress?.({
        step: 'restoring',
        doing: `${doing}, brought across`,
        entries,
        totalEntries: undefined,
        bytes: totalBytes,
        totalBytes,
      }),
  });
}

/** The rest was applied when the temporary database was filled. */
function ownersAndRights({ request: { selection } }: Run): string[] {
  return [...(selection.owners ? [] : ['--no-owner']), ...(selection.privileges ? [] : ['--no-privileges'])];
}

function valuesOf(settings: Readonly<Record<string, string>>): Record<string, string> {
  const { TimeZone, lc_monetary } = settings;
  return {
    ...(TimeZone === undefined ? {} : { TimeZone }),
    ...(lc_monetary === undefined ? {} : { lc_monetary }),
  };
}
