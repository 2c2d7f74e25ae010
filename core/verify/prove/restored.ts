import { dependentsOf, type Toc, type TocEntry } from '../../postgres/archive/toc.ts';
import type { PgRestoreResult, RestoreProblem } from '../../postgres/pg-restore/restoration.ts';
import { formatCount } from '../../text/units.ts';
import { acceptedIn } from './accepted.ts';
import type { PreparedDatabase } from './prepare-database.ts';

/** What came of restoring a backup into the private server. */
export type Restored = {
  /** What is the backup's own fault, one line each. */
  readonly faults: readonly string[];
  /** What this server or machine lacked, one line each. */
  readonly limits: readonly string[];
  readonly leftOut: readonly TocEntry[];
  /** The archive with a table of contents, where it is kept and has one. */
  readonly archive: { readonly path: string; readonly toc: Toc } | undefined;
  /** Whether the archive itself made the database, with its locale, settings and grants. */
  readonly isWhole: boolean;
  /** Whether it has owner, grants and settings of its own: by the archive, or by what was stored beside it. */
  readonly isDescribed: boolean;
  /** Whether there is a database that is worth a comparison. */
  readonly isComparable: boolean;
  /** What lacks and was accepted, as it was written. */
  readonly without: readonly string[];
  /** What is to be accepted for it to pass, as `--without` takes it; undefined where nothing will do. */
  readonly acceptable?: readonly string[] | undefined;
  /** What people should know of what was to be accepted, one line each. */
  readonly notes: readonly string[];
  /** Whether the libraries that the database asks for in every session are not to be had here. */
  readonly withoutSessionLibraries: boolean;
  readonly jobs: number;
  /** Why it was one job although more were allowed. */
  readonly whyOneJob: string | undefined;
  /** How long its rows took and what came after them, in milliseconds, where that is known. */
  readonly phases?: PgRestoreResult['phases'];
  /** What attempts took that did not count, in milliseconds. */
  readonly lost: number;
};

/**
 * Whether a single job has to tell it again: where something is missing here, what follows from that and what is the
 * backup's own fault is told apart by the entry that each message is about.
 */
export function needsOneJob(
  { isMixed, jobs, problems }: PgRestoreResult,
  prepared: PreparedDatabase,
): boolean {
  // The jobs stood in each other's way, as one alone never does.
  if (jobs > 1 && problems.some(({ remedy }) => remedy === 'one job')) return true;
  const isLimited =
    prepared.missing.entries.length > 0 ||
    prepared.unmet.entries.length > 0 ||
    prepared.money !== undefined ||
    isOfEnvironment(problems);
  return isMixed && isLimited && !problems.some(({ endsRestore }) => endsRestore);
}

/** Sorts what was refused into what is the backup's fault and what was lacking here. */
export function summarize(
  { problems: all, problemCount }: PgRestoreResult,
  { missing, unmet, locale, money }: PreparedDatabase,
  toc: Toc | undefined,
  specs: readonly string[],
): Pick<Restored, 'faults' | 'limits' | 'leftOut' | 'isComparable' | 'without' | 'notes'> {
  const accepted = acceptedIn(specs, toc, money, unmet.entries);
  const moneyLacks = money && ({ kind: 'locale', name: money.locale } as const);
  const isMoneyAccepted = moneyLacks !== undefined && accepted.hasOfMachine(moneyLacks);
  const problems = all.filter((problem) => problem.fault === 'backup' || !accepted.covers(problem));
  const extensions = missing.entries.filter(({ type }) => type === 'EXTENSION');
  const isAccepted = extensions.length > 0 && extensions.every(({ dumpId }) => accepted.has(dumpId));
  const leftOut = lackingEntries(all, [...missing.entries, ...unmet.entries, ...(money?.entries ?? [])], toc);
  const ofMachine = [moneyLacks, locale?.lacking, ...all.map(({ lacking }) => lacking)];
  const named = accepted.used(
    leftOut,
    ofMachine.filter((one) => one !== undefined),
  );
  // Without a table of contents they were tried, and what was not refused is there.
  const isUnmet = toc === undefined && unmet.names.length > 0 && all.length > 0;
  const without = toc === undefined ? named : [...named, ...unmet.names];
  const isLimited = missing.names.length > 0 || isUnmet || isOfEnvironment(all);
  // Without a table of contents what follows from what is missing cannot be told from the backup's own faults.
  const isTangled = isLimited && toc === undefined;
  const faults = isTangled ? [] : textsOf(problems, 'backup');
  const more = problemCount - all.length;
  if (more > 0 && faults.length > 0) faults.push(`and ${formatCount(more)} more`);
  return {
    faults,
    limits: [
      ...(missing.detail === undefined || isAccepted ? [] : [missing.detail]),
      ...(money === undefined || isMoneyAccepted ? [] : [money.detail]),
      ...(locale === undefined || (locale.lacking && accepted.hasOfMachine(locale.lacking))
        ? []
        : [locale.detail]),
      ...textsOf(problems, 'environment'),
      ...(isUnmet
        ? [
            `what needs something that was left out on purpose cannot be told from other faults without a table of contents (another format than plain, room to keep the archive): ${unmet.names.join('; ')}`,
          ]
        : []),
    ],
    leftOut,
    isComparable: !isTangled && !all.some(({ endsRestore }) => endsRestore),
    without,
    notes: [
      ...(isMoneyAccepted && money !== undefined ? [money.detail] : []),
      ...accepted.unknown.map((text) => `nothing in the archive is called ${text}`),
      ...specs
        .filter((text) => !named.includes(text) && !accepted.unknown.includes(text))
        .map((text) => `${text} lacks nothing here`),
    ],
  };
}

function isOfEnvironment(problems: readonly RestoreProblem[]): boolean {
  return problems.some(({ fault }) => fault === 'environment');
}

function lackingEntries(
  problems: readonly RestoreProblem[],
  missing: readonly TocEntry[],
  toc: Toc | undefined,
): TocEntry[] {
  const known = new Set(missing.map(({ dumpId }) => dumpId));
  return [...missing, ...refusedEntries(problems, toc, known)];
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

const shownPlaces = 5;

/** One line for all that was refused in the same words: an extension that lacks, lacks for each of its tables. */
function textsOf(problems: readonly RestoreProblem[], fault: RestoreProblem['fault']): string[] {
  const alike = new Map<string, RestoreProblem[]>();
  for (const problem of problems) {
    if (problem.fault !== fault) continue;
    const { message, missing, lacksRights, hint } = problem;
    const words = missing === undefined || lacksRights ? message : `${missing} is missing here: ${message}`;
    const line = hint === undefined ? words : `${words}: ${hint}`;
    alike.set(line, [...(alike.get(line) ?? []), problem]);
  }
  return [...alike].map(([words, all]) => {
    const labels = all.flatMap(({ entry }) => (entry === undefined ? [] : [entry.label]));
    const more = labels.length - shownPlaces;
    const rest = more > 0 ? `, and ${formatCount(more)} more` : '';
    const place = labels.length === 0 ? '' : ` (${labels.slice(0, shownPlaces).join(', ')}${rest})`;
    const rights = all.some(({ lacksRights }) => lacksRights)
      ? ': a superuser restored, so it is the owner who lacks the right'
      : '';
    return `${words}${place}${rights}`;
  });
}
