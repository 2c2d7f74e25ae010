import { PgproofError } from '../errors.ts';
import { idInKey } from '../manifest/backup-id.ts';
import { plural } from '../text/units.ts';
import type { PruneReport } from './report.ts';
import { refusalText } from './words.ts';

/** Prune did not do all that it was to do: it refused, or something could not be deleted. */
export class PruneIncomplete extends PgproofError {
  override readonly name = 'PruneIncomplete';
  readonly report: PruneReport;

  constructor(report: PruneReport) {
    const problems = problemsOf(report);
    const [fix = 'Run it again.', ...otherFixes] = new Set(problems.map((problem) => problem.fix));
    // What is to be done stands beside its problem where it is not the same for all.
    const isOneFix = otherFixes.length === 0;
    super({
      what: `Prune did not do all (${plural(problems.length, 'problem')})`,
      got: problems
        .map((problem) => (isOneFix ? textOf(problem) : `${textOf(problem)}. ${problem.fix}`))
        .slice(0, shown)
        .join('\n'),
      fix: isOneFix ? fix : 'Then run it again.',
    });
    this.report = report;
  }
}

const shown = 20;

function textOf({ kind, source, database, what }: Problem): string {
  return kind === 'refused' ? `${source}/${database}: ${what}` : what;
}

/** What was not done that was to be done. */
export type Problem = {
  readonly kind: 'refused' | 'failed' | 'not-reached';
  readonly source: string;
  /** Undefined where it is of none, or nobody knows of which. */
  readonly database: string | undefined;
  /** Names the object that it is about; of a refusal, the database is not in it. */
  readonly what: string;
  readonly fix: string;
};

const again = 'See what the store says, and run it again.';

/** What people have to know and do, one per database or object; those of refused databases first. */
export function problemsOf(report: PruneReport): Problem[] {
  const {
    groups,
    orphans,
    notOrphans = [],
    leftovers,
    extensions,
    notReached,
    unrecorded = [],
    closed = [],
  } = report;
  const failed = (key: string, what: string, fix: string): Problem => ({
    kind: 'failed',
    ...namesIn(key),
    what,
    fix,
  });
  return [
    ...groups.flatMap(({ source, database, refusal, lines }): Problem[] => {
      if (refusal === undefined) return [];
      const { what, fix } = refusalText(refusal, lines);
      return [
        {
          kind: 'refused',
          source,
          database,
          what: `Nothing was deleted, because ${what}`,
          fix,
        },
      ];
    }),
    ...[...groups.flatMap(({ lines }) => lines), ...orphans].flatMap(({ id, outcome }) => {
      if (outcome?.kind !== 'failed') return [];
      const { isListed, why } = outcome;
      const state = isListed ? ', and is whole' : ' to its end, and is no backup any more';
      const fix = isListed ? again : 'Run it again with --sweep.';
      return [failed(id, `${id} could not be deleted${state}: ${why}`, fix)];
    }),
    ...unrecorded.map(
      ({ source, database, why }): Problem => ({
        kind: 'failed',
        source,
        database,
        what: `${source}/${database}: the record of this prune could not be written: ${why}`,
        fix: again,
      }),
    ),
    ...closed.map(({ folder, why }) =>
      failed(
        folder,
        `${folder} cannot be looked into, so nothing was touched there: ${why}`,
        'Mend its rights, or what lies in its place, and run it again.',
      ),
    ),
    ...notOrphans.map(({ id, why }) =>
      failed(id, `${id} is no orphan: ${why}`, 'Without --yes prune lists what --orphan takes.'),
    ),
    ...leftovers.flatMap(({ name, outcome }) =>
      outcome?.kind === 'failed'
        ? [failed(name, `${name}, half written, could not be deleted: ${outcome.why}`, again)]
        : [],
    ),
    ...extensions.flatMap(({ id, error }) =>
      error === undefined ? [] : [failed(id, `${id}: its lock could not be made longer: ${error}`, again)],
    ),
    ...notReached.map(
      ({ source, database }): Problem => ({
        kind: 'not-reached',
        source,
        database,
        what: `${source}/${database}: time was up before it`,
        fix: 'It is the first next time; where this goes on, give the function more time.',
      }),
    ),
  ];
}

/** Of the first two segments of a key; a staging file has none. */
function namesIn(key: string): Pick<Problem, 'source' | 'database'> {
  const folder = key.split('/').slice(0, 2).join('/');
  const id = idInKey(`${folder}/1970-01-01T00-00-00Z`);
  return id === undefined ? { source: folder, database: undefined } : id;
}
