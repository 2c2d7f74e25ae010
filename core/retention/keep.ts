import { UsageError } from '../errors.ts';
import { type Count, type CountingRule, countingRules, type Keep, type Span } from './shapes.ts';

/** The most that a rule counts, and a unit of a span: calendars end. Who wants more wants `all`. */
export const mostKept = 100_000;

const units = { y: 'years', m: 'months', w: 'weeks', d: 'days', h: 'hours' } as const satisfies Record<
  string,
  keyof Span
>;

const words: readonly string[] = [...countingRules, 'within'];
const howToWrite =
  'Write the policy as daily=7,weekly=4,monthly=12,yearly=3 (docs/retention.md explains every rule); nothing was removed.';

function problem(what: string, got: string, expected: string): UsageError {
  return new UsageError({ what, got: JSON.stringify(got), expected, fix: howToWrite });
}

/**
 * The rules in a text such as `last=7,daily=7,within=30d`.
 *
 * @throws UsageError where a rule is unknown, stands twice, says nothing that could be meant, or none keeps anything
 */
export function parseKeep(text: string): Keep {
  const entries = new Map<string, string>();
  for (const part of text.split(',')) {
    const [rule = '', value, ...more] = part.split('=').map((word) => word.trim());
    if (value === undefined || more.length > 0)
      throw problem(
        'A rule of retention is no RULE=NUMBER',
        part,
        'one such as daily=7, with commas between them',
      );
    if (entries.has(rule)) throw problem('A rule of retention stands twice', text, `${rule}= once`);
    entries.set(rule, value);
  }
  return keepOf(Object.fromEntries(entries), text);
}

/**
 * The rules in an object such as `{ "daily": 7, "monthly": "all", "within": "30d" }`, whose values may be texts.
 *
 * @param shown what is said to have been found, where none of them keeps anything
 * @throws UsageError as {@link parseKeep} does
 */
export function keepOf(
  entries: Readonly<Record<string, unknown>>,
  shown: string = JSON.stringify(entries),
): Keep {
  const unknown = Object.keys(entries).find((rule) => !words.includes(rule));
  if (unknown !== undefined)
    throw problem('A rule of retention is unknown', unknown, `one of ${words.join(', ')}`);
  const keep: { -readonly [Key in keyof Keep]: Keep[Key] } = {};
  for (const rule of countingRules) {
    const count = entries[rule] === undefined ? 0 : parseCount(rule, String(entries[rule]));
    if (count !== 0) keep[rule] = count;
  }
  if (entries.within !== undefined) keep.within = parseSpan(String(entries.within));
  if (Object.keys(keep).length === 0)
    throw problem('A policy of retention keeps nothing', shown, 'at least one rule above 0');
  return keep;
}

/** @throws UsageError */
function parseCount(rule: CountingRule, text: string): Count {
  if (text === 'all' || text === 'unlimited') return 'all';
  const count = /^(0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
  if (count <= mostKept) return count;
  throw problem(
    `How many ${rule}= keeps is no number of backups`,
    text,
    `a whole number up to ${mostKept}, or all`,
  );
}

/**
 * The span of the calendar in a text such as `30d` or `1y6m`.
 *
 * @throws UsageError where a unit is unknown or stands twice, or nothing is left of it
 */
export function parseSpan(text: string): Span {
  const bad = problem(
    'How long within= keeps is no span of time',
    text,
    'numbers with the units y, m (months), w, d, h, each once, such as 30d or 1y6m',
  );
  if (!/^(\d+[a-z])+$/.test(text)) throw bad;
  const span: { -readonly [Key in keyof Span]: Span[Key] } = {};
  for (const [, number, letter = ''] of text.matchAll(/(\d+)([a-z])/g)) {
    const unit = Object.hasOwn(units, letter) ? units[letter as keyof typeof units] : undefined;
    if (unit === undefined || span[unit] !== undefined || Number(number) > mostKept) throw bad;
    span[unit] = Number(number);
  }
  if (Object.values(span).every((number) => number === 0)) throw bad;
  return span;
}

/** `1y6m`: as {@link parseSpan} reads it. */
export function formatSpan(span: Span): string {
  return Object.entries(units)
    .map(([letter, unit]) => (span[unit] ? `${span[unit]}${letter}` : ''))
    .join('');
}

/** `daily=7,monthly=all,within=30d`: as {@link parseKeep} reads it. */
export function formatKeep(keep: Keep): string {
  const counts = countingRules.flatMap((rule) => (keep[rule] === undefined ? [] : [`${rule}=${keep[rule]}`]));
  return [...counts, ...(keep.within === undefined ? [] : [`within=${formatSpan(keep.within)}`])].join(',');
}
