import type { PgproofError } from '../errors.ts';
import type { ObjectLock, ReadOptions, Store } from './store.ts';

/*
 * What is asked of a store by whoever tidies it up. Apart from `Store`, so that the functions that back up and restore
 * do not carry the code for it.
 */

/** A key that is still there, or may be, and why. */
export type NotRemoved = { readonly key: string; readonly why: PgproofError };

/** What a run has begun to write and never finished: parts of an upload to S3, a staging file of a directory. */
export type Unfinished = {
  readonly kind: 'upload' | 'staging-file';
  /** Names it among its kind: S3's id of the upload, the file's name. */
  readonly id: string;
  /** Where it would have appeared. A staging file does not know. */
  readonly key: string | undefined;
  /** When something was last written to it, by the store's clock. Undefined where nobody lets us ask. */
  readonly writtenAt: Date | undefined;
  /** Undefined where nobody lets us ask. */
  readonly bytes: number | undefined;
  /** Whether the run that began it goes on. `unknown`: it is on another machine, or was begun by an older version. */
  readonly owner: 'lives' | 'gone' | 'unknown';
};

export type UnfinishedWork = {
  readonly found: readonly Unfinished[];
  /** Why there may be more than was found: a right that is missing, a service that cannot list its uploads. */
  readonly incomplete: PgproofError | undefined;
};

/** What is known of the lock of an object. */
export type LockState =
  /** `lock` undefined: it never had one. One that has run out is told too. A legal hold ends when it is lifted only. */
  | { readonly kind: 'known'; readonly lock: ObjectLock | undefined; readonly legalHold: boolean }
  /** There are no locks here: a directory, a bucket without Object Lock, a service that does not know it. */
  | { readonly kind: 'unsupported'; readonly by: 'directory' | 'bucket' | 'service' }
  /** It could not be asked, for want of a right. The object may be locked. */
  | { readonly kind: 'refused'; readonly why: PgproofError };

export type LockChange =
  /** `changed` false: it was so already, or stays for longer. */
  { readonly kind: 'done'; readonly changed: boolean } | Exclude<LockState, { readonly kind: 'known' }>;

/** A store that can be tidied up. */
export type PrunableStore = Store & {
  /**
   * Deletes objects, in no certain order: what must go first goes in a call of its own. A key under which there is
   * nothing is deleted already. In a versioned bucket this hides them, and they come back by `--as-of`.
   * @returns those that could not be deleted, all others are gone for good (a directory is synced)
   */
  remove(keys: Iterable<string>, options?: ReadOptions): Promise<readonly NotRemoved[]>;
  /** What runs have left half-written. @param prefix of the keys; a staging file is told of whatever it says */
  listUnfinished(prefix: string, options?: ReadOptions): Promise<UnfinishedWork>;
  /** Takes it away; nothing happens where it has gone already. @throws StoreUnusable, also where it is written to again */
  removeUnfinished(one: Unfinished, options?: ReadOptions): Promise<void>;
  /** @throws ObjectMissing, StoreUnusable */
  lockOf(key: string, options?: ReadOptions): Promise<LockState>;
  /**
   * Locks it, or for longer: never shortens a lock, and the mode of one that is there stays.
   * @throws ObjectMissing, StoreUnusable
   */
  extendLock(key: string, lock: ObjectLock, options?: ReadOptions): Promise<LockChange>;
  /** @throws ObjectMissing, StoreUnusable */
  setLegalHold(key: string, on: boolean, options?: ReadOptions): Promise<LockChange>;
};

/** Whether what nobody finished may be taken away: its run is gone, or has written nothing for so long. */
export function isAbandoned({ owner, writtenAt }: Unfinished, now: Date, afterMs: number): boolean {
  switch (owner) {
    case 'gone':
      return true;
    case 'lives':
      return false;
    case 'unknown':
      return writtenAt !== undefined && now.getTime() - writtenAt.getTime() > afterMs;
  }
}
