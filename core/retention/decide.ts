import { type Outlook, outlookOf } from './outlook.ts';
import { keptByCliffs } from './pins.ts';
import { keptByRules } from './rules.ts';
import type { Decision, Line, NotCounted, Policy, Reason, Refusal, RetainedBackup } from './shapes.ts';
import { assertUsable, isUsable, refusalOf, whyNotCounted } from './standing.ts';

/** So old a backup must be that counts for nothing before it goes (R10): 30 days, in milliseconds. */
const uselessAfter = 30 * 24 * 60 * 60 * 1000;

/**
 * Which of a group's backups are kept, each with every reason, and which go. docs/retention.md explains the rules.
 *
 * @param group the backups of one database of one cluster (`groupsOf`), in any order, each once
 * @param policy as `policyOf` made it
 * @param lastPruneAt when prune last ran over this database, where that is known
 * @throws RangeError where the times or the policy are no such thing, or a backup stands there twice: defects of the
 *   caller, for which nothing may be removed
 */
export function decide(
  group: readonly RetainedBackup[],
  policy: Policy,
  now: Date,
  lastPruneAt?: Date | undefined,
): Decision {
  assertUsable(group, policy, [now, lastPruneAt]);
  const time = now.getTime();
  const dated = group.filter(({ startedAt }) => isUsable(startedAt)).sort(newestFirst);
  const candidates = dated.filter((backup) => whyNotCounted(backup, policy, time) === undefined);
  const refusal = refusalOf(dated, policy, now, lastPruneAt);
  const newest = candidates[0]?.startedAt.getTime();
  const outlook = newest === undefined ? undefined : outlookOf(policy, newest, time);
  const kept = [
    ...keptByCliffs(dated, candidates, policy),
    ...(outlook === undefined ? [] : keptByRules(candidates, policy, outlook)),
  ];
  const byId = new Map<string, Reason[]>();
  for (const { id, reason } of kept) byId.set(id, [...(byId.get(id) ?? []), reason]);
  const state: State = { policy, time, candidates, refusal, outlook };
  // What has no time to be read is told last; it cannot be the newest, and never goes.
  const undated = group.filter(({ startedAt }) => !isUsable(startedAt)).sort(byIdOnly);
  const lines = [...dated, ...undated].map((backup) => lineOf(backup, byId.get(backup.id) ?? [], state));
  return { lines, refusal };
}

type State = {
  readonly policy: Policy;
  /** Now. */
  readonly time: number;
  readonly candidates: readonly RetainedBackup[];
  readonly refusal: Refusal | undefined;
  /** Undefined where nothing counts. */
  readonly outlook: Outlook | undefined;
};

function lineOf(backup: RetainedBackup, kept: readonly Reason[], state: State): Line {
  const { policy, time, refusal } = state;
  const why = whyNotCounted(backup, policy, time);
  const ending = why === undefined ? ({ kind: 'no-rule' } as const) : endingOf(backup, why, state);
  const isKeeping = ending.kind === 'not-counted';
  const reasons = [...holding(backup, time), ...kept, ...(isKeeping ? [ending] : [])];
  if (reasons.length === 0 && refusal !== undefined) reasons.push(reasonOf(refusal));
  return reasons.length > 0
    ? { id: backup.id, action: 'keep', reasons, until: untilOf(reasons, state) }
    : { id: backup.id, action: 'remove', reasons: [ending], until: undefined };
}

/** What beats every rule. */
function holding({ hold, lockedUntil }: RetainedBackup, time: number): Reason[] {
  // One whose date cannot be read holds; only what is over for certain does not.
  const isOver = (until: Date | undefined): boolean => until !== undefined && until.getTime() <= time;
  const readable = (until: Date | undefined): Date | undefined =>
    until === undefined || Number.isNaN(until.getTime()) ? undefined : until;
  const held: Reason[] = [];
  if (hold !== undefined && !isOver(hold.until))
    held.push({ kind: 'hold', reason: hold.reason, until: readable(hold.until) });
  if (lockedUntil !== undefined && !isOver(lockedUntil))
    held.push({ kind: 'locked', until: readable(lockedUntil) });
  return held;
}

/** R10: whether what counts for nothing goes: when it is old, and enough good ones are newer. */
function endingOf(
  { startedAt }: RetainedBackup,
  why: NotCounted,
  { policy: { min }, time, candidates }: State,
): Extract<Reason, { kind: 'not-counted' | 'useless' }> {
  const isDated = isUsable(startedAt);
  const at = startedAt.getTime();
  const newerGood = isDated ? candidates.filter((good) => good.startedAt.getTime() > at).length : 0;
  if (isDated && newerGood >= min && time - at > uselessAfter) return { kind: 'useless', why };
  const oldAt = isDated ? new Date(at + uselessAfter) : undefined;
  return { kind: 'not-counted', why, newerGood, min, oldAt };
}

function reasonOf(refusal: Refusal): Reason {
  switch (refusal.kind) {
    case 'clock':
      return { kind: 'clock', of: refusal.of, other: refusal.other };
    case 'newest-bad':
      return { kind: 'newest-bad', newest: refusal.newest };
    case 'record':
      return { kind: 'record-unreadable' };
  }
}

/** When the last reason ends; undefined where nobody can know of one of them. */
function untilOf(reasons: readonly Reason[], { outlook, time }: State): Date | undefined {
  const ends = reasons.map((reason) => endOf(reason, outlook)?.getTime());
  return ends.includes(undefined) ? undefined : new Date(Math.max(time, ...ends.map(Number)));
}

function endOf(reason: Reason, outlook: Outlook | undefined): Date | undefined {
  switch (reason.kind) {
    case 'rule':
    case 'within':
    case 'min':
    case 'hold':
    case 'locked':
      return reason.until;
    case 'cliff':
      return reason.needsRelease && !reason.isReleased ? undefined : reason.heldAt;
    case 'not-counted': {
      const { newerGood, min, oldAt } = reason;
      const enough = newerGood >= min ? 0 : outlook?.moreBackups(min - newerGood);
      return oldAt === undefined || enough === undefined
        ? undefined
        : new Date(Math.max(oldAt.getTime(), enough));
    }
    case 'legal-hold':
    case 'lock-unknown':
    case 'unreadable':
    case 'record-unreadable':
    case 'newest-bad':
    case 'clock':
    case 'no-rule':
    case 'useless':
      return undefined;
  }
}

/** By id where two were made in the same instant, so that the order of the input does not matter. */
function newestFirst(a: RetainedBackup, b: RetainedBackup): number {
  return b.startedAt.getTime() - a.startedAt.getTime() || byIdOnly(a, b);
}

function byIdOnly(a: RetainedBackup, b: RetainedBackup): number {
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}
