import { type CronField, cronFields, numberOf } from '../config/cron.ts';

/** A day of the proleptic Gregorian calendar; `month` from 1. */
export type DayOfCalendar = { readonly year: number; readonly month: number; readonly day: number };

const utc = ({ year, month, day }: DayOfCalendar): Date => new Date(Date.UTC(year, month - 1, day));

export function dayBefore(day: DayOfCalendar): DayOfCalendar {
  const before = new Date(utc(day).getTime() - 86_400_000);
  return { year: before.getUTCFullYear(), month: before.getUTCMonth() + 1, day: before.getUTCDate() };
}

/** EventBridge's: 1 is Sunday. */
const weekdayOf = (day: DayOfCalendar): number => utc(day).getUTCDay() + 1;
const lastOf = ({ year, month }: DayOfCalendar): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** Whether the two day fields of an expression, of which one is `?`, mean this day. Months and years are others' matter. */
export function isOnDay(day: DayOfCalendar, ofMonth: string, ofWeek: string): boolean {
  const inMonth = ofMonth.split(',').some((part) => isDayOfMonth(day, part));
  return inMonth && ofWeek.split(',').some((part) => isDayOfWeek(day, part));
}

function isDayOfMonth(day: DayOfCalendar, part: string): boolean {
  const last = lastOf(day);
  if (part === '?') return true;
  if (part === 'L') return day.day === last;
  if (part === 'LW') return day.day === nearestWeekday(day, last);
  const before = /^L-(\d+)$/.exec(part)?.[1];
  if (before !== undefined) return day.day === last - Number(before);
  const near = /^(\d+)W$/.exec(part)?.[1];
  if (near !== undefined) return Number(near) <= last && day.day === nearestWeekday(day, Number(near));
  return isInSpan(day.day, part, 2);
}

/** The weekday next to a day, within its month: of Saturday the Friday, of Sunday the Monday, but for the ends of a month. */
function nearestWeekday({ year, month }: DayOfCalendar, day: number): number {
  const weekday = weekdayOf({ year, month, day });
  const last = lastOf({ year, month, day });
  if (weekday === 7) return day === 1 ? 3 : day - 1;
  if (weekday === 1) return day === last ? day - 2 : day + 1;
  return day;
}

function isDayOfWeek(day: DayOfCalendar, part: string): boolean {
  const weekday = weekdayOf(day);
  if (part === '?') return true;
  if (part === 'L') return weekday === 7;
  const [, name, kind] = /^(\w+?)(L|#[1-5])$/.exec(part) ?? [];
  if (name === undefined || kind === undefined) return isInSpan(weekday, part, 4);
  const field = cronFields[4];
  if (field === undefined || numberOf(name, field) !== weekday) return false;
  return kind === 'L' ? day.day > lastOf(day) - 7 : Math.ceil(day.day / 7) === Number(kind.slice(1));
}

/** @param index of the field */
function isInSpan(value: number, part: string, index: 2 | 4): boolean {
  const field = cronFields[index];
  return field !== undefined && valuesOf(part, field).includes(value);
}

/** Every number that a field without letters of its own stands for: `*`, `5`, `1-5`, `0/15`, `MON-FRI`, with commas. */
export function valuesOf(text: string, field: CronField): number[] {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [span = '', step] = part.split('/');
    const [from = '', to] = span.split('-');
    const low = span === '*' ? field.min : numberOf(from, field);
    if (low === undefined) continue;
    // `5/15`: from 5 on.
    const open = span === '*' || step !== undefined ? field.max : low;
    const high = to === undefined ? open : (numberOf(to, field) ?? low);
    for (let value = low; value <= high; value += Number(step ?? 1)) found.add(value);
  }
  return [...found];
}
