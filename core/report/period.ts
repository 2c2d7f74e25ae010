import { UsageError } from '../errors.ts';
import { periodLabel, periodStart, periodsLater } from '../retention/calendar.ts';
import { isTimeZone } from '../text/time-zone.ts';

/** A month of a time zone, as far as it is over. Times in milliseconds. */
export type Period = {
  /** `2026-11` */
  readonly month: string;
  readonly timeZone: string;
  readonly from: number;
  readonly to: number;
  /** The end of the month, or now. */
  readonly until: number;
  readonly isOver: boolean;
  /** Those of the month that are over. A day has 23, 24 or 25 hours. */
  readonly days: readonly Day[];
};

export type Day = { readonly date: string; readonly from: number; readonly to: number };

const written = /^(\d{4})-(\d{2})$/;
const firstYear = 2000;

/**
 * The month that is asked for: `2026-11`, or `last`, the one before this one.
 *
 * @throws UsageError where it is none, or has not begun; for a time zone that is none
 */
export function periodOf(month: string, timeZone: string, now: Date): Period {
  if (!isTimeZone(timeZone))
    throw new UsageError({
      what: 'The time zone is not known',
      got: timeZone,
      expected: 'a name of the tz database: Europe/Berlin, UTC',
      fix: 'Correct --time-zone.',
    });
  const time = now.getTime();
  const from = month === 'last' ? lastMonth(time, timeZone) : beginOf(month, timeZone);
  if (from > time)
    throw new UsageError({
      what: `${month} has not begun in ${timeZone}`,
      got: `it is ${now.toISOString()}`,
      fix: 'Name a month that has, or --month last for the one that ended last.',
    });
  const to = periodsLater('monthly', from, 1, timeZone);
  const until = Math.min(to, time);
  const days: Day[] = [];
  for (let begin = from; begin < until; ) {
    const end = periodsLater('daily', begin, 1, timeZone);
    if (end <= until) days.push({ date: periodLabel('daily', begin, timeZone), from: begin, to: end });
    begin = end;
  }
  return {
    month: periodLabel('monthly', from, timeZone),
    timeZone,
    from,
    to,
    until,
    isOver: to <= time,
    days,
  };
}

function lastMonth(time: number, timeZone: string): number {
  return periodStart('monthly', periodStart('monthly', time, timeZone) - 1, timeZone);
}

function beginOf(text: string, timeZone: string): number {
  const [, year = '', month = ''] = written.exec(text) ?? [];
  const isMonth = Number(year) >= firstYear && Number(month) >= 1 && Number(month) <= 12;
  if (!isMonth)
    throw new UsageError({
      what: 'The month is none',
      got: JSON.stringify(text),
      expected: 'year and month, from 2000 on: 2026-11, or last',
      fix: 'Correct --month.',
    });
  // In the middle of it every zone agrees on which month it is.
  return periodStart('monthly', Date.UTC(Number(year), Number(month) - 1, 15), timeZone);
}
