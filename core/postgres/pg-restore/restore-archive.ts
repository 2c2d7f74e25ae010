import { readToc, type Toc } from '../archive/toc.ts';
import { withUseList } from '../archive/use-list.ts';
import { quoteConninfo } from '../libpq/conninfo.ts';
import { feedWhole } from './feed.ts';
import { maintenanceDatabase } from './new-database.ts';
import { ProblemCollector } from './problems.ts';
import type { PgRestoreRequest, PgRestoreResult } from './restoration.ts';
import { runPsql } from './run-psql.ts';
import { startProgram } from './start-program.ts';

/**
 * Restores an archive into a server with pg_restore, or psql for plain SQL, and collects everything that was refused.
 *
 * @throws the signal's reason when aborted, an error of `archive.stream`; whatever the programs and the server say is
 *   in what it returns
 */
export async function restoreArchive(request: PgRestoreRequest): Promise<PgRestoreResult> {
  const collector = new ProblemCollector(request);
  if (request.format === 'plain') {
    await runPsql(request, collector);
    return collector.result(undefined);
  }
  const toc = await tocOf(request);
  await withLeftOut(toc, request, (list) => runPgRestore(request, toc, list, collector));
  return collector.result(toc);
}

/** What cannot be listed cannot be restored either, and pg_restore will say so again. */
async function tocOf({ archive, format, tools, signal }: PgRestoreRequest): Promise<Toc | undefined> {
  if (archive.kind !== 'path' || format === 'plain') return undefined;
  return await readToc({ tools, path: archive.path, format, signal }).catch(() => {
    signal.throwIfAborted();
    return undefined;
  });
}

/** @param list path of a `--use-list` file; undefined: everything */
async function runPgRestore(
  request: PgRestoreRequest,
  toc: Toc | undefined,
  list: string | undefined,
  collector: ProblemCollector,
): Promise<void> {
  const { archive, format, jobs, leaveOut, signal } = request;
  const isParallel = jobs > 1 && archive.kind === 'path' && (format === 'custom' || format === 'directory');
  const totalEntries = toc === undefined ? undefined : toc.entries.length - (leaveOut?.size ?? 0);
  let entries = 0;
  const onStep = (text: string): void => {
    if (isParallel && text.startsWith('entering main parallel loop')) collector.jobsBegin();
    const doing = stepIn(text);
    if (doing === undefined) return;
    entries += 1;
    request.onProgress?.({ doing, entries, totalEntries });
  };
  const args = pgRestoreArguments(request, isParallel, list);
  const program = startProgram('pg_restore', args, request, collector.reader(onStep));
  if (archive.kind === 'stream') await feedWhole(program.child, archive.stream, signal);
  await collector.ended(program, signal);
}

function pgRestoreArguments(
  { archive, create, database, format, jobs, exitOnError, selection = [] }: PgRestoreRequest,
  isParallel: boolean,
  list: string | undefined,
): string[] {
  return [
    `--format=${format}`,
    `--dbname=${quoteConninfo(create ? maintenanceDatabase(database) : database)}`,
    '--no-password',
    '--verbose',
    ...(create ? ['--create'] : []),
    ...(exitOnError ? ['--exit-on-error'] : []),
    ...(isParallel ? [`--jobs=${jobs}`] : []),
    ...(list === undefined ? [] : [`--use-list=${list}`]),
    ...selection,
    ...(archive.kind === 'path' ? ['--', archive.path] : []),
  ];
}

/** `creating INDEX "public.users_email_idx"`, `processing data for table "public.users"` */
function stepIn(text: string): string | undefined {
  const [, type, name] = /^(?:creating|executing) ([A-Z][A-Z ]*) "?(.*?)"?$/.exec(text) ?? [];
  if (type !== undefined) return `${type.toLowerCase()} ${name}`;
  const [, table] = /^processing data for table "(.*?)"?$/.exec(text) ?? [];
  if (table !== undefined) return `table data ${table}`;
  return /^processing BLOBS/.test(text) ? 'large objects' : undefined;
}

/** What is left out is told to pg_restore as a list of all the rest. */
async function withLeftOut(
  toc: Toc | undefined,
  { leaveOut, directory }: PgRestoreRequest,
  use: (list: string | undefined) => Promise<void>,
): Promise<void> {
  if (leaveOut === undefined || leaveOut.size === 0 || toc === undefined) return await use(undefined);
  const kept = toc.entries.filter(({ dumpId }) => !leaveOut.has(dumpId));
  await withUseList({ dumpIds: kept.map(({ dumpId }) => dumpId), directory }, use);
}
