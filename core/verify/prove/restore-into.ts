import { streamArchive } from '../../inventory/fetch-archive.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { readToc } from '../../postgres/archive/toc.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { overrideDatabaseSettings, withoutSessionLibraries } from '../../postgres/connect/steady-session.ts';
import { lackingMoneyLocale, settingsTakenHere } from '../../postgres/facts/dump-settings.ts';
import { applyDatabaseSql } from '../../postgres/pg-restore/apply-database-sql.ts';
import { maintenanceDatabase } from '../../postgres/pg-restore/new-database.ts';
import type { PgRestoreResult, RestoreProblem } from '../../postgres/pg-restore/restoration.ts';
import { restoreArchive } from '../../postgres/pg-restore/restore-archive.ts';
import type { RestoreContext } from './context.ts';
import { dropRestored, type PreparedDatabase, prepareDatabase } from './prepare-database.ts';
import { needsOneJob, type Restored, summarize } from './restored.ts';
import { otherRun } from './run-times.ts';
import { explainEnd } from './why-server-ended.ts';

/**
 * Restores a backup into the private server under its own name. What needs an extension that this server lacks is
 * left out; a locale that it lacks is replaced: both are told as limits, and the rest is checked.
 */
export async function restoreInto(manifest: Manifest, context: RestoreContext): Promise<Restored> {
  const { stored, serverTools, signal } = context;
  const { format } = manifest.dump;
  if (stored.kept !== undefined && 'problem' in stored.kept) throw stored.kept.problem;
  const path = stored.kept?.path;
  const toc =
    path === undefined || format === 'plain'
      ? undefined
      : await readToc({ tools: serverTools.client, path, format, signal });
  const archive = path === undefined || toc === undefined ? undefined : { path, toc };
  const nothing = {
    leftOut: [],
    without: [],
    notes: [],
    archive,
    isWhole: false,
    isDescribed: false,
    isComparable: false,
    withoutSessionLibraries: false,
    jobs: 0,
    whyOneJob: undefined,
  };
  const other = otherRun(manifest, toc);
  if (other !== undefined) return { ...nothing, faults: [other], limits: [] };

  // Connected to what stays there, while a database called postgres is dropped and made.
  const target = {
    ...context.verification.server.parameters,
    database: maintenanceDatabase(manifest.database),
  };
  const taken = await withConnection(target, { signal }, (client) =>
    settingsTakenHere(client, manifest.dump.settings ?? {}),
  );
  const locale = lackingMoneyLocale(manifest.dump, taken);
  // Amounts would be refused, or read as others: neither says anything about the backup.
  if (locale !== undefined)
    return { ...nothing, faults: [], limits: [`locale "${locale}", which its money is in, is missing here`] };
  const prepare = (): Promise<PreparedDatabase> =>
    withConnection(target, { signal }, (client) => prepareDatabase(client, manifest, toc));
  const prepared = await prepare();
  const restore = (jobs: number, way = target): Promise<PgRestoreResult> =>
    restoreOnce(manifest, context, { path, target: way, prepared, jobs });
  const again = async (jobs: number, way = target): Promise<PgRestoreResult | undefined> => {
    if (!(await dropRestored(manifest.database, target, signal))) return undefined;
    await prepare();
    return await restore(jobs, way);
  };
  let result = await restore(context.jobs);
  // The library lacks, and nothing could be restored for want of it: told, and the rest is restored without.
  const libraries = result.problems.filter(({ remedy }) => remedy === 'without session libraries');
  const way = libraries.length === 0 ? target : withoutSessionLibraries(target);
  if (libraries.length > 0) result = (await again(context.jobs, way)) ?? result;
  if (needsOneJob(result, prepared)) result = (await again(1, way)) ?? result;
  const { jobs, whyOneJob } = result;
  const told = way === target ? [] : firstOfEach(libraries);
  const ended = await explainEnd([...told, ...result.problems], context.verification.server.logPath);
  const sql = stored.database;
  const isDone = !ended.some(({ endsRestore }) => endsRestore);
  const described = !prepared.create && sql !== undefined && isDone;
  const problems = described ? [...ended, ...(await describeRestored(manifest, context, sql))] : ended;
  return {
    ...summarize(
      { ...result, problems, problemCount: result.problemCount - result.problems.length + problems.length },
      prepared,
      toc,
      context.without,
    ),
    isDescribed: prepared.create || described,
    withoutSessionLibraries: way !== target,
    archive,
    jobs,
    whyOneJob,
    isWhole: prepared.create,
  };
}

/** What the archive does not say of the database itself. */
async function describeRestored(
  { database }: Manifest,
  { verification: { server }, signal }: RestoreContext,
  sql: Buffer,
): Promise<RestoreProblem[]> {
  const target = overrideDatabaseSettings({ ...server.parameters, database }, server.major);
  return await withConnection(target, { signal }, (client) =>
    applyDatabaseSql(client, sql.toString('utf8'), { asSuperuser: true }),
  );
}

/** One of each library, and none of them ends the restore any more. */
function firstOfEach(problems: readonly RestoreProblem[]): RestoreProblem[] {
  const byLibrary = new Map(problems.map((problem) => [problem.missing, problem]));
  return [...byLibrary.values()].map((problem) => ({ ...problem, entry: undefined, endsRestore: undefined }));
}

async function restoreOnce(
  manifest: Manifest,
  { serverTools, store, id, directory, signal, onProgress }: RestoreContext,
  run: {
    /** Of the archive; undefined: it is streamed. */
    readonly path: string | undefined;
    readonly target: ConnectionParameters;
    readonly prepared: PreparedDatabase;
    readonly jobs: number;
  },
): Promise<PgRestoreResult> {
  const { path, target, prepared, jobs } = run;
  const [file] = manifest.objects.filter(({ role }) => role === 'archive');
  if (file === undefined) throw new Error('a manifest without an archive is refused before');
  return await restoreArchive({
    tools: serverTools.client,
    format: manifest.dump.format,
    archiveName: file.name,
    archive:
      path === undefined ? await streamArchive(manifest, { store, id, signal }) : { kind: 'path', path },
    target,
    asSuperuser: true,
    database: manifest.database,
    dumpSettings: manifest.dump.settings,
    encoding: manifest.server.encoding,
    directory,
    create: prepared.create,
    jobs,
    leaveOut: new Set(prepared.missing.entries.map(({ dumpId }) => dumpId)),
    exitOnError: false,
    signal,
    onProgress: (progress) => onProgress?.({ step: 'restoring', ...progress }),
  });
}
