import { formatId, parseId } from '../../core/manifest/backup-id.ts';
import { describeFailure } from '../../core/notify/describe-failure.ts';
import { plural } from '../../core/text/units.ts';
import { DeadlineReached } from '../lambda/deadline.ts';
import type { Trouble } from '../lambda/tell-troubles.ts';
import type { CopyRun } from './run.ts';
import type { CopySettings } from './settings.ts';

/** What people are told of a run: nothing where all that was to be copied lies there. */
export function troublesOf(run: CopyRun, settings: CopySettings): Trouble[] {
  return [
    ...run.errors.map((one) => errorOf(one, settings)),
    ...failuresIn(run, settings),
    ...run.stale.map(({ source, database, startedAt }) => ({
      source,
      database,
      what:
        startedAt === undefined
          ? `There is no copy in ${settings.name}, and there are backups`
          : `The newest copy in ${settings.name} is of ${startedAt.toISOString()}, more than ${plural(settings.maxAgeHours, 'hour')} old, and there are newer backups`,
      fix: 'See why the newer ones were not copied: they failed their verification (pgproof list), or the alerts of this function say what stood in the way.',
    })),
    ...run.notReached.map((source) => ({
      source,
      what: `Time was up before its backups had their turn to be copied to ${settings.name}`,
      fix: 'The run of the next day goes on; to go on now, start the function with {}.',
    })),
  ];
}

function errorOf({ source, id, error }: CopyRun['errors'][number], settings: CopySettings): Trouble {
  const { what, words, fix = 'Mend the cause, then start the function with {}.' } = describeFailure(error);
  return {
    source,
    ...(id === undefined ? {} : { database: id.database, id: formatId(id) }),
    what: `Not copied to ${settings.name}. ${what}`,
    words,
    fix: error instanceof DeadlineReached ? tooLong(settings) : fix,
  };
}

/** A larger one will never do it in a function: whoever reads this has to do something. */
export function tooLong({ store, to, name }: Pick<CopySettings, 'store' | 'to' | 'name'>): string {
  return (
    `What was copied stays; the next run goes on with what is missing. A backup that does not come over in 15 minutes is ` +
    `copied with the command, from a machine that reaches both: pgproof copy --all-missing --store ${store} --to ${to}. ` +
    `Between two buckets of S3 that the function’s role reaches, the bytes stay in S3: use no secret for ${name} where there need not be one.`
  );
}

const shown = 5;

/** Those of one source in one message: where the other store is away, it is every one of them. */
function failuresIn({ lines, errors }: CopyRun, { name }: CopySettings): Trouble[] {
  // Told already, with what to do.
  const told = new Set(errors.flatMap(({ id }) => (id === undefined ? [] : [formatId(id)])));
  const bySource = new Map<string, { readonly id: string; readonly error: string }[]>();
  for (const line of lines) {
    if (line.kind !== 'failed' || told.has(line.id)) continue;
    const { source } = parseId(line.id);
    bySource.set(source, [...(bySource.get(source) ?? []), line]);
  }
  return [...bySource].map(([source, failed]) => {
    const more = failed.length > shown ? [`and ${failed.length - shown} more`] : [];
    return {
      source,
      what: `${plural(failed.length, 'backup')} not copied to ${name}`,
      words: [...failed.slice(0, shown).map(({ id, error }) => `${id}: ${error}`), ...more].join('\n'),
      fix: 'Mend what is said of the first of them: the way to the other bucket, its policy, its key, its room. The next run copies what is missing; to do it now, start the function with {}.',
    };
  });
}
