import type { Outcome } from '../../core/notify/alert.ts';
import type { Notifier } from '../../core/notify/notifier.ts';
import { plural } from '../../core/text/units.ts';

/** What was not done that was to be done, of one backup, of one database or of a whole source. */
export type Trouble = {
  readonly source: string;
  readonly database?: string | undefined;
  readonly id?: string | undefined;
  readonly what: string;
  readonly words?: string | undefined;
  readonly fix?: string | undefined;
};

/** `source/database` */
export function nameOf({ source, database }: Pick<Trouble, 'source' | 'database'>): string {
  return database === undefined ? source : `${source}/${database}`;
}

/** So many alerts of one run are read one by one; a clock that is wrong concerns every database there is. */
const mostAlerts = 5;

const others = {
  prune: (count: number) => `${plural(count, 'more database')} not pruned as it should be`,
  copy: (count: number) => `${plural(count, 'more trouble')} with copies`,
} as const;

/** @throws AlertNotSent */
export async function tellTroubles(
  notifier: Notifier,
  run: {
    readonly work: keyof typeof others;
    readonly store: string;
    readonly troubles: readonly Trouble[];
    readonly at: Date;
  },
): Promise<void> {
  const { work, store, troubles, at } = run;
  const shared: Pick<Outcome, 'result' | 'work' | 'store' | 'at'> = { result: 'failed', work, store, at };
  for (const trouble of troubles.slice(0, mostAlerts)) await notifier.tell({ ...shared, ...trouble });
  const rest = troubles.slice(mostAlerts);
  const [next] = rest;
  if (next === undefined) return;
  await notifier.tell({
    ...shared,
    source: next.source,
    what: others[work](rest.length),
    remarks: rest.map((trouble) => `${nameOf(trouble)}: ${trouble.what}`),
    fix: 'The function’s log has all of them.',
  });
}
