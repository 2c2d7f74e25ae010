import { PgproofError, UsageError } from '../errors.ts';
import { Unreadable } from '../manifest/document.ts';
import { type PruneRecord, parsePruneRecord, pruneRecordKey } from '../manifest/prune-record.ts';
import { policyOf } from '../retention/policy.ts';
import type { Policy } from '../retention/shapes.ts';
import { isUsable } from '../retention/standing.ts';
import type { ReadOptions, Store } from '../store/store.ts';
import { readBytes, readOr } from './read-document.ts';

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

/** Undefined where it was never pruned, or under a policy that cannot be read any more. */
export async function policyOfLastPrune(
  store: Store,
  database: Database,
  signal: AbortSignal,
): Promise<Policy | undefined> {
  try {
    const record = await readRecord(store, database, { signal });
    return record && policyOf(record.policy);
  } catch (error: unknown) {
    // Damaged, or of a version that knows other rules: prune says so, a list just says less.
    if (error instanceof RecordUnreadable || error instanceof UsageError) return undefined;
    throw error;
  }
}
