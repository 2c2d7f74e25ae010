import type { ClosedFolder } from '../inventory/closed-folders.ts';
import type { BackupId } from '../manifest/backup-id.ts';
import type { NoteTeller } from '../recovery/note-teller.ts';
import type { ObjectLock, Store } from '../store/store.ts';

/** One backup, from one store into another. */
export type CopyRequest = {
  readonly id: BackupId;
  /** Only read. */
  readonly from: Store;
  /**
   * Only written to, and read where what was written is looked at. Of one that can delete (PrunableStore), an object that an
   * earlier copy left wrong is taken away and copied again.
   */
  readonly to: Store;
  /** Whether a backup is copied whose verdict is `failed`. @default false */
  readonly failedToo?: boolean | undefined;
  /** How long nothing may move before it is given up. @default planDefaults.stallSeconds */
  readonly stallSeconds?: number | undefined;
  /** Of a bucket with Object Lock: archive, roles and manifest. @default not locked */
  readonly lock?: (() => ObjectLock | undefined) | undefined;
  /** Keeps RECOVERY.md in the other store. @default nobody */
  readonly notes?: NoteTeller | undefined;
  readonly clock: () => Date;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
};

/** Bytes that are over, of all objects of the backup, and how many there are by its manifest. */
export type CopyProgress = {
  readonly step: 'copying' | 'checking';
  readonly bytes: number;
  readonly totalBytes: number;
};

/** What became of one backup. */
export type CopyOutcome =
  | {
      readonly kind: 'copied';
      readonly bytes: number;
      readonly seconds: number;
      /** How the other side was checked: every byte read back. */
      readonly checked: 'read-back';
    }
  /** The same backup lies there already; what came after it (a verdict, a hold) was brought up to date. */
  | { readonly kind: 'there'; readonly verdictBrought: boolean };

/** One line of what a copy of several came to. */
export type CopyLine = { readonly id: string } & (
  | CopyOutcome
  | { readonly kind: 'failed'; readonly error: string }
);

/** A backup of the first store that is not in the other one, and is not to be. */
export type CopyLeft = {
  readonly id: string;
  /**
   * `failed`: its verdict; `unreadable`: its manifest; `pruned`: the first store is about to lose it; `removed`: prune took
   * it away in the other store; `no-rule`: prune would take it away there.
   */
  readonly why: 'failed' | 'unreadable' | 'pruned' | 'removed' | 'no-rule';
};

/**
 * The newest whole backup of a database that is in the other store, and not known to be bad; where tables are left out of
 * every one, the newest of these.
 */
export type NewestCopy = {
  readonly source: string;
  readonly database: string;
  /** Undefined where there is none. */
  readonly startedAt: Date | undefined;
};

export type CopyReport = {
  readonly from: string;
  readonly to: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** What was copied, brought up to date, or failed; the newest first. */
  readonly backups: readonly CopyLine[];
  /** How many lay there already, with nothing to bring. */
  readonly there: number;
  readonly left: readonly CopyLeft[];
  /** Of the first store: what cannot be looked into, so that nothing was copied from there. */
  readonly closed?: readonly ClosedFolder[] | undefined;
  /** One of each database of the first store, as it is after this. */
  readonly newest: readonly NewestCopy[];
};
