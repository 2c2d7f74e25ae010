import type { OfRun, RunEvent } from '../notify/run-events.ts';
import type { PruneReport } from './report.ts';

/** What those who follow a run are told of a prune: each backup that is gone. */
export function prunedEvents(of: Omit<OfRun, 'source'>, { store, groups }: PruneReport): RunEvent[] {
  return groups.flatMap(({ source, database, lines }) =>
    lines.flatMap(({ id, outcome }): RunEvent[] =>
      outcome?.kind === 'gone' ? [{ ...of, kind: 'pruned', source, database, id, store }] : [],
    ),
  );
}
