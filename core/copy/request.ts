import type { BackupId } from '../manifest/backup-id.ts';
import type { ObjectLock, Store } from '../store/store.ts';

/** One backup, from one store into another. */
export type CopyRequest = {
  readonly id: BackupId;
  /** Only read. */
  readonly from: Store;
  /** Only written to, and read where what was written is looked at. */
  readonly to: Store;
  /** Of a bucket with Object Lock: archive, roles and manifest. @default not locked */
  readonly lock?: (() => ObjectLock | undefined) | undefined;
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
      /** How the other side was checked: every byte read back, or by a digest that the store computed itself. */
      readonly checked: 'read-back' | 'store-digest';
    }
  /** The same backup lies there already; what came after it (a verdict, a hold) was brought up to date. */
  | { readonly kind: 'there'; readonly verdictBrought: boolean };

/** One line of what a copy of several came to. */
export type CopyLine = { readonly id: string } & (
  | CopyOutcome
  | { readonly kind: 'failed'; readonly error: string }
);

export type CopyReport = {
  readonly from: string;
  readonly to: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly backups: readonly CopyLine[];
};
