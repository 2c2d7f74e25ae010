/*
 * What retention decides on, and what it says: values only. The rules are explained in docs/retention.md; R1 to R12 are
 * their numbers there.
 */

/** The rules that count: restic's. */
export const countingRules = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
export type CountingRule = (typeof countingRules)[number];

/** How many a rule keeps. */
export type Count = number | 'all';

/** Years, months, weeks, days and hours of the calendar, as `1y6m2w3d12h` says them. */
export type Span = {
  readonly years?: number;
  readonly months?: number;
  readonly weeks?: number;
  readonly days?: number;
  readonly hours?: number;
};

/** The rules of a policy, at least one: without any nothing but the floor would be kept, which nobody means. */
export type Keep = Readonly<Partial<Record<CountingRule, Count>>> & { readonly within?: Span };

/** `policyOf` (policy.ts) makes and checks it. */
export type Policy = {
  readonly keep: Keep;
  /** How many good ones are always kept: the newest. At least 1. */
  readonly min: number;
  /** IANA name of the zone whose days, weeks and months are meant. */
  readonly timeZone: string;
  /** Whether a backup counts as good only once it was verified; where nothing is ever verified it could not. */
  readonly verified: boolean;
  /** A good backup with less than this part of the rows, or of the bytes, of the one before is a cliff; 0: nothing is. */
  readonly cliff: number;
};

/**
 * How a backup stands. `proven` and `good`: nothing failed, and level `checksum` at least was passed whole. `unverified`:
 * there is no verdict that says so or the contrary. `bad`: something failed, or its documents cannot be read.
 */
export type Standing = 'proven' | 'good' | 'unverified' | 'bad';

/** How much there is in a backup. */
export type Volume = {
  /** Undefined where they were not counted. */
  readonly rows: number | undefined;
  /** Of the archive. */
  readonly bytes: number;
  /** Format and compression: bytes are compared between equals only. */
  readonly form: string;
};

/** One backup of a group. */
export type RetainedBackup = {
  readonly id: string;
  readonly startedAt: Date;
  readonly standing: Standing;
  /** Undefined where its documents cannot be read. */
  readonly volume: Volume | undefined;
  /** The backup before it, as it was when this one was taken; undefined where nothing is known of one. */
  readonly previous?: (Volume & { readonly id: string }) | undefined;
  readonly isPartial: boolean;
  /** Somebody wants it kept. `until` undefined: until it is released. A hold that cannot be read holds. */
  readonly hold?: { readonly reason: string; readonly until: Date | undefined } | undefined;
  /**
   * When somebody said that what comes after it is no accident. It counts for cliffs of before: who let a hold go in
   * spring knew nothing of a table emptied in autumn.
   */
  readonly releasedAt?: Date | undefined;
  /** Until when the store itself keeps it (Object Lock). */
  readonly lockedUntil?: Date | undefined;
};

/** Why a backup is kept, or is not. */
export type Reason =
  | {
      readonly kind: 'rule';
      readonly rule: CountingRule;
      /** Its place in the rule, the newest being 1. */
      readonly number: number;
      readonly of: Count;
      /** `2026-11-20`, `2026-W47`, `2026-11`, `2026`, `2026-11-20T02+01:00`; of `last` the id. */
      readonly period: string;
      /** Kept only because the rule is not full yet and it is the oldest (R6). */
      readonly isOldest: boolean;
      /** Undefined where nobody can know: `all`, and `last` in a policy that counts no periods. */
      readonly until: Date | undefined;
    }
  | { readonly kind: 'within'; readonly until: Date }
  /** One of the newest good ones, which are never removed. */
  | {
      readonly kind: 'min';
      readonly number: number;
      readonly of: number;
      readonly until: Date | undefined;
    }
  /**
   * A cliff. `before`: it is the last good one before; `after`: the first good one after; `between`: it counts for
   * nothing, but says which was before; `back`: the first good one in which as much is as before.
   */
  | {
      readonly kind: 'cliff';
      readonly side: 'before' | 'between' | 'after' | 'back';
      /** Of `before` the one after; else the one before. */
      readonly other: string;
      readonly isReleased: boolean;
      /** Whether somebody must release the one before; else time is enough, for that one is gone. */
      readonly needsRelease: boolean;
      /** When the new level will have held long enough. */
      readonly heldAt: Date;
    }
  | { readonly kind: 'hold'; readonly reason: string; readonly until: Date | undefined }
  /** Undefined where the date cannot be read. */
  | { readonly kind: 'locked'; readonly until: Date | undefined }
  /** The store itself keeps it until somebody releases it there. */
  | { readonly kind: 'legal-hold' }
  /** Whether the store locks it could not be asked. */
  | { readonly kind: 'lock-unknown'; readonly detail: string }
  /** It would go, but nothing is deleted of which no manifest was read. */
  | { readonly kind: 'unreadable'; readonly detail: string }
  /** It would go, but nobody knows when prune last ran. */
  | { readonly kind: 'record-unreadable' }
  /** The newest is bad: nothing good goes. */
  | { readonly kind: 'newest-bad'; readonly newest: string }
  /** The clock is not to be trusted: nothing goes. */
  | { readonly kind: 'clock'; readonly of: 'newest' | 'prune'; readonly other: Date }
  /** Bad, never verified, partial or of the future, and not yet allowed to go (R10). */
  | {
      readonly kind: 'not-counted';
      readonly why: NotCounted;
      readonly newerGood: number;
      readonly min: number;
      /** When it is old enough; undefined where its time cannot be read. */
      readonly oldAt: Date | undefined;
    }
  /** It goes: no rule keeps it. */
  | { readonly kind: 'no-rule' }
  /** It goes: never counted, old, and enough good ones are newer. */
  | { readonly kind: 'useless'; readonly why: NotCounted };

/** Why a backup counts for nothing. */
export type NotCounted = 'bad' | 'unverified' | 'partial' | 'future';

export type Line = {
  readonly id: string;
  readonly action: 'keep' | 'remove';
  /** At least one. */
  readonly reasons: readonly Reason[];
  /** When it would go at the earliest, if backups go on as the rules count them; undefined where nobody can know. */
  readonly until: Date | undefined;
};

/** Why nothing at all is removed of a group. */
export type Refusal =
  /** `now` lies before the newest backup (an hour is let pass), or before the last prune. */
  | { readonly kind: 'clock'; readonly now: Date; readonly other: Date; readonly of: 'newest' | 'prune' }
  /** The newest is bad: failed, unreadable, or not verified a day after. */
  | { readonly kind: 'newest-bad'; readonly newest: string }
  /** Nobody knows when prune last ran. */
  | { readonly kind: 'record'; readonly detail: string };

export type Decision = {
  /** The newest first. Where there is a refusal, none is `remove`. */
  readonly lines: readonly Line[];
  readonly refusal: Refusal | undefined;
};
