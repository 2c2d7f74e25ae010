import { streamArchive } from '../../inventory/fetch-archive.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { withoutSessionLibraries } from '../../postgres/connect/steady-session.ts';
import { encodingOfOwners } from '../../postgres/pg-restore/new-database.ts';
import type { PgRestoreResult, RestoreProblem } from '../../postgres/pg-restore/restoration.ts';
import { restoreArchive } from '../../postgres/pg-restore/restore-archive.ts';
import type { RestoreContext } from './context.ts';
import { dropRestored, type PreparedDatabase } from './prepare-database.ts';
import { needsOneJob } from './restored.ts';

export type Attempts = {
  readonly result: PgRestoreResult;
  /** What lacked in an attempt before the last, and has no part in that one. */
  readonly told: readonly RestoreProblem[];
  /** Whether the libraries that the database asks for in every session are not to be had here. */
  readonly isWithoutLibraries: boolean;
  /** What the attempts before the last took, in milliseconds: no restore that went well would. */
  readonly lost: number;
};

/**
 * Restores the archive, and again where the first time says too little: without libraries that every session of the
 * database asks for and this server lacks, or by a single job.
 */
export async function attempts(
  manifest: Manifest,
  context: RestoreContext,
  run: {
    /** Of the archive; undefined: it is streamed. */
    readonly path: string | undefined;
    readonly target: ConnectionParameters;
    readonly prepared: PreparedDatabase;
    readonly prepare: () => Promise<PreparedDatabase>;
  },
): Promise<Attempts> {
  const { path, target, prepared, prepare } = run;
  const restore = (jobs: number, way = target): Promise<PgRestoreResult> =>
    restoreOnce(manifest, context, { path, target: way, prepared, jobs });
  const again = async (jobs: number, way = target): Promise<PgRestoreResult | undefined> => {
    if (!(await dropRestored(manifest.database, target, context.signal))) return undefined;
    await prepare();
    lost = performance.now() - began;
    return await restore(jobs, way);
  };
  const began = performance.now();
  let lost = 0;
  let result = await restore(context.jobs);
  // The library lacks, and nothing could be restored for want of it: told, and the rest is restored without.
  const libraries = result.problems.filter(({ remedy }) => remedy === 'without session libraries');
  const way = libraries.length === 0 ? target : withoutSessionLibraries(target);
  if (libraries.length > 0) result = (await again(context.jobs, way)) ?? result;
  if (needsOneJob(result, prepared)) result = (await again(1, way)) ?? result;
  return { result, told: firstOfEach(libraries), isWithoutLibraries: way !== target, lost };
}

/** One of each library, and none of them ends the restore any more. */
function firstOfEach(problems: readonly RestoreProblem[]): RestoreProblem[] {
  const byLibrary = new Map(problems.map((problem) => [problem.missing, problem]));
  return [...byLibrary.values()].map((problem) => ({ ...problem, entry: undefined, endsRestore: undefined }));
}

async function restoreOnce(
  manifest: Manifest,
  { serverTools, store, id, directory, leaveOut = new Set(), signal, onProgress }: RestoreContext,
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
    writtenBy: manifest.dump.pgDump,
    archiveName: file.name,
    archive:
      path === undefined ? await streamArchive(manifest, { store, id, signal }) : { kind: 'path', path },
    target,
    asSuperuser: true,
    database: manifest.database,
    dumpSettings: manifest.dump.settings,
    encoding: encodingOfOwners(manifest),
    directory,
    create: prepared.create,
    makesPublic: manifest.selection?.schemas === undefined ? undefined : 'with its owner',
    jobs,
    leaveOut: new Set([
      ...leaveOut,
      ...[...prepared.missing.entries, ...prepared.unmet.entries, ...(prepared.money?.entries ?? [])].map(
        ({ dumpId }) => dumpId,
      ),
    ]),
    exitOnError: false,
    signal,
    onProgress: (progress) => onProgress?.({ step: 'restoring', ...progress }),
  });
}
