import { type PeriodRule, periodRules, periodStart, periodsLater } from './calendar.ts';
import type { Policy } from './shapes.ts';

/** When what is to come is expected, if backups go on as the finest rule of the policy counts them: one a day, say. */
export type Outlook = {
  /** When the period begins that is the `count`th new one of a rule, counted from the newest backup's. */
  readonly newPeriod: (rule: PeriodRule, count: number) => number;
  /** When `count` more backups are there at the earliest; undefined where the policy counts no periods. */
  readonly moreBackups: (count: number) => number | undefined;
  /** Whether the next backup comes into the period of a rule that the newest one lies in, and takes its place. */
  readonly takesPlace: (rule: PeriodRule) => boolean;
  /** Nothing is expected before. */
  readonly now: number;
};

/** @param newest of the backups that count, in milliseconds. @param now nothing is expected to happen before */
export function outlookOf({ keep, timeZone }: Policy, newest: number, now: number): Outlook {
  const finest = periodRules.find((rule) => keep[rule] !== undefined);
  const startsNow = new Map<PeriodRule, { readonly last: number; readonly running: number }>();
  const startsOf = (rule: PeriodRule): { readonly last: number; readonly running: number } => {
    const starts = startsNow.get(rule) ?? {
      last: periodStart(rule, newest, timeZone),
      running: periodStart(rule, now, timeZone),
    };
    startsNow.set(rule, starts);
    return starts;
  };
  const newPeriod = (rule: PeriodRule, count: number): number => {
    const { last, running } = startsOf(rule);
    // Where backups have stopped the next one comes today at the earliest, however long ago the last was.
    const begins =
      running > last
        ? periodsLater(rule, running, count - 1, timeZone)
        : periodsLater(rule, last, count, timeZone);
    return Math.max(begins, now);
  };
  return {
    now,
    newPeriod,
    moreBackups: (count) => (finest === undefined ? undefined : newPeriod(finest, count)),
    takesPlace: (rule) =>
      finest !== undefined &&
      finest !== rule &&
      periodStart(rule, newPeriod(finest, 1), timeZone) === startsOf(rule).last,
  };
}
