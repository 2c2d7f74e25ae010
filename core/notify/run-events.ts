import type { Verdict } from '../vocabulary.ts';

/** What happens in a run, for whoever follows it: a log table, hooks. Values only; nothing in it may be secret. */
export type RunEvent =
  | (OfRun & { readonly kind: 'run-started' })
  | (OfDatabase & { readonly kind: 'backup-started' })
  | (OfBackup & {
      readonly kind: 'backup-done';
      /** Where its archive lies: `s3://bucket/prefix/…/archive.dump`. */
      readonly archive: string;
      readonly startedAt: Date;
      readonly bytes: number;
      /** Of all tables together; undefined where they were not counted. */
      readonly rows: number | undefined;
      readonly seconds: number;
    })
  | (OfDatabase & { readonly kind: 'backup-failed'; readonly error: string; readonly seconds: number })
  | (OfBackup & {
      readonly kind: 'verified';
      /** Undefined where it could not be verified at all, and `error` says why. */
      readonly verdict: Verdict | undefined;
      readonly level: string | undefined;
      readonly error: string | undefined;
      readonly seconds: number;
    })
  | (OfBackup & {
      readonly kind: 'copied';
      /** The other store. */
      readonly to: string;
      /** Undefined where it went well. */
      readonly error: string | undefined;
      readonly seconds: number;
    })
  | (OfBackup & { readonly kind: 'pruned' /** From where it went. */; readonly store: string })
  | (OfRun & {
      readonly kind: 'run-finished';
      readonly ok: boolean;
      readonly seconds: number;
      /** What people are told of it, a line each; empty where all went well. */
      readonly problems: readonly string[];
    });

export type OfRun = {
  /** The same of every event of one run, and of no other run. */
  readonly run: string;
  readonly at: Date;
  readonly source: string;
  readonly schedule: string | undefined;
};
type OfDatabase = OfRun & { readonly database: string };
type OfBackup = OfDatabase & { readonly id: string };

/** Follows a run. Never rejects: what it could not do is said by `onWarning`, and the run goes on. */
export type RunListener = {
  on(event: RunEvent): Promise<void>;
  /** Ends what it holds. */
  close(): Promise<void>;
};
