const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

export type CronField = {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Names that stand for `min`, `min + 1`, … */
  readonly names?: readonly string[];
  /** Forms that only this field has: `L`, `15W`, `2#1`. */
  readonly special?: RegExp;
  /** `?`: decided by the other of the two day fields. */
  readonly mayBeOpen?: boolean;
};

/** The six fields of https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based */
export const cronFields: readonly CronField[] = [
  { name: 'minutes', min: 0, max: 59 },
  { name: 'hours', min: 0, max: 23 },
  {
    name: 'day of month',
    min: 1,
    max: 31,
    special: /^(L|LW|L-([1-9]|[12]\d|30)|([1-9]|[12]\d|3[01])W)$/,
    mayBeOpen: true,
  },
  { name: 'month', min: 1, max: 12, names: months },
  {
    name: 'day of week',
    min: 1,
    max: 7,
    names: weekdays,
    special: /^(L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5]))$/,
    mayBeOpen: true,
  },
  { name: 'year', min: 1970, max: 2199 },
];

/** The number that `text` stands for in this field, or undefined. */
export function numberOf(text: string, field: CronField): number | undefined {
  const index = field.names?.indexOf(text) ?? -1;
  const value = index >= 0 ? field.min + index : /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  return value >= field.min && value <= field.max ? value : undefined;
}

function isPart(part: string, field: CronField): boolean {
  if (field.special?.test(part)) return true;
  const [span, step, ...more] = part.split('/');
  if (span === undefined || more.length > 0) return false;
  if (step !== undefined && !(/^[1-9]\d{0,3}$/.test(step) && Number(step) <= field.max)) return false;
  if (span === '*') return true;
  const [from, to, ...rest] = span.split('-');
  if (from === undefined || rest.length > 0) return false;
  const low = numberOf(from, field);
  if (low === undefined) return false;
  if (to === undefined) return true;
  const high = numberOf(to, field);
  return high !== undefined && low <= high;
}

/**
 * What is wrong with a cron expression of EventBridge Scheduler, or undefined. AWS would only say so in the
 * middle of a deployment.
 */
export function cronProblem(expression: string): string | undefined {
  const inner = /^cron\((.*)\)$/.exec(expression)?.[1];
  if (inner === undefined) return 'it is not of the form cron(…)';
  const texts = inner.trim().split(/\s+/);
  if (texts.length !== cronFields.length) return `it has ${texts.length} fields, not ${cronFields.length}`;
  for (const [index, field] of cronFields.entries()) {
    const text = texts[index] ?? '';
    if (text === '?' && field.mayBeOpen) continue;
    if (!text.split(',').every((part) => isPart(part, field))) return `${text} is no ${field.name}`;
  }
  const open = [texts[2], texts[4]].filter((text) => text === '?').length;
  if (open !== 1) return 'exactly one of day of month and day of week must be ?';
  return undefined;
}
