import type { Database } from '../inventory/prune-record.ts';
import { serialize } from '../manifest/document.ts';
import { type PruneRecord, pruneRecordKey, removedRemembered } from '../manifest/prune-record.ts';
import { formatKeep } from '../retention/keep.ts';
import type { Policy } from '../retention/shapes.ts';
import type { Store } from '../store/store.ts';

/** Remembers this prune in the place of the one before. */
export async function writeRecord(
  store: Store,
  { source, database }: Database,
  {
    before,
    policy,
    now,
    removed,
  }: {
    readonly before: PruneRecord | undefined;
    readonly policy: Policy;
    readonly now: Date;
    readonly removed: readonly string[];
  },
): Promise<void> {
  const at = now.toISOString();
  const record: PruneRecord = {
    formatVersion: 1,
    source,
    database,
    prunedAt: at,
    policy: {
      keep: formatKeep(policy.keep),
      min: policy.min,
      timeZone: policy.timeZone,
      verified: policy.verified,
      cliff: policy.cliff,
    },
    removed: [...removed.map((id) => ({ id, at })), ...(before?.removed ?? [])].slice(0, removedRemembered),
  };
  await store.replace(pruneRecordKey({ source, database }), serialize(record));
}
