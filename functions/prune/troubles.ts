import { idInKey } from '../../core/manifest/backup-id.ts';
import { describeFailure } from '../../core/notify/describe-failure.ts';
import type { GroupReport, Outcome, PruneReport } from '../../core/prune/report.ts';
import { refusalText } from '../../core/prune/words.ts';
import { plural } from '../../core/text/units.ts';
import type { SourceRun } from './run.ts';

/** What was not done that was to be done, of one database or of a whole source. */
export type Trouble = {
  readonly source: string;
  readonly database?: string | undefined;
  readonly what: string;
  readonly words?: string | undefined;
  readonly fix: string;
};

/** All of a run's, those of refused databases first. */
export function troublesOf({ source, reports, error }: SourceRun): Trouble[] {
  const found = reports.flatMap((report) => [
    ...report.groups.flatMap(refusalOf),
    ...failuresIn(report),
    ...notReachedIn(source, report),
  ]);
  if (error === undefined) return found;
  const { what, words, fix = 'Mend the cause, then start the function with {}.' } = describeFailure(error);
  return [...found, { source, what: `Its backups could not be pruned. ${what}`, words, fix }];
}

function refusalOf({ source, database, refusal, lines }: GroupReport): Trouble[] {
  if (refusal === undefined) return [];
  const { what, fix } = refusalText(refusal, lines);
  return [{ source, database, what: `Nothing was deleted, because ${what}`, fix }];
}

const shownWhys = 5;

/** What could not be deleted or locked, by database where an id tells it. */
function failuresIn(report: PruneReport): Trouble[] {
  const failed = (of: { readonly id: string; readonly outcome?: Outcome | undefined }): [string, string][] =>
    of.outcome?.kind === 'failed' ? [[of.id, of.outcome.why]] : [];
  const all = [
    ...report.groups.flatMap(({ lines }) => lines).flatMap(failed),
    ...report.orphans.flatMap(failed),
    ...report.leftovers.flatMap(({ name, outcome }) => failed({ id: name, outcome })),
    ...report.extensions.flatMap(({ id, error }): [string, string][] =>
      error === undefined ? [] : [[id, `its lock was not made longer: ${error}`]],
    ),
  ];
  const byDatabase = new Map<string, [string, string][]>();
  for (const [id, why] of all) {
    const folder = id.split('/').slice(0, 2).join('/');
    byDatabase.set(folder, [...(byDatabase.get(folder) ?? []), [id, why]]);
  }
  return [...byDatabase].map(([folder, entries]) => {
    const { source, database } = namesIn(folder);
    const lines = entries.slice(0, shownWhys).map(([id, why]) => `${id}: ${why}`);
    const more = entries.length > shownWhys ? [`and ${entries.length - shownWhys} more`] : [];
    return {
      source,
      database,
      what: `${plural(entries.length, 'thing')} could not be deleted or locked`,
      words: [...lines, ...more].join('\n'),
      fix: 'See what refuses it: the role of the function (docs/access.md), the bucket’s policy, a lock or a legal hold. The next run tries again.',
    };
  });
}

/** Of the first two segments of a key. */
function namesIn(folder: string): { source: string; database: string | undefined } {
  const id = idInKey(`${folder}/1970-01-01T00-00-00Z`);
  return id === undefined ? { source: folder, database: undefined } : id;
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
