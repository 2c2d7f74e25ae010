import { PgproofError } from '../errors.ts';
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
        .map((problem) => (isOneFix ? problem.what : `${problem.what}. ${problem.fix}`))
        .slice(0, shown)
        .join('\n'),
      fix: isOneFix ? fix : 'Then run it again.',
    });
    this.report = report;
  }
}

const shown = 20;

/** What people have to know and do, one per database or object. */
export function problemsOf(report: PruneReport): { readonly what: string; readonly fix: string }[] {
  const { groups, orphans, notOrphans = [], leftovers, extensions, notReached } = report;
  const again = 'See what the store says, and run it again.';
  return [
    ...groups.flatMap(({ source, database, refusal, lines }) => {
      if (refusal === undefined) return [];
      const { what, fix } = refusalText(refusal, lines);
      return [{ what: `${source}/${database}: nothing was deleted, because ${what}`, fix }];
    }),
    ...[...groups.flatMap(({ lines }) => lines), ...orphans].flatMap(({ id, outcome }) =>
      outcome?.kind === 'failed'
        ? [
            {
              what: `${id} could not be deleted${outcome.isListed ? ', and is whole' : ' to its end, and is no backup any more'}: ${outcome.why}`,
              fix: outcome.isListed ? again : 'Run it again with --sweep.',
            },
          ]
        : [],
    ),
    ...notOrphans.map(({ id, why }) => ({
      what: `${id} is no orphan: ${why}`,
      fix: 'Without --yes prune lists what --orphan takes.',
    })),
    ...leftovers.flatMap(({ name, outcome }) =>
      outcome?.kind === 'failed'
        ? [{ what: `${name}, half written, could not be deleted: ${outcome.why}`, fix: again }]
        : [],
    ),
    ...extensions.flatMap(({ id, error }) =>
      error === undefined ? [] : [{ what: `${id}: its lock could not be made longer: ${error}`, fix: again }],
    ),
    ...notReached.map(({ source, database }) => ({
      what: `${source}/${database}: time was up before it`,
      fix: 'It is the first next time; where this goes on, give the function more time.',
    })),
  ];
}
