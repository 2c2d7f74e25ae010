import type { FetchContext } from '../inventory/fetch-archive.ts';
import type { ArchiveAt } from '../postgres/archive/archive-at.ts';
import { namedInArchive } from '../postgres/archive/named-roles.ts';
import { readToc } from '../postgres/archive/toc.ts';
import type { FoundTools } from '../postgres/programs/tools.ts';
import { chooseBeside } from './beside/choose-beside.ts';
import { chooseMakingWay, withoutThose } from './beside/choose-making-way.ts';
import { bringArchive } from './bring-archive.ts';
import { withServer } from './check-target.ts';
import type { Choice } from './choice.ts';
import { chooseEntries } from './choose-entries.ts';
import { extensionFindings } from './find-lacks.ts';
import type { Finding } from './finding.ts';
import { refuseInTheWay } from './in-the-way.ts';
import type { LookUp } from './look-at-target.ts';
import { isMadeByArchive, neededBy } from './needed.ts';
import { type GlobalsMade, namedFindings, type Rehearsed } from './rehearse.ts';
import { isPartial, type RestoreDependencies, type RestoreRequest } from './request.ts';
import type { TargetFacts } from './target-facts.ts';
import { readOfferedExtensions, readTargetObjects } from './target-objects.ts';

/**
 * Brings the archive, chooses what of it is restored, and looks for what lacks of that.
 * @param way.directory of ours, in which it lies then
 * @throws NotInBackup, TargetRefused, ScratchTooSmall, ChecksumMismatch, what the store throws
 */
export async function openArchive(
  request: RestoreRequest,
  dependencies: RestoreDependencies,
  way: {
    readonly found: Pick<Rehearsed, 'facts' | 'made' | 'isEmpty'>;
    readonly program: FoundTools;
    readonly fetching: FetchContext;
    readonly whyFile: string | undefined;
    readonly selection: readonly string[];
    readonly directory: string;
  },
): Promise<{
  readonly archive: ArchiveAt;
  readonly choice: Choice | undefined;
  /** Names in the target that have to be free first. */
  readonly inTheWay: readonly { readonly schema: string; readonly name: string }[];
  readonly findings: readonly Finding[];
}> {
  const { manifest, signal, scratch } = dependencies;
  const { found, program, fetching, whyFile: mustBeFile, selection, directory } = way;
  const archive = await bringArchive(manifest, directory, { ...fetching, scratch, mustBeFile });
  if (archive.kind !== 'path') return { archive, choice: undefined, inTheWay: [], findings: [] };
  const { path } = archive;
  const choose = async (
    givesWay: readonly { readonly schema: string; readonly name: string }[],
  ): Promise<Choice | undefined> =>
    await chooseEntries(manifest, request.selection, {
      tools: program,
      path,
      signal,
      directory,
      intoEmpty: found.isEmpty,
      lookUp: lookUpIn(request, dependencies, givesWay),
      keepGoing: request.keepGoing,
    });
  const { choice, inTheWay } = request.renameExisting
    ? await chooseMakingWay(choose, { target: dependencies.target, database: request.database, signal })
    : { choice: await choose([]), inTheWay: [] };
  refuseInTheWay(choice?.inTheWay ?? []);
  if (request.intoSchema !== undefined) await refuseBeside(request, dependencies, { program, path, choice });
  const { facts, made } = found;
  const at = { facts, made, program, path: archive.path, choice, selection, directory };
  return { archive, choice, inTheWay, findings: await findInArchive(request, { manifest, signal }, at) };
}

/** What of the choice cannot go into a schema beside the others. @throws UsageError, TargetRefused */
async function refuseBeside(
  request: RestoreRequest,
  dependencies: RestoreDependencies,
  {
    program,
    path,
    choice,
  }: { readonly program: FoundTools; readonly path: string; readonly choice: Choice | undefined },
): Promise<void> {
  const { manifest, target, signal } = dependencies;
  const { format } = manifest.dump;
  if (format === 'plain') return;
  const toc = await readToc({ tools: program, path, format, signal });
  const names = await withServer(target, request, signal, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      'select extname as name from pg_catalog.pg_extension',
    );
    return rows.map(({ name }) => name);
  });
  chooseBeside(toc, { choice, dependencies }, new Set(names));
}

/**
 * What lacks of what the archive names, where the manifest does not say it: of a part of a backup, and of backups of
 * before. Nothing is made yet. Empty where it cannot be asked, as of plain SQL.
 */
async function findInArchive(
  request: RestoreRequest,
  { manifest, signal }: Pick<RestoreDependencies, 'manifest' | 'signal'>,
  at: {
    readonly facts: TargetFacts;
    readonly made: GlobalsMade;
    readonly program: FoundTools;
    readonly path: string;
    /** What is restored of it; undefined: all. */
    readonly choice: Choice | undefined;
    /** Arguments of pg_restore. */
    readonly selection: readonly string[];
    /** For files of ours. */
    readonly directory: string;
  },
): Promise<Finding[]> {
  const { format } = manifest.dump;
  const isKnown = manifest.needs !== undefined && !isPartial(request.selection);
  if (isKnown || format === 'plain' || request.selection.part === 'data') return [];
  const { facts, made, program, path, choice, selection, directory } = at;
  const toc = await readToc({ tools: program, path, format, signal });
  const dumpIds = toc.entries.map(({ dumpId }) => dumpId).filter((id) => !choice?.leaveOut.has(id));
  const itself = request.create && isMadeByArchive(request, manifest);
  const parts = [
    '--schema-only',
    ...selection.filter((one) => one !== '--schema-only'),
    ...(itself ? ['--create'] : []),
  ];
  const named = await namedInArchive({ tools: program, path, dumpIds, parts, directory, signal });
  if (named === undefined) return [];
  const ofPart = isPartial(request.selection) || manifest.partial === true;
  const needed = new Set(named.extensions);
  const extensions = manifest.extensions.filter(({ name }) => needed.has(name));
  return [
    ...namedFindings(request, neededBy(request, manifest, named), facts, made),
    ...(ofPart ? extensionFindings(request, extensions, facts) : []),
  ];
}

/**
 * What the target has, without what will give way; of a database that is to be made, or is a temporary one of ours, only
 * what its server offers.
 */
function lookUpIn(
  request: RestoreRequest,
  { target, signal }: RestoreDependencies,
  givesWay: readonly { readonly schema: string; readonly name: string }[],
): LookUp {
  const isEmpty = request.create || request.intoSchema !== undefined;
  return async ({ names, extensions }) =>
    await withServer(target, request, signal, async (client) => ({
      objects: isEmpty ? [] : withoutThose(await readTargetObjects(client, names), givesWay),
      offered: await readOfferedExtensions(client, extensions),
    }));
}
