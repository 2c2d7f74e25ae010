import { availableParallelism } from 'node:os';
import { ChecksumMismatch, type FetchContext, fetchGlobals } from '../inventory/fetch-archive.ts';
import { archiveBytes } from '../inventory/list-backups.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { ArchiveAt } from '../postgres/archive/archive-at.ts';
import { withConnection } from '../postgres/connect/connect.ts';
import { describeServer } from '../postgres/connect/parameters.ts';
import { readServerFacts, type ServerFacts } from '../postgres/facts/server-facts.ts';
import { quoteIdentifier } from '../postgres/names.ts';
import { applyGlobals } from '../postgres/pg-restore/apply-globals.ts';
import { canCreateItself, createDatabase } from '../postgres/pg-restore/new-database.ts';
import type { RestoreProblem } from '../postgres/pg-restore/restoration.ts';
import { restoreArchive } from '../postgres/pg-restore/restore-archive.ts';
import type { FoundTools } from '../postgres/programs/tools.ts';
import { makeMarkedDirectory, removeTree } from '../scratch/leftovers.ts';
import { bringArchive } from './bring-archive.ts';
import { checkTarget, withServer } from './check-target.ts';
import { entriesToLeaveOut, isSelected, selectionArguments } from './choose-entries.ts';
import { compareWithTarget } from './compare-rows.ts';
import { isRestored, type RestoredTable, RestoreFailed, type RestoreReport } from './report.ts';
import { isPartial, type RestoreDependencies, type RestoreProgress, type RestoreRequest } from './request.ts';
import { watchSize } from './watch-size.ts';

/**
 * Restores one backup into a server, and compares the rows of every table with the manifest. Nothing is touched before
 * the target was found fit and, where there is room for the archive, every byte of it was checked.
 *
 * @returns what was restored, all of it as recorded
 * @throws TargetRefused, NotInBackup, UsageError, ScratchTooSmall, ChecksumMismatch with nothing changed; RestoreFailed
 *   when the target is not what the backup holds
 */
export async function restoreBackup(
  request: RestoreRequest,
  dependencies: RestoreDependencies,
): Promise<RestoreReport> {
  const { manifest, target, tools, clock, scratch, signal, store, onProgress } = dependencies;
  const selection = selectionArguments(manifest, request.selection);
  const startedAt = clock();
  const { server, isEmpty } = await withServer(target, request, signal, async (client) => {
    const facts = await readServerFacts(client);
    return { server: facts, isEmpty: await checkTarget(client, request, manifest, facts) };
  });
  // pg_restore reads what its own and older versions of pg_dump wrote.
  const program = await tools(Math.max(server.major, Number.parseInt(manifest.dump.pgDump, 10)));
  const totalBytes = archiveBytes(manifest);
  let bytes = 0;
  const fetching: FetchContext = {
    store,
    signal,
    id: request.id,
    onBytes: (more) => {
      bytes += more;
      onProgress?.({ step: 'fetching', bytes, totalBytes });
    },
  };
  const directory = await makeMarkedDirectory(scratch);
  try {
    const archive = await bringArchive(manifest, directory, whyFile(manifest, request), fetching);
    const path = archive.kind === 'path' ? archive.path : undefined;
    const leaveOut =
      path === undefined
        ? undefined
        : await entriesToLeaveOut(manifest, request.selection, {
            tools: program,
            path,
            signal,
            intoEmpty: isEmpty,
          });
    const run: Run = {
      request,
      dependencies,
      server,
      program,
      archive,
      leaveOut,
      selection,
      isEmpty,
      fetching,
    };
    return await changeTarget(run, startedAt);
  } finally {
    await removeTree(directory);
  }
}

type Run = {
  readonly request: RestoreRequest;
  readonly dependencies: RestoreDependencies;
  readonly server: ServerFacts;
  readonly program: FoundTools;
  readonly archive: ArchiveAt;
  readonly leaveOut: ReadonlySet<number> | undefined;
  readonly selection: readonly string[];
  readonly isEmpty: boolean;
  readonly fetching: FetchContext;
};

function whyFile(manifest: Manifest, { selection, jobs }: RestoreRequest): string | undefined {
  if (manifest.dump.format === 'directory') return 'pg_restore reads the directory format from files only';
  if (isPartial(selection)) return 'what is selected is looked up in its table of contents first';
  return jobs !== undefined && jobs > 1 ? 'several jobs read it at once' : undefined;
}

/** From here on the target is changed; what fails leaves it incomplete, and says so. */
async function changeTarget(run: Run, startedAt: Date): Promise<RestoreReport> {
  const { request, dependencies, server, program, archive, isEmpty } = run;
  const { manifest, target, clock } = dependencies;
  const jobs = archive.kind === 'path' ? (request.jobs ?? availableParallelism()) : 1;
  const notes = notesBefore(run);
  const report = (problems: readonly RestoreProblem[], tables: readonly RestoredTable[]): RestoreReport => ({
    id: manifest.id,
    server: describeServer(target),
    database: request.database,
    created: request.create,
    startedAt: startedAt.toISOString(),
    finishedAt: clock().toISOString(),
    program: `pg_restore ${program.version}`,
    serverVersion: server.version,
    jobs,
    archiveBytes: archiveBytes(manifest),
    tables,
    problems,
    notes,
  });
  let problems: readonly RestoreProblem[];
  try {
    problems = await fill(run, jobs, notes);
  } catch (error: unknown) {
    if (!(error instanceof ChecksumMismatch)) throw error;
    // It was restored while it was read: nothing of it can be trusted.
    throw new RestoreFailed(report([{ fault: 'backup', message: error.message }], []), { cause: error });
  }
  const tables = problems.length > 0 || !isEmpty ? [] : await compare(run);
  if (problems.length === 0) notes.push(...notesAfter(run));
  const finished = report(problems, tables);
  if (isRestored(finished)) return finished;
  throw new RestoreFailed(finished);
}

async function fill(run: Run, jobs: number, notes: string[]): Promise<readonly RestoreProblem[]> {
  const { request, dependencies, server, program, archive, leaveOut, selection, fetching } = run;
  const { manifest, target, signal, onProgress } = dependencies;
  const { database, create } = request;
  const makesItself =
    database === manifest.database &&
    manifest.dump.format !== 'plain' &&
    !isPartial(request.selection) &&
    canCreateItself(manifest);
  const globals = request.applyGlobals ? await fetchGlobals(manifest, fetching) : undefined;
  const problems = await withServer(target, request, signal, async (client) => {
    const applied =
      globals === undefined ? undefined : await applyGlobals(client, globals, { mode: 'target' });
    if (applied !== undefined) {
      notes.push(`${applied.roles.length} roles and ${applied.tablespaces.length} tablespaces were made`);
      if (applied.existing.length > 0)
        notes.push(
          `left as they were: ${applied.existing.slice(0, 10).join(', ')}${applied.existing.length > 10 ? ', …' : ''}`,
        );
    }
    // Under its own name the archive makes the database itself, with its owner, grants and settings.
    const { encoding, locale } = manifest.server;
    if (create && !makesItself && (applied?.problems ?? []).length === 0)
      await createDatabase(client, { name: database, encoding, locale });
    return applied?.problems ?? [];
  });
  if (problems.length > 0) return problems;
  // A newer pg_restore begins with settings that an older server refuses and nobody misses.
  const mayComplain = server.major < program.major;
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
  try {
    const result = await restoreArchive({
      tools: program,
      format: manifest.dump.format,
      archive,
      target,
      database,
      jobs,
      leaveOut,
      selection,
      signal,
      archiveName: manifest.objects.find(({ role }) => role === 'archive')?.name ?? '',
      create: create && makesItself,
      exitOnError: !mayComplain,
      onProgress: (progress) => {
        last = { ...last, ...progress, bytes: watch.bytes() };
        onProgress?.(last);
      },
    });
    return result.problems;
  } finally {
    await watch.stop();
  }
}

/** Counts what should be there. Not in a database that held something before: whose rows are whose nobody knows. */
async function compare({ request, dependencies }: Run): Promise<readonly RestoredTable[]> {
  const { manifest, target, signal, onProgress } = dependencies;
  if (request.selection.part === 'schema') return [];
  const expected = manifest.tables.filter((table) => isSelected(request.selection, table));
  const totalTables = expected.length;
  return await withConnection(target, { database: request.database, signal }, (client) =>
    compareWithTarget(client, expected, {
      signal,
      onTable: (tables) => onProgress?.({ step: 'counting', tables, totalTables }),
    }),
  );
}

function notesBefore({ request, dependencies, server, archive, isEmpty }: Run): string[] {
  const { manifest } = dependencies;
  const sourceMajor = Math.floor(manifest.server.versionNum / 10_000);
  const notes: string[] = [];
  if (server.major < sourceMajor)
    notes.push(`the server (${server.version}) is older than the source was (${manifest.server.version})`);
  if (archive.kind === 'stream')
    notes.push('there was no room for the archive as a file: it was restored by one process while it came');
  if (!isEmpty) notes.push('rows were not compared: the database held something before');
  if (request.selection.part === 'schema') notes.push('rows were not compared: only the schema was restored');
  if (request.create && request.database !== manifest.database)
    notes.push('settings, owner and grants of the database itself are kept under its own name only');
  return notes;
}

function notesAfter({ request }: Run): string[] {
  if (request.selection.part === 'schema') return [];
  return [`queries are slow until statistics are there: run ANALYZE in ${quoteIdentifier(request.database)}`];
}
