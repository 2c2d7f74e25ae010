import { describeFailure } from '../../core/notify/describe-failure.ts';
import { type Problem, problemsOf } from '../../core/prune/incomplete.ts';
import type { PruneReport } from '../../core/prune/report.ts';
import { plural } from '../../core/text/units.ts';
import type { Trouble } from '../lambda/tell-troubles.ts';
import type { SourceRun } from './run.ts';

/** All of a run's, those of refused databases first. */
export function troublesOf({ source, reports, error }: SourceRun): Trouble[] {
  const found = reports.flatMap((report) => {
    const problems = problemsOf(report);
    return [...problems.flatMap(refusalOf), ...failuresIn(problems), ...notReachedIn(source, report)];
  });
  if (error === undefined) return found;
  const { what, words, fix = 'Mend the cause, then start the function with {}.' } = describeFailure(error);
  return [...found, { source, what: `Its backups could not be pruned. ${what}`, words, fix }];
}

function refusalOf({ kind, ...trouble }: Problem): Trouble[] {
  return kind === 'refused' ? [trouble] : [];
}

const shownWhys = 5;

/** What could not be deleted or locked, by database where that is known: hundreds are one message. */
function failuresIn(problems: readonly Problem[]): Trouble[] {
  const byDatabase = new Map<string, Problem[]>();
  for (const problem of problems.filter(({ kind }) => kind === 'failed')) {
    const key = JSON.stringify([problem.source, problem.database]);
    byDatabase.set(key, [...(byDatabase.get(key) ?? []), problem]);
  }
  return [...byDatabase.values()].flatMap((entries) => {
    const [first] = entries;
    if (first === undefined) return [];
    const { source, database } = first;
    const lines = entries.slice(0, shownWhys).map(({ what }) => what);
    const more = entries.length > shownWhys ? [`and ${entries.length - shownWhys} more`] : [];
    return [
      {
        source,
        database,
        what: `${plural(entries.length, 'thing')} could not be deleted or locked`,
        words: [...lines, ...more].join('\n'),
        fix: 'See what refuses it: the role of the function (docs/access.md), the bucket’s policy, a lock or a legal hold. The next run tries again.',
      },
    ];
  });
}

function notReachedIn(source: string, { notReached }: PruneReport): Trouble[] {
  if (notReached.length === 0) return [];
  const names = notReached.map(({ database }) => JSON.stringify(database));
  return [
    {
      source,
      what: `Time was up before ${plural(names.length, 'database')} had its turn: ${names.join(', ')}`,
      fix: 'Nothing is half done. The run of the next day begins with them; to go on now, start the function with {}. Where it comes every day, give the function more memory.',
    },
  ];
}
