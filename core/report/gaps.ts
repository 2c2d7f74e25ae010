import type { Gaps } from './document.ts';
import type { Period } from './period.ts';

/** A backup as gaps see it: when it began, and whether it stands for its database. In milliseconds. */
export type Begun = { readonly startedAt: number; readonly counts: boolean };

/**
 * The times in which a database had nothing new to restore.
 *
 * @param begun in any order, also of before the month, but none that is dated in the future
 * @param known since when there is a database to speak of: its first backup
 * @param removed when those began that retention took
 */
export function gapsOf(
  begun: readonly Begun[],
  period: Period,
  known: number,
  removed: readonly number[],
): Gaps {
  const { from, until } = period;
  const days: Gaps['days'] = [];
  const removedDays: string[] = [];
  for (const { date, from: begin, to: end } of period.days) {
    if (end <= known) continue;
    const ofDay = begun.filter(({ startedAt }) => startedAt >= begin && startedAt < end);
    if (ofDay.some(({ counts }) => counts)) continue;
    if (removed.some((startedAt) => startedAt >= begin && startedAt < end)) removedDays.push(date);
    else days.push({ date, backups: ofDay.length });
  }
  return {
    days,
    removedDays,
    longest: longestOf(begun, period, known),
    beforeFirst: known > from ? spanOf(from, Math.min(known, until)) : null,
  };
}

/** Between two that count, of which at least the time between them lies in the month; before the first and after the last too. */
function longestOf(begun: readonly Begun[], { from, until }: Period, known: number): Gaps['longest'] {
  const times = begun
    .filter(({ counts, startedAt }) => counts && startedAt < until)
    .map(({ startedAt }) => startedAt)
    .sort((one, other) => one - other);
  const before = times.filter((time) => time < from).at(-1);
  const marks = [
    before ?? Math.max(from, Math.min(known, until)),
    ...times.filter((time) => time >= from),
    until,
  ];
  let longest: Gaps['longest'] = null;
  for (const [index, mark] of marks.entries()) {
    const next = marks[index + 1];
    if (next === undefined) break;
    const span = spanOf(mark, next);
    if (span.seconds > (longest?.seconds ?? 0)) longest = span;
  }
  return longest;
}

function spanOf(from: number, until: number): NonNullable<Gaps['longest']> {
  return {
    from: new Date(from).toISOString(),
    until: new Date(until).toISOString(),
    seconds: Math.round((until - from) / 1_000),
  };
}
