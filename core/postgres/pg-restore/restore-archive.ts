import { readToc, type Toc } from '../archive/toc.ts';
import { withUseList } from '../archive/use-list.ts';
import { withConnection } from '../connect/connect.ts';
import { encodingOf, withHelperDatabase } from './helper-database.ts';
import { markWhenThere } from './incomplete-mark.ts';
import { makeMarked } from './make-marked.ts';
import { maintenanceDatabase } from './new-database.ts';
import { type OrderReasons, whyOrderMatters } from './order-matters.ts';
import { type Phases, phasesOf } from './phases.ts';
import { ProblemCollector } from './problems.ts';
import { withoutMakingPublic } from './public-schema.ts';
import type { PgRestoreRequest, PgRestoreResult } from './restoration.ts';
import { PgRestoreRun } from './run-pg-restore.ts';
import { runPsql } from './run-psql.ts';
import { withRestoreSettings } from './target-session.ts';

/**
 * Restores an archive into a server with pg_restore, or psql for plain SQL, and collects everything that was refused.
 * The result is that of one pg_restore with one job, event triggers last, under {@link restoreSettings}
 * (docs/decisions/0011); several jobs work where that comes to the same.
 *
 * @throws the signal's reason when aborted, an error of `archive.stream`; whatever the programs and the server say is
 *   in what it returns
 */
export async function restoreArchive(asked: PgRestoreRequest): Promise<PgRestoreResult> {
  return await withMaintenance(asked, restoreFrom);
}

/**
 * While an archive makes its own database pg_restore is connected to another one, and gives the owner there: a name that
 * must not be converted into that one's encoding.
 */
async function withMaintenance(
  request: PgRestoreRequest,
  use: (request: PgRestoreRequest) => Promise<PgRestoreResult>,
): Promise<PgRestoreResult> {
  const { create, encoding, database, target, signal } = request;
  if (!create || encoding === undefined) return await use(request);
  const at = { ...target, database: maintenanceDatabase(database) };
  let isBegun = false;
  const begin = async (more: Pick<PgRestoreRequest, 'maintenance'>): Promise<PgRestoreResult> => {
    isBegun = true;
    return await use({ ...request, ...more });
  };
  try {
    const isSame = await withConnection(
      at,
      { signal },
      async (client) => (await encodingOf(client)) === encoding,
    );
    if (isSame) return await begin({});
    return await withHelperDatabase(at, { encoding, signal }, (maintenance) => begin({ maintenance }));
  } catch (error: unknown) {
    signal.throwIfAborted();
    if (isBegun) throw error;
    // Most owners are plain ASCII and need none; of others pg_restore will say so.
    return await use(request);
  }
}

async function restoreFrom(asked: PgRestoreRequest): Promise<PgRestoreResult> {
  const { request, isSettled } = await withRestoreSettings(asked);
  const collector = new ProblemCollector(request);
  if (request.format === 'plain') {
    await runPsql(request, collector);
    return { ...collector.result(undefined), isSettled, jobs: 1 };
  }
  const toc = await tocOf(request);
  const run = new PgRestoreRun(request, toc, collector);
  if (toc === undefined) {
    await allOf(request, run);
    return { ...collector.result(undefined), isSettled, jobs: 1, phases: run.phases() };
  }
  const made = await makeMarked(request, toc, run);
  const rest = made && (await withoutMakingPublic(made, toc, run));
  const ways =
    rest === undefined ? { jobs: 1 } : await restoreInPhases(rest, phasesOf(toc, rest.leaveOut), run);
  return { ...collector.result(toc), isSettled, ...ways, phases: run.phases() };
}

/** Of a stream nothing can be restored apart. */
async function allOf(request: PgRestoreRequest, run: PgRestoreRun): Promise<void> {
  const { create, incompleteSince, target, database } = request;
  const marking =
    create && incompleteSince !== undefined ? markWhenThere(target, database, incompleteSince) : undefined;
  try {
    await run.all();
  } finally {
    await marking?.stop();
  }
}

/** What cannot be listed cannot be restored either, and pg_restore will say so again. */
async function tocOf({ archive, format, tools, signal }: PgRestoreRequest): Promise<Toc | undefined> {
  if (archive.kind !== 'path' || format === 'plain') return undefined;
  return await readToc({ tools, path: archive.path, format, signal }).catch(() => {
    signal.throwIfAborted();
    return undefined;
  });
}

async function restoreInPhases(
  request: PgRestoreRequest,
  { definitions, rows, after, eventTriggers }: Phases,
  run: PgRestoreRun,
): Promise<Pick<PgRestoreResult, 'jobs' | 'whyOneJob'>> {
  const { directory, format } = request;
  const phase = (dumpIds: readonly number[], jobs: number, create = false): Promise<boolean> =>
    withUseList({ dumpIds, directory }, (list) => run.some(list, { jobs, create }));
  const most = format === 'custom' || format === 'directory' ? request.jobs : 1;
  if (most === 1 || rows.length === 0) {
    const isThrough = await phase([...definitions, ...rows, ...after], most, request.create);
    if (isThrough && eventTriggers.length > 0) await phase(eventTriggers, 1);
    return { jobs: most };
  }
  if (!(await phase(definitions, 1, request.create))) return { jobs: 1 };
  const why = await orderReasons(request);
  const jobs = { rows: why.rows === undefined ? most : 1, after: why.after === undefined ? most : 1 };
  const isThrough = (await phase(rows, jobs.rows)) && (await phase(after, jobs.after));
  if (isThrough && eventTriggers.length > 0) await phase(eventTriggers, 1);
  const whyOneJob = why.rows ?? why.after;
  return { jobs: Math.max(jobs.rows, jobs.after), ...(whyOneJob === undefined ? {} : { whyOneJob }) };
}

/** Where the database cannot even be asked, one job: its words will be the ones to tell. */
async function orderReasons({ target, database, signal }: PgRestoreRequest): Promise<OrderReasons> {
  try {
    return await withConnection(target, { database, signal }, whyOrderMatters);
  } catch {
    signal.throwIfAborted();
    return { rows: 'the database could not be asked', after: 'the database could not be asked' };
  }
}
