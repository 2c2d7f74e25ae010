import type { Client } from 'pg';
import { streamArchive } from '../../inventory/fetch-archive.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import type { ArchiveAt } from '../../postgres/archive/archive-at.ts';
import { dependentsOf, readToc, type Toc, type TocEntry } from '../../postgres/archive/toc.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import {
  canCreateItself,
  createDatabase,
  dropDatabase,
  localeProblem,
  maintenanceDatabase,
  makeWayFor,
} from '../../postgres/pg-restore/new-database.ts';
import type { PgRestoreResult, RestoreProblem } from '../../postgres/pg-restore/restoration.ts';
import { restoreArchive } from '../../postgres/pg-restore/restore-archive.ts';
import { formatCount } from '../../text/units.ts';
import type { RestoreContext } from './context.ts';
import { missingExtensions } from './missing-here.ts';
import { otherRun } from './run-times.ts';

export type Restored = {
  readonly faults: readonly string[];
  readonly limits: readonly string[];
  readonly leftOut: readonly TocEntry[];
  /** The archive with a table of contents, where it is kept and has one. */
  readonly archive: { readonly path: string; readonly toc: Toc } | undefined;
  /** Whether the archive itself made the database, with its locale, settings and grants. */
  readonly isWhole: boolean;
  /** Whether there is a database that is worth a comparison. */
  readonly isComparable: boolean;
  readonly jobs: number;
};

/**
 * Restores a backup into the private server under its own name. What needs an extension that this server has not is
 * left out; a locale that it has not is replaced: both are limits, and the rest is checked.
 */
export async function restoreInto(manifest: Manifest, context: RestoreContext): Promise<Restored> {
  const { verification, pass, serverTools, signal, onProgress } = context;
  const { format } = manifest.dump;
  const [file] = manifest.objects.filter(({ role }) => role === 'archive');
  if (file === undefined) throw new Error('a manifest without an archive is refused before');
  if (pass.kept !== undefined && 'problem' in pass.kept) throw pass.kept.problem;
  const tools = serverTools.client;
  const path = pass.kept?.path;
  const toc =
    path === undefined || format === 'plain' ? undefined : await readToc({ tools, path, format, signal });
  const archive = path === undefined || toc === undefined ? undefined : { path, toc };
  const nothing = { leftOut: [], archive, isWhole: false, isComparable: false, jobs: 0 };
  const other = otherRun(manifest, toc);
  if (other !== undefined) return { ...nothing, faults: [other], limits: [] };

  // What stands in the way of a database called postgres, and what to be connected to meanwhile.
  const target = {
    ...verification.server.parameters,
    database: maintenanceDatabase(manifest.database),
  };
  const prepare = (): ReturnType<typeof prepareDatabase> =>
    withConnection(target, { signal }, (client) => prepareDatabase(client, manifest, toc));
  const { missing, locale, create } = await prepare();
  const leaveOut = new Set(missing.entries.map(({ dumpId }) => dumpId));
  const canBeParallel = path !== undefined && (format === 'custom' || format === 'directory');
  const at: ArchiveAt =
    path === undefined
      ? await streamArchive(manifest, { store: context.store, id: context.id, signal })
      : { kind: 'path', path };
  const restore = (jobs: number): Promise<PgRestoreResult> =>
    restoreArchive({
      tools,
      format,
      archiveName: file.name,
      archive: at,
      target,
      database: manifest.database,
      create,
      jobs,
      leaveOut,
      exitOnError: false,
      signal,
      onProgress: (progress) => onProgress?.({ step: 'restoring', ...progress }),
    });
  let jobs = canBeParallel ? context.jobs : 1;
  let result = await restore(jobs);
  if (isUnclear(result, leaveOut) && (await isDropped(manifest.database, target, signal))) {
    await prepare();
    jobs = 1;
    result = await restore(jobs);
  }
  const { problems } = result;
  const isLimited = missing.names.length > 0 || problems.some(({ fault }) => fault === 'environment');
  // Without a table of contents nobody can tell what follows from what is missing.
  const isTangled = isLimited && toc === undefined;
  const faults = isTangled ? [] : textsOf(problems, 'backup');
  const more = result.problemCount - problems.length;
  if (more > 0 && faults.length > 0) faults.push(`and ${formatCount(more)} more`);
  const limits = [
    ...(missing.detail === undefined ? [] : [missing.detail]),
    ...(locale === undefined ? [] : [locale]),
    ...textsOf(problems, 'environment'),
  ];
  return {
    faults,
    limits,
    archive,
    jobs,
    isWhole: create,
    leftOut: [...missing.entries, ...refusedEntries(problems, toc, leaveOut)],
    isComparable: !isTangled && !problems.some(endedIt),
  };
}

/**
 * Whether a single job has to tell it again: where something is missing here, what follows from that and what is the
 * backup's own fault is told by the entry that each message is about.
 */
function isUnclear({ isMixed, problems }: PgRestoreResult, leaveOut: ReadonlySet<number>): boolean {
  const isLimited = leaveOut.size > 0 || problems.some(({ fault }) => fault === 'environment');
  return isMixed && isLimited && !problems.some(endedIt);
}

/** A database that cannot be dropped, for it has subscriptions, stays as it is. */
async function isDropped(
  database: string,
  target: ConnectionParameters,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await withConnection(target, { signal }, (client) => dropDatabase(client, database));
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

async function prepareDatabase(
  client: Client,
  manifest: Manifest,
  toc: Toc | undefined,
): Promise<{
  readonly missing: Awaited<ReturnType<typeof missingExtensions>>;
  readonly locale: string | undefined;
  readonly create: boolean;
}> {
  const { database: name, server } = manifest;
  const missing = await missingExtensions(client, manifest, toc);
  const { encoding } = server;
  const problem =
    server.locale === undefined
      ? undefined
      : await localeProblem(client, { encoding, locale: server.locale });
  await makeWayFor(client, name);
  const create = manifest.dump.format !== 'plain' && problem === undefined && canCreateItself(manifest);
  if (create) return { missing, locale: undefined, create };
  const { substituted } = await createDatabase(client, { name, encoding, locale: server.locale });
  const locale =
    problem === undefined
      ? undefined
      : `${problem.missing ?? problem.message} is missing here; ${substituted ?? 'another'} took its place`;
  return { missing, locale, create };
}

/** What this server could not make, with all that needs it: what is missing of it is no fault of the backup's. */
function refusedEntries(
  problems: readonly RestoreProblem[],
  toc: Toc | undefined,
  known: ReadonlySet<number>,
): TocEntry[] {
  if (toc === undefined) return [];
  const refused = new Set(
    problems.flatMap(({ fault, entry }) =>
      fault === 'environment' && entry !== undefined ? [entry.dumpId] : [],
    ),
  );
  const dependents = dependentsOf(toc, refused);
  return toc.entries.filter(
    ({ dumpId }) => !known.has(dumpId) && (refused.has(dumpId) || dependents.has(dumpId)),
  );
}

function textsOf(problems: readonly RestoreProblem[], fault: RestoreProblem['fault']): string[] {
  return problems
    .filter((problem) => problem.fault === fault)
    .map(({ message, missing, entry }) => {
      const place = entry === undefined ? '' : ` (${entry.label})`;
      return missing === undefined ? `${message}${place}` : `${missing} is missing here: ${message}${place}`;
    });
}

/** A server that is gone, or has no room left, has nothing to compare. */
function endedIt({ fault, missing = '' }: RestoreProblem): boolean {
  return (
    fault === 'environment' &&
    /room on the disk|memory|server that stays up|free connection|time/.test(missing)
  );
}
