import { PgproofError } from '../errors.ts';
import { readBytes, readOr } from '../inventory/read-document.ts';
import { serialize, Unreadable } from '../manifest/document.ts';
import {
  type PruneRecord,
  parsePruneRecord,
  pruneRecordKey,
  removedRemembered,
} from '../manifest/prune-record.ts';
import { formatKeep } from '../retention/keep.ts';
import type { Policy } from '../retention/shapes.ts';
import { isUsable } from '../retention/standing.ts';
import type { ReadOptions, Store } from '../store/store.ts';

export type Database = { readonly source: string; readonly database: string };

/** What prune did last to the backups of a database; undefined where it never did. @throws RecordUnreadable, StoreUnusable */
export async function readRecord(
  store: Store,
  { source, database }: Database,
  options: ReadOptions,
): Promise<PruneRecord | undefined> {
  const key = pruneRecordKey({ source, database });
  const bytes = await readBytes(store, key, 0, options);
  if (bytes === undefined) return undefined;
  const record = bytes instanceof Unreadable ? bytes : readOr(() => parsePruneRecord(bytes, key));
  if (record instanceof Unreadable) throw new RecordUnreadable(store, key, record.unreadable);
  if (record.source !== source || record.database !== database)
    throw new RecordUnreadable(store, key, 'it is of another database');
  if (!isUsable(new Date(record.prunedAt)))
    throw new RecordUnreadable(store, key, `it says that prune ran at ${record.prunedAt}`);
  return record;
}

/** Without it nobody knows whether the clock stands before the last prune: nothing is removed. */
export class RecordUnreadable extends PgproofError {
  override readonly name = 'RecordUnreadable';

  constructor({ url }: Store, key: string, got: string) {
    super({
      what: `The record of the last prune cannot be read (${url}/${key})`,
      got,
      fix: 'Nothing was removed of that database. Look at what wrote it; deleted, it is written anew.',
    });
  }
}

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
