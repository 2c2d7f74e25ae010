import { clusterOf, type ListEntry } from '../inventory/entry.ts';
import { groupsOf } from '../retention/groups.ts';
import type { RetainedBackup } from '../retention/shapes.ts';
import { retainedOf } from './retained.ts';

/** The backups of one database as retention looks at them: those of each cluster together. */
export type Cluster = {
  readonly systemIdentifier: string | undefined;
  readonly backups: readonly RetainedBackup[];
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
  return groupsOf(identified).map(({ systemIdentifier, backups }) => ({
    systemIdentifier,
    backups: backups.map(({ backup }) => backup),
  }));
}
