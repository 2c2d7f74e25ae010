import { clustersOf, decideOnCluster } from '../inventory/clusters.ts';
import type { ListEntry } from '../inventory/entry.ts';
import { policyOfLastPrune } from '../inventory/prune-record.ts';
import { mapInParallel } from '../process/in-parallel.ts';
import type { Line, Policy } from '../retention/shapes.ts';
import type { Store } from '../store/store.ts';
import { databasesOf } from './decide-on.ts';

/**
 * What retention says of each backup, by id: under that policy, or under the one of the last prune of its database. Of a
 * database that was never pruned there is nothing to say. For a list: nothing is asked of locks.
 *
 * @param entries all backups of their databases: of some of them only it would be another answer
 */
export async function classesOf(
  entries: readonly ListEntry[],
  {
    store,
    policy,
    now,
    signal,
  }: {
    readonly store: Store;
    readonly policy: Policy | undefined;
    readonly now: Date;
    readonly signal: AbortSignal;
  },
): Promise<ReadonlyMap<string, Line>> {
  const lines = await mapInParallel(databasesOf(entries), recordsAtOnce, async (one) => {
    const own = policy ?? (await policyOfLastPrune(store, one, signal));
    if (own === undefined) return [];
    return clustersOf(one.entries).flatMap((cluster) => decideOnCluster(cluster, own, now).lines);
  });
  return new Map(lines.flat().map((line) => [line.id, line]));
}

const recordsAtOnce = 16;
