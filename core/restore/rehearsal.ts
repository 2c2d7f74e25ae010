import { PgproofError, UsageError } from '../errors.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { archiveBytes, totalRows } from '../manifest/sizes.ts';
import type { MeasuredRestore } from '../manifest/timings.ts';
import { describeServer } from '../postgres/connect/parameters.ts';
import { withScratchDirectory } from '../scratch/scratch.ts';
import { formatBytes, formatCount, plural } from '../text/units.ts';
import type { Verdict } from '../vocabulary.ts';
import { refuseContradictions } from './beside/contradictions.ts';
import { checkNames } from './check-names.ts';
import type { ChosenBackup } from './choose-backup.ts';
import { fetchContext, whyFile } from './fetching.ts';
import { findFrozen } from './find-frozen.ts';
import { openArchive } from './find-in-archive.ts';
import { type Finding, type FindingSubject, few, refuseBy, refusedBy } from './finding.ts';
import { isMadeByArchive } from './needed.ts';
import { type Rehearsed, rehearse } from './rehearse.ts';
import { isPartial, type RestoreDependencies, type RestoreRequest } from './request.ts';
import { findForGlobals } from './restore-globals.ts';
import type { Room } from './room-findings.ts';
import { selectionArguments } from './selection-arguments.ts';

/** What a restore would do, and what stands in its way. Plain values: the command prints it, the function returns it. */
export type Rehearsal = {
  readonly dryRun: true;
  readonly id: string;
  /** When the backup was begun. */
  readonly backedUpAt: string;
  /** In force; null where it was never verified. */
  readonly verdict: Verdict | null;
  readonly isGood: boolean;
  /** `db.example.com:5432`, or the path of a socket. */
  readonly server: string;
  readonly serverVersion: string;
  /** Null where only roles are restored. */
  readonly database: string | null;
  /** Whether the restore would be tried: nothing is known that would surely make it fail. */
  readonly wouldTry: boolean;
  /** What would be done, in order, a line each. */
  readonly steps: readonly string[];
  /** How long it took when it was last proven; null where no proof says so. */
  readonly measured: MeasuredRestore | null;
  /** Null where only roles are restored. */
  readonly room: Room | null;
  readonly findings: readonly RehearsedFinding[];
};

export type RehearsedFinding = {
  readonly subject: FindingSubject;
  readonly status: Finding['status'];
  readonly detail: string;
  readonly expected?: string;
  /** What to do about it. */
  readonly fix?: string;
};

type Chosen = Pick<ChosenBackup, 'verdict' | 'isGood' | 'measured'>;

/**
 * Finds out all that can be known of a restore before it, and makes nothing: no role, no database, no file that stays. Of a
 * part of a backup the archive is fetched, as only that says what the part needs.
 *
 * @throws UsageError, ConnectionFailed, what the store throws
 */
export async function rehearseRestore(
  request: RestoreRequest,
  dependencies: RestoreDependencies,
  chosen: Chosen,
): Promise<Rehearsal> {
  const { manifest } = dependencies;
  refuseContradictions(request, manifest);
  const selection = selectionArguments(manifest, request.selection);
  checkNames(manifest, request.selection);
  const fetching = fetchContext(request, dependencies);
  const mustBeFile = whyFile(manifest, request, !request.intoNonEmpty);
  const found = await rehearse(request, dependencies, { fetching, whyFile: mustBeFile });
  const frozen = await findFrozen(dependencies);
  const whyAsked = whyFile(manifest, request, found.isEmpty);
  const isThere = found.findings.every(
    ({ subject, status }) => subject !== 'database' || status !== 'refused',
  );
  // Where the archive cannot be read, or there is nothing to look it up for, it is not asked.
  const ofPart =
    isAsked(request, found) && isThere && frozen.length === 0
      ? await findOfPart(request, dependencies, { found, fetching, whyFile: whyAsked, selection })
      : [];
  // What the archive says of its roles takes the place of not knowing.
  const isKnown = ofPart.some(({ subject }) => subject === 'roles');
  const known = found.findings.filter(
    ({ subject, status }) => !(isKnown && subject === 'roles' && status === 'unknown'),
  );
  return {
    ...headOf(dependencies, chosen),
    ...answerOf([...known, ...frozen, ...ofPart]),
    serverVersion: found.server.version,
    database: request.database,
    steps: stepsOf(request, manifest, found),
    room: found.room,
  };
}

/** Whether the archive says more: what of it is chosen, and what the target has already. */
function isAsked(
  { selection, intoSchema, intoNonEmpty }: RestoreRequest,
  { isEmpty, findings }: Rehearsed,
): boolean {
  // What the manifest shows to be in the way has no need of the archive.
  const isRefused = findings.some(({ subject, status }) => subject === 'selection' && status === 'refused');
  return isPartial(selection) || intoSchema !== undefined || (intoNonEmpty && !isEmpty && !isRefused);
}

/** The same for roles alone. @throws UsageError, ConnectionFailed, what the store throws */
export async function rehearseGlobals(
  request: Pick<RestoreRequest, 'id' | 'allowSuperusers'>,
  dependencies: Pick<RestoreDependencies, 'manifest' | 'target' | 'signal' | 'store'>,
  chosen: Chosen,
): Promise<Rehearsal> {
  const { findings, serverVersion, missing } = await findForGlobals(request, dependencies);
  return {
    ...headOf(dependencies, chosen),
    ...answerOf(findings),
    serverVersion,
    database: null,
    steps: [
      missing.length === 0
        ? 'make no role: all are there'
        : `make ${plural(missing.length, 'role')}: ${few(missing)}`,
    ],
    room: null,
  };
}

/** @throws TargetRefused where the restore would be refused */
export function refuseLike({ findings }: Pick<Rehearsal, 'findings'>): void {
  refuseBy(
    findings.map(({ subject, status, detail, expected, fix = '' }) => ({
      subject,
      status,
      detail,
      problem: { what: detail, expected, fix },
    })),
  );
}

function headOf(
  { manifest, target }: Pick<RestoreDependencies, 'manifest' | 'target'>,
  { verdict, isGood, measured }: Chosen,
): Pick<Rehearsal, 'dryRun' | 'id' | 'backedUpAt' | 'verdict' | 'isGood' | 'server' | 'measured'> {
  return {
    dryRun: true,
    id: manifest.id,
    backedUpAt: manifest.startedAt,
    verdict: verdict ?? null,
    isGood,
    server: describeServer(target),
    measured: measured ?? null,
  };
}

function answerOf(findings: readonly Finding[]): Pick<Rehearsal, 'wouldTry' | 'findings'> {
  return {
    wouldTry: !findings.some(({ status }) => status === 'refused'),
    findings: findings.map(({ subject, status, detail, problem }) => ({
      subject,
      status,
      detail,
      ...(problem?.expected === undefined ? {} : { expected: problem.expected }),
      ...(problem === undefined ? {} : { fix: problem.fix }),
    })),
  };
}

async function findOfPart(
  request: RestoreRequest,
  dependencies: RestoreDependencies,
  {
    found,
    ...way
  }: Omit<Parameters<typeof openArchive>[2], 'found' | 'program' | 'directory'> & {
    readonly found: Rehearsed;
  },
): Promise<readonly Finding[]> {
  const { program } = found;
  if (program === undefined) return [];
  try {
    return await withScratchDirectory(dependencies.scratch, async (directory) => {
      const { findings } = await openArchive(request, dependencies, { ...way, found, program, directory });
      return findings;
    });
  } catch (error: unknown) {
    dependencies.signal.throwIfAborted();
    // A call that is wrong is wrong in a rehearsal too.
    if (error instanceof UsageError) throw error;
    if (error instanceof PgproofError) return [refusedBy('selection', error)];
    throw error;
  }
}

function stepsOf(
  request: RestoreRequest,
  manifest: Manifest,
  { made, facts, replaces, jobs, whyOneJob }: Rehearsed,
): string[] {
  const { create, selection } = request;
  const database = JSON.stringify(request.database);
  const { encoding, locale } = manifest.server;
  const roles = made.roles.filter((name) => !facts.roles.has(name));
  const spaces = made.tablespaces.filter((name) => !facts.tablespaces.has(name));
  const rows = totalRows(manifest);
  const counted = rows === undefined ? '' : `, ${plural(rows, 'row')}`;
  const part = isPartial(selection) ? 'what was chosen of ' : '';
  const tables = `${part}${plural(manifest.tables.length, 'table')}${selection.part === 'schema' ? ', no rows' : counted}`;
  const why = whyOneJob === undefined || jobs > 1 ? '' : `, as ${whyOneJob}`;
  const isCompared = selection.part !== 'schema';
  return [
    ...(request.applyGlobals
      ? [
          `make ${plural(roles.length, 'role')} and ${plural(spaces.length, 'tablespace')} that lack${roles.length === 0 ? '' : `: ${few(roles)}`}`,
        ]
      : []),
    `fetch the archive, ${formatBytes(archiveBytes(manifest))}, and check every byte of it`,
    ...(replaces === undefined ? [] : [`drop ${database}, which is incomplete since ${replaces}`]),
    ...(create
      ? [
          `make the database ${database}: ${encoding}${locale === undefined ? '' : `, ${locale.provider} ${locale.locale ?? locale.collate}`}${isMadeByArchive(request, manifest) ? ', with its owner, grants and settings' : ''}`,
        ]
      : []),
    ...(request.renameExisting
      ? [`rename what is in the way in ${database}, with its indexes and sequences`]
      : []),
    request.intoSchema === undefined
      ? `restore ${tables} into ${database} with ${plural(jobs, 'job')}${why}`
      : `restore ${tables} into a temporary database, and bring that into the schema ${JSON.stringify(request.intoSchema)} of ${database}`,
    ...(isCompared
      ? [`compare the rows of every table with what was recorded (${formatCount(manifest.tables.length)})`]
      : []),
  ];
}
