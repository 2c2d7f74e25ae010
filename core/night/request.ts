import type { CollectingNotifier } from '../notify/digest.ts';
import type { RunEvent } from '../notify/run-events.ts';
import type { PrunableStore } from '../store/prunable.ts';

/** When a source is backed up. */
export type NightSchedule = { readonly name: string; readonly cron: string; readonly timeZone: string };

export type NightSource = {
  readonly name: string;
  /** The name of its store. */
  readonly store: string;
  readonly schedules: readonly NightSchedule[];
};

/** What a part of a night came to. What people should know of it the notifier was told. */
export type Done = {
  readonly ok: boolean;
  /** Ids of the backups that were made. */
  readonly backups?: readonly string[] | undefined;
  /** For programs, as the command's own verbs print it. */
  readonly report?: object | undefined;
};

/** A run of one schedule of one source. */
export type NightTask = {
  readonly run: string;
  readonly source: string;
  readonly schedule: string;
  readonly startedAt: Date;
};

/** What is done for a store once its sources were backed up. */
export type NightStep = {
  readonly work: 'copy' | 'prune';
  /** The store, or the copy, that it is about. */
  readonly name: string;
  /** The name of the store whose sources it is about. */
  readonly of: string;
  /** For messages. */
  readonly url: string;
  readonly run: (runs: readonly OfRun[], emit: (event: RunEvent) => Promise<void>) => Promise<Done>;
};

/** What a step is about: a source that was backed up, and the last run of it. */
export type OfRun = Pick<NightTask, 'run' | 'source' | 'schedule'>;

export type NightRequest = {
  readonly sources: readonly NightSource[];
  readonly stores: ReadonlyMap<string, PrunableStore>;
  /** Copies first, then prune. */
  readonly steps: readonly NightStep[];
  /** Only schedules of these names, whether they are due or not. @default what is due */
  readonly schedules?: readonly string[] | undefined;
  /** Only these sources. @default all */
  readonly only?: readonly string[] | undefined;
  /** Only says what would be done. */
  readonly dryRun: boolean;
};

export type NightDependencies = {
  /** Backs up and verifies, and tells the notifier of what is to be known. */
  readonly backup: (task: NightTask, emit: (event: RunEvent) => Promise<void>) => Promise<Done>;
  readonly notifier: CollectingNotifier;
  readonly emit: (event: RunEvent) => Promise<void>;
  readonly newRunId: () => string;
  readonly clock: () => Date;
  readonly signal: AbortSignal;
};

/** What became of one schedule of one source. */
export type RunReport = {
  readonly run: string;
  readonly source: string;
  readonly schedule: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly ok: boolean;
  /** What people are told of it, a line each. */
  readonly problems: readonly string[];
  readonly result: object | undefined;
};

export type NightReport = {
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly dryRun: boolean;
  readonly ok: boolean;
  /** In the order in which they were done; of a dry run, what would be. */
  readonly due: readonly Due[];
  readonly notDue: readonly Due[];
  readonly runs: readonly RunReport[];
  readonly steps: readonly {
    readonly work: NightStep['work'];
    readonly name: string;
    readonly ok: boolean;
    readonly result: object | undefined;
  }[];
};

export type Due = {
  readonly source: string;
  readonly schedule: string;
  /** When it was last begun; undefined where nobody knows. */
  readonly last: Date | undefined;
  /** Its latest time that is over; undefined where it had none yet. */
  readonly latest: Date | undefined;
};
