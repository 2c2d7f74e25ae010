import { InvalidArgumentError } from 'commander';
import { briefOn, type ListEntry } from '../core/inventory/entry.ts';
import { Unreadable } from '../core/manifest/document.ts';
import { verdicts } from '../core/vocabulary.ts';

/** What `--verdict` takes: the verdicts, and what stands where there is none. */
export const verdictWords = [...verdicts, 'none', 'unreadable'] as const;
export type VerdictWord = (typeof verdictWords)[number];

/** Collects verdicts that may be given several times, or with commas. */
export function collectVerdicts(text: string, before: readonly VerdictWord[] = []): readonly VerdictWord[] {
  const words = text.split(',').map((word) => {
    const known = verdictWords.find((one) => one === word.trim());
    if (known === undefined) throw new InvalidArgumentError(`Expected of ${verdictWords.join(', ')}.`);
    return known;
  });
  return [...before, ...words];
}

/** What a backup counts as for `--verdict`. */
export function verdictWordOf(entry: ListEntry): VerdictWord {
  const { summary, verification } = entry;
  if (summary instanceof Unreadable || verification instanceof Unreadable) return 'unreadable';
  return briefOn(entry)?.verdict ?? 'none';
}

const day = '\\d{4}-\\d{2}-\\d{2}';
const time = new RegExp(`^${day}(?:T\\d{2}:\\d{2}(?::\\d{2}(?:\\.\\d{1,3})?)?(?:Z|[+-]\\d{2}:\\d{2}))?$`);

/**
 * A time, or how long before `now`: `2026-11-20` (UTC), `2026-11-20T02:00:00Z`, `12h`, `30d`, `6w`, `3m`, `1y`. Months and
 * years are those of the calendar.
 */
export function sinceOf(text: string, now: Date = new Date()): Date {
  const [, count, unit] = /^(\d{1,5})([hdwmy])$/.exec(text) ?? [];
  const since = unit === undefined ? timeOf(text) : before(now, Number(count), unit);
  if (since === undefined || Number.isNaN(since.getTime()))
    throw new InvalidArgumentError(
      'Expected a time such as 2026-11-20 or 2026-11-20T02:00:00Z, or a number with h, d, w, m or y.',
    );
  return since;
}

function timeOf(text: string): Date | undefined {
  // As it stands in an id.
  const plain = text.replace(/T(\d{2})-(\d{2})-(\d{2})Z$/, 'T$1:$2:$3Z');
  const date = time.test(plain) ? new Date(plain) : undefined;
  // 30 February parses to another day, or not at all.
  const isThere = new Date(plain.slice(0, 10)).toJSON()?.startsWith(plain.slice(0, 10));
  return isThere ? date : undefined;
}

function before(now: Date, count: number, unit: string): Date {
  const hours = { h: 1, d: 24, w: 7 * 24 }[unit];
  if (hours !== undefined) return new Date(now.getTime() - count * hours * 3_600_000);
  const months = unit === 'y' ? count * 12 : count;
  const first = new Date(now);
  first.setUTCDate(1);
  first.setUTCMonth(first.getUTCMonth() - months);
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  first.setUTCDate(Math.min(now.getUTCDate(), last));
  return first;
}
