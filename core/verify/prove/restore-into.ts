import type { Manifest } from '../../manifest/manifest.ts';
import { readToc } from '../../postgres/archive/toc.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import { overrideDatabaseSettings, withoutSessionLibraries } from '../../postgres/connect/steady-session.ts';
import { lackingMoneyLocale, settingsTakenHere } from '../../postgres/facts/dump-settings.ts';
import { applyDatabaseSql } from '../../postgres/pg-restore/apply-database-sql.ts';
import { maintenanceDatabase } from '../../postgres/pg-restore/new-database.ts';
import type { RestoreProblem } from '../../postgres/pg-restore/restoration.ts';
import { summarizeWithAdvice } from './acceptable.ts';
import { attempts } from './attempts.ts';
import type { RestoreContext } from './context.ts';
import { withHints } from './hints.ts';
import { moneyEntries } from './money-entries.ts';
import { type PreparedDatabase, prepareDatabase } from './prepare-database.ts';
import type { Restored } from './restored.ts';
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
    lost: 0,
  };
  const other = otherRun(manifest, toc);
  if (other !== undefined) return { ...nothing, faults: [other], limits: [] };

  // Its making of schema public would be refused, which says nothing about the backup.
  if (manifest.selection?.schemas !== undefined && archive === undefined && format !== 'plain') {
    const limit =
      'a backup of schemas by name is restored by its table of contents, and there is no room to keep the archive';
    return { ...nothing, faults: [], limits: [limit] };
  }

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
  if (locale !== undefined && archive === undefined)
    return { ...nothing, faults: [], limits: [`locale "${locale}", which its money is in, is missing here`] };
  const money =
    locale === undefined || archive === undefined
      ? undefined
      : await moneyEntries(locale, archive.toc, {
          tools: serverTools.client,
          path: archive.path,
          scratch: context.directory,
          signal,
        });
  const prepare = (): Promise<PreparedDatabase> =>
    withConnection(target, { signal }, (client) => prepareDatabase(client, manifest, toc, money));
  const prepared = await prepare();
  const { result, told, isWithoutLibraries, lost } = await attempts(manifest, context, {
    path,
    target,
    prepared,
    prepare,
  });
  const { jobs, whyOneJob, phases } = result;
  const { server } = context.verification;
  const ended = await explainEnd([...told, ...result.problems], server.logPath);
  const sql = stored.database;
  const isDone = !ended.some(({ endsRestore }) => endsRestore);
  const described = !prepared.create && sql !== undefined && isDone;
  const all = described ? [...ended, ...(await describeRestored(manifest, context, sql))] : ended;
  const restored = overrideDatabaseSettings(
    { ...server.parameters, database: manifest.database },
    server.major,
  );
  const problems = isDone
    ? await withHints(
        all,
        manifest,
        isWithoutLibraries ? withoutSessionLibraries(restored) : restored,
        signal,
      )
    : all;
  const problemCount = result.problemCount - result.problems.length + problems.length;
  return {
    ...summarizeWithAdvice(manifest, { ...result, problems, problemCount }, prepared, toc, context.without),
    isDescribed: prepared.create || described,
    withoutSessionLibraries: isWithoutLibraries,
    archive,
    jobs,
    whyOneJob,
    phases,
    lost,
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
