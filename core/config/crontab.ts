import * as z from 'zod';
import { type CronField, cronFields, cronProblem, numberOf } from './cron.ts';

/** crontab(5)'s words for some expressions. Not `@reboot`, which is no time. */
const nicknames: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** What an expression of crontab(5) is for EventBridge, or what is wrong with it. */
type Translated =
  | { readonly cron: string; readonly problem?: undefined }
  | { readonly cron?: undefined; readonly problem: string };

/**
 * A cron expression as EventBridge has it. The five fields of crontab(5), and its `@daily` and the like, are translated; what
 * is EventBridge's already stays as it is.
 */
export function toEventBridge(text: string): Translated {
  const trimmed = text.trim();
  if (trimmed.startsWith('cron(')) {
    const problem = cronProblem(trimmed);
    return problem === undefined ? { cron: trimmed } : { problem };
  }
  if (trimmed.startsWith('@')) {
    const meant = nicknames[trimmed.toLowerCase()];
    return meant === undefined
      ? { problem: `of words there are ${Object.keys(nicknames).join(', ')}` }
      : toEventBridge(meant);
  }
  const texts = trimmed.split(/\s+/);
  if (texts.length !== crontabFields.length)
    return { problem: `it is neither five fields as in crontab(5) nor of the form cron(…)` };
  const sets: (readonly number[])[] = [];
  for (const [index, field] of crontabFields.entries()) {
    const one = texts[index] ?? '';
    const values = valuesOf(one, field);
    if (values === undefined) return { problem: `${one} is no ${field.name}` };
    sets.push(values);
  }
  return written(sets);
}

/** Whether the text is a good cron expression of either kind; as parsed it is EventBridge's. */
export const cronText = z
  .string()
  .refine((text) => toEventBridge(text).problem === undefined, {
    error: ({ input }) => toEventBridge(String(input)).problem,
  })
  .transform((text) => toEventBridge(text).cron ?? text);

const [minutes, hours, dayOfMonth, month, dayOfWeek] = cronFields as readonly [
  CronField,
  CronField,
  CronField,
  CronField,
  CronField,
];
/** crontab(5) counts the days of the week from Sunday, 0, and has a 7 for it too. */
const crontabFields: readonly CronField[] = [
  minutes,
  hours,
  dayOfMonth,
  month,
  { ...dayOfWeek, min: 0, max: 7 },
];

const ascending = (values: Iterable<number>): number[] => [...new Set(values)].sort((a, b) => a - b);

/** Every value that a field of crontab(5) stands for: `1,5-9/2`, `*`, `*`/15, `mon-fri`. Undefined where it stands for none. */
function valuesOf(text: string, field: CronField): readonly number[] | undefined {
  const found: number[] = [];
  for (const part of text.toUpperCase().split(',')) {
    const [, span = '', from, to, step] =
      /^(\*|([A-Z]{3}|\d{1,2})(?:-([A-Z]{3}|\d{1,2}))?)(?:\/([1-9]\d?))?$/.exec(part) ?? [];
    const isAll = span === '*';
    const low = isAll ? field.min : numberOf(from ?? '', field);
    const end = isAll ? undefined : numberOf(to ?? from ?? '', field);
    if (low === undefined || (!isAll && end === undefined)) return undefined;
    // The week ends on Sunday too: fri-sun.
    const high = end === 0 && low > 0 && field.max === 7 ? 7 : (end ?? field.max);
    // What `5/15` means crons do not agree on.
    if (low > high || (step !== undefined && !isAll && to === undefined)) return undefined;
    for (let value = low; value <= high; value += Number(step ?? 1)) found.push(value);
  }
  return ascending(field.max === 7 ? found.map((value) => value % 7) : found);
}

/** The most days that a month has; of February in a leap year. */
const longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function written(sets: readonly (readonly number[])[]): Translated {
  const [inHour = [], inDay = [], days = [], months = [], weekdays = []] = sets;
  const everyDay = days.length === 31;
  const everyWeekday = weekdays.length === 7;
  if (!everyDay && !everyWeekday)
    return {
      problem:
        'it names days of the month and days of the week, either of which would do in crontab(5), and neither here',
    };
  if (!months.some((one) => days.some((day) => day <= (longest[one - 1] ?? 31))))
    return { problem: 'it never comes: those months have no such day' };
  const list = (values: readonly number[], all: number): string =>
    values.length === all ? '*' : values.join(',');
  const week = everyWeekday ? '?' : weekdays.map((value) => value + 1).join(',');
  const fields = [list(inHour, 60), list(inDay, 24), everyWeekday ? list(days, 31) : '?', list(months, 12)];
  return { cron: `cron(${fields.join(' ')} ${week} *)` };
}
