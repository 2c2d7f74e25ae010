import { availableParallelism } from 'node:os';
import { ChecksumMismatch, type FetchContext, fetchGlobals } from '../inventory/fetch-archive.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { archiveBytes } from '../manifest/sizes.ts';
import { describeServer } from '../postgres/connect/parameters.ts';
import { readServerFacts } from '../postgres/facts/server-facts.ts';
import { withScratchDirectory } from '../scratch/scratch.ts';
import { type Before, readBefore, readMade } from './before.ts';
import { bringArchive } from './bring-archive.ts';
import { checkNames } from './check-names.ts';
import { checkTarget, withServer } from './check-target.ts';
import type { Choice } from './choice.ts';
import { chooseEntries, hasUnmet } from './choose-entries.ts';
import { compareTarget } from './compare-target.ts';
import { type Filled, fillTarget, type Run } from './fill-target.ts';
import { refuseInTheWay } from './in-the-way.ts';
import type { LookUp } from './look-at-target.ts';
import { notesAfter, notesBefore } from './notes.ts';
import { refusePowers } from './refuse-powers.ts';
import { isRestored, type RestoredTable, RestoreFailed, type RestoreReport } from './report.ts';
import { isPartial, type RestoreDependencies, type RestoreRequest } from './request.ts';
import { selectionArguments } from './selection-arguments.ts';
import { readOfferedExtensions, readTargetObjects } from './target-objects.ts';
import type { Left, MadeRelation } from './what-to-drop.ts';

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
  const { manifest, target, tools, clock, scratch, signal } = dependencies;
  const selection = selectionArguments(manifest, request.selection);
  checkNames(manifest, request.selection);
  const startedAt = clock();
  const fetching = fetchContext(request, dependencies);
  const { server, isEmpty } = await withServer(target, request, signal, async (client) => {
    const facts = await readServerFacts(client);
    const isEmpty = await checkTarget(client, request, manifest, facts);
    if (request.applyGlobals && !request.allowSuperusers)
      await refusePowers(client, globalsText(manifest, await fetchGlobals(manifest, fetching)));
    return { server: facts, isEmpty };
  });
  // pg_restore reads what its own and older versions of pg_dump wrote.
  const program = await tools(Math.max(server.major, Number.parseInt(manifest.dump.pgDump, 10)));
  await dependencies.beforeFetching?.();
  return await withScratchDirectory(scratch, async (directory) => {
    const mustBeFile = whyFile(manifest, request, isEmpty);
    const archive = await bringArchive(manifest, directory, { ...fetching, scratch, mustBeFile });
    const choice =
      archive.kind === 'path'
        ? await chooseEntries(manifest, request.selection, {
            tools: program,
            path: archive.path,
            signal,
            directory,
            intoEmpty: isEmpty,
            lookUp: lookUpIn(request, dependencies),
            keepGoing: request.keepGoing,
          })
        : undefined;
    refuseInTheWay(choice?.inTheWay ?? []);
    const before = isEmpty ? undefined : await lookBefore(choice, request, dependencies);
    const run: Run = {
      request,
      dependencies,
      server,
      program,
      archive,
      directory,
      choice,
      selection,
      isEmpty,
      before,
      fetching,
    };
    return await changeTarget(run, startedAt);
  });
}

/**
 * globals.sql as it is read to judge what it would make. Where names are in another encoding than ours, those that are not
 * plain look like no role that is there: the judgement is then on the side of caution.
 */
function globalsText({ server }: Manifest, globals: Buffer | undefined): string {
  return globals?.toString(server.encoding === 'UTF8' ? 'utf8' : 'latin1') ?? '';
}

function fetchContext({ id }: RestoreRequest, dependencies: RestoreDependencies): FetchContext {
  const { store, signal, manifest, onProgress } = dependencies;
  const totalBytes = archiveBytes(manifest);
  let bytes = 0;
  const onBytes = (more: number): void => {
    bytes += more;
    onProgress?.({ step: 'fetching', bytes, totalBytes });
  };
  return { store, signal, id, onBytes };
}

function whyFile(
  manifest: Manifest,
  { selection, jobs }: RestoreRequest,
  isEmpty: boolean,
): string | undefined {
  if (manifest.dump.format === 'directory') return 'pg_restore reads the directory format from files only';
  if (hasUnmet(manifest))
    return 'what cannot be restored without the rest is looked up in its table of contents first';
  if (manifest.selection?.schemas !== undefined)
    return 'whether it makes schema public is looked up in its table of contents first';
  if (isPartial(selection)) return 'what is selected is looked up in its table of contents first';
  if (!isEmpty && manifest.dump.format !== 'plain')
    return 'what of it the target has already is looked up in its table of contents first';
  return jobs !== undefined && jobs > 1 ? 'several jobs read it at once' : undefined;
}

/** What the target has; of a database that is to be made, only what its server offers. */
function lookUpIn(request: RestoreRequest, { target, signal }: RestoreDependencies): LookUp {
  return async ({ names, extensions }) =>
    await withServer(target, request, signal, async (client) => ({
      objects: request.create ? [] : await readTargetObjects(client, names),
      offered: await readOfferedExtensions(client, extensions),
    }));
}

async function lookBefore(
  choice: Choice | undefined,
  request: RestoreRequest,
  { manifest, target, signal }: RestoreDependencies,
): Promise<Before> {
  const tables = manifest.tables.filter((table) => choice?.holds(table) ?? true);
  return await withServer(target, request, signal, (client) => readBefore(client, tables));
}

/** What a restore makes of a part, or in a database that held something before; undefined where all there is its own. */
function makesOf({ request, dependencies, choice, before }: Run): readonly MadeRelation[] | undefined {
  if (request.create) return undefined;
  if (isPartial(request.selection)) return choice?.makes ?? [];
  if (before === undefined) return undefined;
  if (choice !== undefined) return choice.makes;
  return dependencies.manifest.tables
    .filter((table) => before.stateOf(table) === 'absent')
    .map(({ schema, name }) => ({ type: 'TABLE', schema, name }));
}

/** From here on the target is changed; what fails leaves it incomplete, and says so. */
async function changeTarget(run: Run, startedAt: Date): Promise<RestoreReport> {
  const { request, dependencies, server, program, archive } = run;
  const { manifest, target, clock } = dependencies;
  const most = archive.kind === 'path' ? (request.jobs ?? availableParallelism()) : 1;
  const notes = notesBefore(run);
  const makes = makesOf(run);
  dependencies.onMakes?.(makes);
  const report = (
    { problems, jobs }: Filled,
    tables: readonly RestoredTable[],
    left?: Left,
  ): RestoreReport => ({
    id: manifest.id,
    server: describeServer(target),
    database: request.database,
    created: request.create,
    startedAt: startedAt.toISOString(),
    finishedAt: clock().toISOString(),
    program: `pg_restore ${program.version}`,
    serverVersion: server.version,
    jobs,
    keptGoing: request.keepGoing ?? false,
    archiveBytes: archiveBytes(manifest),
    tables,
    problems,
    notes,
    ...(left === undefined ? {} : { left }),
  });
  let filled: Filled;
  try {
    filled = await fillTarget(run, most, notes);
  } catch (error: unknown) {
    if (!(error instanceof ChecksumMismatch)) throw error;
    // It was restored while it was read: nothing of it can be trusted.
    throw new RestoreFailed(
      report(
        { problems: [{ fault: 'backup', message: error.message }], jobs: most },
        [],
        await leftBy(run, makes),
      ),
      { cause: error },
    );
  }
  const { problems } = filled;
  if (problems.length === 0) dependencies.onStep?.('counting');
  const tables = problems.length > 0 && !request.keepGoing ? [] : await compareTarget(run);
  if (problems.length === 0) notes.push(...notesAfter(run));
  const finished = report(filled, tables);
  if (isRestored(finished)) return finished;
  throw new RestoreFailed(report(filled, tables, await leftBy(run, makes)));
}

/** What a restore that failed left of what it made. */
async function leftBy(
  { request, dependencies: { target, signal } }: Run,
  makes: readonly MadeRelation[] | undefined,
): Promise<Left> {
  if (makes === undefined) return { makes };
  try {
    const dropSql = await withServer(target, request, signal, (client) => readMade(client, makes));
    return { makes, dropSql };
  } catch {
    signal.throwIfAborted();
    // What ended the restore may have ended the server: the names of what was to be made are told instead.
    return { makes };
  }
}
