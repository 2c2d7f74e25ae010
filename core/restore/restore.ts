import { availableParallelism } from 'node:os';
import { messageOf } from '../errors.ts';
import { ChecksumMismatch } from '../inventory/fetch-archive.ts';
import { archiveBytes } from '../manifest/sizes.ts';
import { describeServer } from '../postgres/connect/parameters.ts';
import { removeMark } from '../postgres/pg-restore/incomplete-mark.ts';
import { withScratchDirectory } from '../scratch/scratch.ts';
import { type Before, readBefore, readMade } from './before.ts';
import { refuseContradictions } from './beside/contradictions.ts';
import { fillBeside } from './beside/fill-beside.ts';
import { fillUnderName } from './beside/fill-under-name.ts';
import { checkNames } from './check-names.ts';
import { refuseOtherLocale, withServer } from './check-target.ts';
import type { Choice } from './choice.ts';
import { compareTarget } from './compare-target.ts';
import { fetchContext, whyFile } from './fetching.ts';
import { type Filled, fillTarget, type Run } from './fill-target.ts';
import { openArchive } from './find-in-archive.ts';
import { type Finding, refuseBy } from './finding.ts';
import { notesAfter, notesBefore } from './notes.ts';
import { rehearse } from './rehearse.ts';
import { isRestored, type RestoredTable, RestoreFailed, type RestoreReport } from './report.ts';
import { isPartial, type RestoreDependencies, type RestoreRequest } from './request.ts';
import { selectionArguments } from './selection-arguments.ts';
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
  const { manifest, target, clock, scratch, signal } = dependencies;
  refuseContradictions(request, manifest);
  const selection = selectionArguments(manifest, request.selection);
  checkNames(manifest, request.selection);
  const startedAt = clock();
  const fetching = fetchContext(request, dependencies);
  const mustBeFile = whyFile(manifest, request, !request.intoNonEmpty);
  const found = await rehearse(request, dependencies, { fetching, whyFile: mustBeFile });
  const { server, isEmpty, replaces, program } = found;
  refuseBy(found.findings);
  if (program === undefined) throw new Error('where there is no program, that is a finding');
  if (request.create)
    await withServer(target, request, signal, (client) => refuseOtherLocale(client, manifest));
  await dependencies.beforeFetching?.();
  return await withScratchDirectory(scratch, async (directory) => {
    const way = {
      found,
      program,
      fetching,
      whyFile: whyFile(manifest, request, isEmpty),
      selection,
      directory,
    };
    const { archive, choice, inTheWay, findings } = await openArchive(request, dependencies, way);
    refuseBy(findings);
    const isNew = isEmpty || request.renameExisting === true;
    const before = isNew ? undefined : await lookBefore(choice, request, dependencies);
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
      inTheWay,
      startedAt,
      replaces,
      fetching,
    };
    return await changeTarget(run, warningsOf([...found.findings, ...findings]));
  });
}

/** What is not known to fail, and may; that the server is older is told anyway. */
function warningsOf(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ subject, status, detail }) =>
    status === 'warning' && subject !== 'version' && subject !== 'scratch' ? [detail] : [],
  );
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
  if (request.create || request.intoSchema !== undefined) return undefined;
  if (isPartial(request.selection)) return choice?.makes ?? [];
  if (before === undefined) return undefined;
  if (choice !== undefined) return choice.makes;
  return dependencies.manifest.tables
    .filter((table) => before.stateOf(table) === 'absent')
    .map(({ schema, name }) => ({ type: 'TABLE', schema, name }));
}

/** From here on the target is changed; what fails leaves it incomplete, and says so. */
async function changeTarget(run: Run, warnings: readonly string[]): Promise<RestoreReport> {
  const { request, dependencies, server, program, archive, startedAt } = run;
  const { manifest, target, clock } = dependencies;
  const most = archive.kind === 'path' ? (request.jobs ?? availableParallelism()) : 1;
  const notes = [...notesBefore(run), ...warnings];
  const makes = makesOf(run);
  dependencies.onMakes?.(makes);
  const report = (
    { problems, jobs, isUnchanged, endedAtRoles, renamed, undo }: Filled,
    tables: readonly RestoredTable[],
    left?: Left,
  ): RestoreReport => ({
    id: manifest.id,
    server: describeServer(target),
    database: request.database,
    created: request.create && endedAtRoles !== true,
    startedAt: startedAt.toISOString(),
    finishedAt: clock().toISOString(),
    program: `pg_restore ${program.version}`,
    serverVersion: server.version,
    jobs,
    keptGoing: request.keepGoing ?? false,
    archiveBytes: archiveBytes(manifest),
    tables,
    problems,
    ...(request.intoSchema === undefined ? {} : { intoSchema: request.intoSchema }),
    ...(renamed === undefined ? {} : { renamed, undo }),
    ...(isUnchanged === undefined ? {} : { isUnchanged }),
    ...(endedAtRoles === undefined ? {} : { endedAtRoles }),
    notes,
    ...(left === undefined ? {} : { left }),
  });
  let filled: Filled;
  try {
    filled = await fill(run, most, notes);
  } catch (error: unknown) {
    if (!(error instanceof ChecksumMismatch)) throw error;
    // It was restored while it was read: nothing of it can be trusted.
    throw new RestoreFailed(
      {
        ...report(
          { problems: [{ fault: 'backup', message: error.message }], jobs: most },
          [],
          await leftBy(run, makes),
        ),
        isDamaged: true,
      },
      { cause: error },
    );
  }
  const { problems } = filled;
  if (problems.length === 0) dependencies.onStep?.('counting');
  const isThere = (problems.length === 0 || request.keepGoing) && filled.isUnchanged !== true;
  const tables = isThere ? await compareTarget(run) : [];
  if (problems.length === 0) notes.push(...notesAfter(run));
  const finished = report(filled, tables);
  if (isAsGoodAsItGets(finished)) await unmark(run, notes);
  if (isRestored(finished)) return finished;
  throw new RestoreFailed(report(filled, tables, await leftBy(run, makes)));
}

/** What a restore that failed left of what it made. */
async function leftBy(
  { request, dependencies: { target, signal } }: Run,
  makes: readonly MadeRelation[] | undefined,
): Promise<Left> {
  const left = request.selection.part === 'data' ? { makes, addsRows: true } : { makes };
  if (makes === undefined) return left;
  try {
    const dropSql = await withServer(target, request, signal, (client) => readMade(client, makes));
    return { ...left, dropSql };
  } catch {
    signal.throwIfAborted();
    // What ended the restore may have ended the server: the names of what was to be made are told instead.
    return left;
  }
}

/** Also where it kept going: what it left is to be used, and nobody is to drop it for a mark that was forgotten. */
function isAsGoodAsItGets(report: RestoreReport): boolean {
  const { problems, keptGoing } = report;
  return isRestored(report) || (keptGoing && !problems.some(({ endsRestore }) => endsRestore));
}

async function unmark({ request, dependencies }: Run, notes: string[]): Promise<void> {
  if (!request.create) return;
  const { target, signal } = dependencies;
  const { database } = request;
  try {
    await withServer(target, request, signal, (client) => removeMark(client, database));
  } catch (error: unknown) {
    signal.throwIfAborted();
    notes.push(
      `${JSON.stringify(database)} is still marked as incomplete, which --replace-incomplete goes by: ${messageOf(error)}`,
    );
  }
}

async function fill(run: Run, jobs: number, notes: string[]): Promise<Filled> {
  const { intoSchema, renameExisting } = run.request;
  if (intoSchema !== undefined) return await fillBeside(run, intoSchema, jobs, notes);
  return renameExisting ? await fillUnderName(run, notes) : await fillTarget(run, jobs, notes);
}
