import type { CountingRule, Policy, RetainedBackup } from '../../../core/retention/shapes.ts';
import { dayMs, hourMs } from './histories.ts';

/*
 * What must stay, written a second time: by lists of texts instead of instants, with the time of day from Intl instead of
 * the calendar's library, and over all backups there ever were. It shares nothing with the product but the shapes.
 */

type Period = Exclude<CountingRule, 'last'>;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Of an instant in a zone: the date, the hour, and how far from UTC. */
function wall(time: Date, timeZone: string): { date: string; hour: string; offset: string } {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      hourCycle: 'h23',
      timeZoneName: 'longOffset',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
  return {
    date: `${parts.year}-${parts.month}-${parts.day}`,
    hour: parts.hour ?? '',
    offset: parts.timeZoneName ?? '',
  };
}

/** The Monday of a date: the same for a whole week, whichever year it is said to be of. */
function mondayOf(date: string): string {
  const noon = new Date(`${date}T12:00:00Z`);
  const sinceMonday = (noon.getUTCDay() + 6) % 7;
  return new Date(noon.getTime() - sinceMonday * dayMs).toISOString().slice(0, 10);
}

const keys: Readonly<Record<Period, (time: Date, zone: string) => string>> = {
  hourly: (time, zone) => Object.values(wall(time, zone)).join(' '),
  daily: (time, zone) => wall(time, zone).date,
  weekly: (time, zone) => mondayOf(wall(time, zone).date),
  monthly: (time, zone) => wall(time, zone).date.slice(0, 7),
  yearly: (time, zone) => wall(time, zone).date.slice(0, 4),
};

/** Those that count: good, whole, not of the future. The newest first. */
export function goodOnes(all: readonly RetainedBackup[], policy: Policy, now: Date): RetainedBackup[] {
  const isGood = (one: RetainedBackup): boolean =>
    ['proven', 'good', ...(policy.verified ? [] : ['unverified'])].includes(one.standing);
  return all
    .filter((one) => isGood(one) && !one.isPartial && one.startedAt.getTime() <= now.getTime() + hourMs)
    .sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
}

/** Ids that a rule keeps, or the floor. `within` may be of hours only. */
export function keptByRule(all: readonly RetainedBackup[], policy: Policy, now: Date): Set<string> {
  const good = goodOnes(all, policy, now);
  const kept = new Set<string>();
  for (const one of good.slice(0, policy.min)) kept.add(one.id);
  const { last, within, ...periods } = policy.keep;
  if (last !== undefined) for (const one of last === 'all' ? good : good.slice(0, last)) kept.add(one.id);
  const newest = good[0]?.startedAt.getTime() ?? 0;
  if (within !== undefined)
    for (const one of good)
      if (newest - one.startedAt.getTime() < (within.hours ?? 0) * hourMs) kept.add(one.id);
  for (const [rule, of] of Object.entries(periods) as [Period, number | 'all'][]) {
    const keyed = good.map((one) => ({ one, key: keys[rule](one.startedAt, policy.timeZone) }));
    const found = [...new Set(keyed.map(({ key }) => key))];
    const counted = of === 'all' ? found : found.slice(0, of);
    for (const wanted of counted) {
      const members = keyed.filter(({ key }) => key === wanted).map(({ one }) => one);
      kept.add((members.find(({ standing }) => standing === 'proven') ?? members[0])?.id ?? '');
    }
    const oldest = good.at(-1);
    if (oldest !== undefined && (of === 'all' || found.length < of)) kept.add(oldest.id);
  }
  return kept;
}

/** Ids that somebody, or the store, holds. */
export function heldOnes(all: readonly RetainedBackup[], now: Date): Set<string> {
  const holds = (until: Date | undefined): boolean => until === undefined || until.getTime() > now.getTime();
  return new Set(
    all
      .filter(
        ({ hold, lockedUntil }) =>
          (hold !== undefined && holds(hold.until)) || (lockedUntil !== undefined && holds(lockedUntil)),
      )
      .map(({ id }) => id),
  );
}

/** Ids that a cliff keeps, where `all` are all that there ever were: then nobody needs to say what was before. */
export function pinnedOnes(all: readonly RetainedBackup[], policy: Policy, now: Date): Set<string> {
  const good = goodOnes(all, policy, now).reverse();
  const newest = good.at(-1)?.startedAt.getTime() ?? 0;
  const pinned = new Set<string>();
  for (const [index, later] of good.entries()) {
    const earlier = good[index - 1];
    if (earlier === undefined || !isMuchLess(earlier, later, policy.cliff)) continue;
    const from = later.startedAt.getTime();
    const back = good.find(
      (one) =>
        one.startedAt.getTime() > from &&
        one.startedAt.getTime() < from + 14 * dayMs &&
        !isMuchLess(earlier, one, policy.cliff),
    );
    const heldAt = (back ?? later).startedAt.getTime() + 14 * dayMs;
    const isReleased = earlier.releasedAt !== undefined && earlier.releasedAt.getTime() >= from;
    if (isReleased && newest >= heldAt) continue;
    for (const one of all)
      if (one.startedAt >= earlier.startedAt && one.startedAt <= later.startedAt) pinned.add(one.id);
    if (back !== undefined) pinned.add(back.id);
  }
  return pinned;
}

function isMuchLess(earlier: RetainedBackup, later: RetainedBackup, part: number): boolean {
  const [was, is] = [earlier.volume, later.volume];
  if (was === undefined || is === undefined) return false;
  if (was.rows !== undefined && is.rows !== undefined && is.rows < part * was.rows) return true;
  return was.form === is.form && is.bytes < part * was.bytes;
}

/** Ids of what counts for nothing and may go (R10). */
export function uselessOnes(all: readonly RetainedBackup[], policy: Policy, now: Date): Set<string> {
  const good = goodOnes(all, policy, now);
  const useless = all.filter(
    (one) =>
      !good.includes(one) &&
      good.filter(({ startedAt }) => startedAt > one.startedAt).length >= policy.min &&
      now.getTime() - one.startedAt.getTime() > 30 * dayMs,
  );
  return new Set(useless.map(({ id }) => id));
}
