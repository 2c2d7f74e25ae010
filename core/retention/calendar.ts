import * as Duration from 'temporal-polyfill/fns/Duration';
import * as Instant from 'temporal-polyfill/fns/Instant';
import * as Zoned from 'temporal-polyfill/fns/ZonedDateTime';
import type { CountingRule, Span } from './shapes.ts';

/*
 * Hours, days, weeks, months and years of a time zone. Nothing here is computed by hand: a day has 23, 24 or 25 hours
 * or is skipped altogether, and midnight may not be there. Of the library only its functions are imported, a third of
 * what its classes weigh in a bundle.
 */

/** The rules that count periods of the calendar. */
export type PeriodRule = Exclude<CountingRule, 'last'>;

/** The finer one first. */
export const periodRules = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const satisfies PeriodRule[];

const zoned = (time: number, timeZone: string): Zoned.Record =>
  Instant.toZonedDateTimeISO(Instant.fromEpochMilliseconds(time), timeZone);

// The records show their time as text only, which is exact.
const milliseconds = (time: Zoned.Record): number => Date.parse(Instant.toString(Zoned.toInstant(time)));

/** What each rule calls a period: where it starts, its name, and the start of the one that comes so many later. */
const calendar: Readonly<
  Record<
    PeriodRule,
    {
      readonly startOf: (time: Zoned.Record) => Zoned.Record;
      readonly label: (start: Zoned.Record) => string;
      readonly add: (start: Zoned.Record, count: number) => Zoned.Record;
    }
  >
> = {
  hourly: {
    startOf: Zoned.startOfHour,
    // With the offset: when clocks are put back there are two hours of one name.
    label: (start) => `${Zoned.toString(start).slice(0, 13)}${Zoned.offset(start)}`,
    add: Zoned.addHours,
  },
  daily: { startOf: Zoned.startOfDay, label: (start) => dateOf(start), add: Zoned.addDays },
  weekly: {
    // Weeks of ISO 8601 begin on Monday, and their year is not always the calendar's.
    startOf: Zoned.startOfWeek,
    label: (start) => `${digits(Zoned.yearOfWeek(start), 4)}-W${digits(Zoned.weekOfYear(start), 2)}`,
    add: Zoned.addWeeks,
  },
  monthly: {
    startOf: Zoned.startOfMonth,
    label: (start) => dateOf(start).slice(0, 7),
    add: Zoned.addMonths,
  },
  yearly: { startOf: Zoned.startOfYear, label: (start) => dateOf(start).slice(0, 4), add: Zoned.addYears },
};

const dateOf = (time: Zoned.Record): string => Zoned.toString(time).slice(0, 10);
const digits = (number: number | undefined, length: number): string => String(number).padStart(length, '0');

/** The first instant of the period of a rule that an instant lies in: what tells its periods apart. In milliseconds. */
export function periodStart(rule: PeriodRule, time: number, timeZone: string): number {
  return milliseconds(calendar[rule].startOf(zoned(time, timeZone)));
}

/** The name of the period that begins at `start`: `2026-11-20T02+01:00`, `2026-11-20`, `2026-W47`, `2026-11`, `2026`. */
export function periodLabel(rule: PeriodRule, start: number, timeZone: string): string {
  return calendar[rule].label(zoned(start, timeZone));
}

/** When the period begins that comes `count` periods after the one that begins at `start`. */
export function periodsLater(rule: PeriodRule, start: number, count: number, timeZone: string): number {
  const { startOf, add } = calendar[rule];
  // Again its start: where midnight was missing on the first day, it is there on the other.
  return milliseconds(startOf(add(zoned(start, timeZone), count)));
}

/** An instant as clocks of a zone show it, with its offset: `2026-11-20 03:00:05 +01:00`. */
export function localTime(time: number, timeZone: string): string {
  const local = zoned(time, timeZone);
  return `${Zoned.toString(local).slice(0, 19).replace('T', ' ')} ${Zoned.offset(local)}`;
}

/** The instant that lies a span of the calendar before another. */
export function spanBefore(time: number, span: Span, timeZone: string): number {
  return milliseconds(Zoned.subtract(zoned(time, timeZone), Duration.fromFields(span)));
}

/** The instant that lies a span of the calendar after another. */
export function spanAfter(time: number, span: Span, timeZone: string): number {
  return milliseconds(Zoned.add(zoned(time, timeZone), Duration.fromFields(span)));
}
