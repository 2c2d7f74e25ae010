import { decide } from '../retention/decide.ts';
import { groupsOf } from '../retention/groups.ts';
import type { Decision, Policy, RetainedBackup } from '../retention/shapes.ts';
import { clusterOf, type ListEntry } from './entry.ts';
import { retainedOf } from './retained.ts';

/** The backups of one database as retention looks at them: those of each cluster together. */
export type Cluster = {
  readonly systemIdentifier: string | undefined;
  readonly backups: readonly RetainedBackup[];
  /** Whether it is the one that was backed up last: of any other nothing newer comes. */
  readonly isCurrent: boolean;
};

/** @param entries of one source and database */
export function clustersOf(entries: readonly ListEntry[]): Cluster[] {
  const identified = entries.map((entry) => ({
    source: entry.id.source,
    database: entry.id.database,
    systemIdentifier: clusterOf(entry),
    startedAt: entry.id.startedAt,
    backup: retainedOf(entry),
  }));
  const clusters = groupsOf(identified);
  const newestOf = (backups: readonly { readonly startedAt: Date }[]): number =>
    Math.max(...backups.map(({ startedAt }) => startedAt.getTime()));
  const newest = Math.max(...clusters.map(({ backups }) => newestOf(backups)));
  return clusters.map(({ systemIdentifier, backups }) => ({
    systemIdentifier,
    backups: backups.map(({ backup }) => backup),
    isCurrent: newestOf(backups) === newest,
  }));
}

/** What retention says of a cluster's backups; of one that is backed up no more, without a day that would never come. */
export function decideOnCluster(
  { backups, isCurrent }: Cluster,
  policy: Policy,
  now: Date,
  lastPruneAt?: Date | undefined,
): Decision {
  const decision = decide(backups, policy, now, lastPruneAt);
  if (isCurrent) return decision;
  const lines = decision.lines.map((line) =>
    line.reasons.some(({ kind }) => kind === 'rule' || kind === 'within' || kind === 'min')
      ? { ...line, until: undefined }
      : line,
  );
  return { ...decision, lines };
}
