import * as Instant from 'temporal-polyfill/fns/Instant';
import * as Plain from 'temporal-polyfill/fns/PlainDateTime';
import * as Zoned from 'temporal-polyfill/fns/ZonedDateTime';
import { cronFields } from '../config/cron.ts';
import { type DayOfCalendar, dayBefore, isOnDay, valuesOf } from './cron-days.ts';

/**
 * The latest time of a cron expression that is not after `now`; undefined where there was none since 1970.
 *
 * Where clocks are put forward over it, it is that much later, so that no night goes without a backup. Where they are put
 * back over it, it is the first of the two.
 *
 * @param cron of EventBridge, one that cronProblem finds nothing wrong with
 */
export function latestTime(cron: string, timeZone: string, now: Date): Date | undefined {
  const texts = cron
    .replace(/^cron\((.*)\)$/, '$1')
    .trim()
    .split(/\s+/);
  const [minutes, hours, , months, , years] = cronFields.map((field, index) =>
    valuesOf(texts[index] ?? '*', field),
  );
  if (minutes === undefined || hours === undefined) return undefined;
  const here = Instant.toZonedDateTimeISO(Instant.fromEpochMilliseconds(now.getTime()), timeZone);
  const [year = 0, month = 0, day = 0] = Zoned.toString(here).slice(0, 10).split('-').map(Number);
  for (let one: DayOfCalendar = { year, month, day }; one.year >= 1970; one = dayBefore(one)) {
    if (!years?.includes(one.year) || !months?.includes(one.month)) continue;
    if (!isOnDay(one, texts[2] ?? '?', texts[4] ?? '?')) continue;
    const found = latestOn(one, { minutes, hours, timeZone }, now.getTime());
    if (found !== undefined) return new Date(found);
  }
  return undefined;
}

/** Not in the order of the clock's hands: where it is put forward, 2:30 is after 3:00. */
function latestOn(
  { year, month, day }: DayOfCalendar,
  {
    minutes,
    hours,
    timeZone,
  }: { readonly minutes: readonly number[]; readonly hours: readonly number[]; readonly timeZone: string },
  now: number,
): number | undefined {
  let latest: number | undefined;
  for (const hour of hours) {
    for (const minute of minutes) {
      const wall = Plain.create(year, month, day, hour, minute);
      const zoned = Plain.toZonedDateTime(wall, timeZone, { disambiguation: 'compatible' });
      const time = Date.parse(Instant.toString(Zoned.toInstant(zoned)));
      if (time <= now && (latest === undefined || time > latest)) latest = time;
    }
  }
  return latest;
}
