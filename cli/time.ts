import { InvalidArgumentError } from 'commander';
import { UsageError } from '../core/errors.ts';
import { spanAfter, spanBefore } from '../core/retention/calendar.ts';
import { parseSpan } from '../core/retention/keep.ts';

/*
 * Times as people give them to a flag. All are of UTC, as the times in ids are; who means another zone writes its offset.
 */

const date = /^\d{4}-\d{2}-\d{2}$/;
/** To the minute at least; without an offset nobody knows what is meant. */
const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;
/** As it stands in an id. */
const stamp = /^(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})Z$/;
const utc = 'UTC';

/** A time of the past: `2026-11-20` (when that day began), `2026-11-20T02:00:00Z`, `30d` (so long ago). */
export function pastTime(text: string, now: Date = new Date()): Date {
  return timeOf(text, (span) => spanBefore(now.getTime(), span, utc), '00:00:00.000');
}

/** A time to come: `2027-01-31` (when that day ends), `2027-01-31T12:00:00Z`, `90d` (from now). */
export function timeToCome(text: string, now: Date = new Date()): Date {
  const time = timeOf(text, (span) => spanAfter(now.getTime(), span, utc), '23:59:59.999');
  if (time > now) return time;
  throw new InvalidArgumentError(`It is past: ${time.toISOString()}.`);
}

function timeOf(text: string, relative: (span: ReturnType<typeof parseSpan>) => number, ofDay: string): Date {
  const [, day, ...parts] = stamp.exec(text) ?? [];
  const written = date.test(text)
    ? `${text}T${ofDay}Z`
    : day === undefined
      ? text
      : `${day}T${parts.join(':')}Z`;
  if (instant.test(written)) {
    const time = new Date(written);
    // 30 February parses to another day, or to none.
    const isReal = !Number.isNaN(time.getTime()) && isDay(written.slice(0, 10));
    if (isReal) return time;
  } else {
    const span = spanOf(text);
    if (span !== undefined) return new Date(relative(span));
  }
  throw new InvalidArgumentError(
    'Expected a date (2026-11-20), a time with its offset (2026-11-20T02:00:00Z) or a span (30d, 12h, 6m, 1y).',
  );
}

function isDay(text: string): boolean {
  const time = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
}

function spanOf(text: string): ReturnType<typeof parseSpan> | undefined {
  try {
    return parseSpan(text);
  } catch (error: unknown) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
