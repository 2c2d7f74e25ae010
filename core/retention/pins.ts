import { spanAfter } from './calendar.ts';
import { isCliff } from './cliff.ts';
import { type Kept, keepersOf } from './rules.ts';
import type { Policy, RetainedBackup, Volume } from './shapes.ts';

/** How long a new level must have held before the one before a cliff may go: two weeks, in milliseconds. */
export const cliffHolds = 14 * 24 * 60 * 60 * 1000;

/**
 * What is kept because of cliffs (R8).
 *
 * @param backups all whose time can be read. @param candidates those of them that count, the newest first
 */
export function keptByCliffs(
  backups: readonly RetainedBackup[],
  candidates: readonly RetainedBackup[],
  policy: Policy,
): Kept[] {
  const [newest] = candidates;
  if (policy.cliff === 0 || newest === undefined) return [];
  const history: History = {
    byId: new Map(backups.map((backup) => [backup.id, backup])),
    counts: new Set(candidates),
    candidates,
    newest: newest.startedAt.getTime(),
    oldestYear: oldestYearOf(candidates, policy),
    policy,
  };
  return candidates.flatMap((later, index) => {
    const cliff = cliffAt(later, candidates[index + 1], history);
    return cliff === undefined ? [] : pinsOf(cliff, history);
  });
}

type History = {
  readonly byId: ReadonlyMap<string, RetainedBackup>;
  readonly counts: ReadonlySet<RetainedBackup>;
  /** The newest first. */
  readonly candidates: readonly RetainedBackup[];
  /** When the newest of them was made. */
  readonly newest: number;
  /** When the oldest year begins that `yearly` counts; undefined where it is not full, counts nothing or all. */
  readonly oldestYear: number | undefined;
  readonly policy: Policy;
};

/** A good backup with much less in it than the good one before. */
type Cliff = {
  readonly earlier: RetainedBackup;
  readonly later: RetainedBackup;
  /** What says which was before, one after the other, and counts for nothing. */
  readonly between: readonly RetainedBackup[];
  /** How much was before. */
  readonly volume: Volume;
  /** The one before has been removed, and `earlier` is the nearest that is left. */
  readonly isGone: boolean;
};

function cliffAt(
  later: RetainedBackup,
  nearest: RetainedBackup | undefined,
  history: History,
): Cliff | undefined {
  const found = goodBefore(later, nearest, history);
  const volume = found?.volume;
  if (found === undefined || volume === undefined || later.volume === undefined) return undefined;
  if (!isCliff(volume, later.volume, history.policy.cliff)) return undefined;
  return { ...found, later, volume };
}

/**
 * The good backup before one. Each says itself which was before it when it was made: what prune took since then must not
 * make a cliff of a slow decline. Only where it does not say (older versions) it is the one before it that is left.
 */
function goodBefore(
  later: RetainedBackup,
  nearest: RetainedBackup | undefined,
  { byId, counts }: History,
): (Omit<Cliff, 'later' | 'volume'> & { readonly volume: Volume | undefined }) | undefined {
  const between: RetainedBackup[] = [];
  let from = later;
  for (;;) {
    const { previous } = from;
    const earlier = previous && byId.get(previous.id);
    if (previous !== undefined && earlier === undefined) {
      // What counts for nothing goes only where no cliff needs it: what was before that is known to be no matter.
      const isGone = from === later && nearest !== undefined;
      return isGone ? { earlier: nearest, between, volume: previous, isGone } : undefined;
    }
    // A document that has been tampered with may call a later one, or itself, the one before.
    if (earlier === undefined || earlier.startedAt.getTime() >= from.startedAt.getTime())
      return nearest && { earlier: nearest, between, volume: nearest.volume, isGone: false };
    if (counts.has(earlier)) return { earlier, between, volume: earlier.volume, isGone: false };
    between.push(earlier);
    from = earlier;
  }
}

/** What a cliff keeps, as long as it does. */
function pinsOf({ earlier, later, between, volume, isGone }: Cliff, history: History): Kept[] {
  // Where the one before was removed by hand, or is in another store, what is left is kept for a while only.
  const back = isGone ? undefined : firstBack(later, volume, history);
  const heldAt = (back ?? later).startedAt.getTime() + cliffHolds;
  // By the newest backup, not by the clock: where none came nothing has been shown to hold.
  const hasHeld = history.newest >= heldAt;
  const isReleased = (earlier.releasedAt?.getTime() ?? Number.NaN) >= later.startedAt.getTime();
  if ((hasHeld && (isReleased || isGone)) || hasAgedOut(earlier, history)) return [];
  const pin = (id: string, side: 'before' | 'between' | 'after' | 'back', other: string): Kept => ({
    id,
    reason: { kind: 'cliff', side, other, isReleased, needsRelease: !isGone, heldAt: new Date(heldAt) },
  });
  return [
    pin(earlier.id, 'before', later.id),
    ...between.map(({ id }) => pin(id, 'between', earlier.id)),
    pin(later.id, 'after', earlier.id),
    ...(back === undefined ? [] : [pin(back.id, 'back', earlier.id)]),
  ];
}

/**
 * The first good backup, while the new level had not held yet, in which as much is as before. From it on time is counted
 * anew; it is kept with the pair, or that would not be known the next time.
 */
function firstBack(
  later: RetainedBackup,
  volume: Volume,
  { candidates, policy }: History,
): RetainedBackup | undefined {
  const from = later.startedAt.getTime();
  return candidates.findLast(
    (one) =>
      one.startedAt.getTime() > from &&
      one.startedAt.getTime() < from + cliffHolds &&
      one.volume !== undefined &&
      !isCliff(volume, one.volume, policy.cliff),
  );
}

/**
 * Whether a backup is older than what `yearly` keeps: so many years have had newer ones, and so many have passed since,
 * so that of a cliff at New Year's Eve not all is over the next day. Where `yearly` keeps nothing, or all, it never is.
 */
function hasAgedOut({ startedAt }: RetainedBackup, { newest, oldestYear, policy }: History): boolean {
  const { keep, timeZone } = policy;
  if (typeof keep.yearly !== 'number' || oldestYear === undefined) return false;
  const time = startedAt.getTime();
  return time < oldestYear && newest >= spanAfter(time, { years: keep.yearly }, timeZone);
}

function oldestYearOf(candidates: readonly RetainedBackup[], { keep, timeZone }: Policy): number | undefined {
  if (typeof keep.yearly !== 'number') return undefined;
  return keepersOf(candidates, { rule: 'yearly', of: keep.yearly, timeZone })[keep.yearly - 1]?.start;
}
