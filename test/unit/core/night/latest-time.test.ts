import fc from 'fast-check';
import { expect, test } from 'vitest';
import { latestTime } from '../../../../core/night/latest-time.ts';
import { whatIsDue } from '../../../../core/night/what-is-due.ts';

test.each([
  ['cron(0 2 * * ? *)', 'UTC', '2026-11-27T01:59:59Z', '2026-11-26T02:00:00Z'],
  ['cron(0 2 * * ? *)', 'UTC', '2026-11-27T02:00:00Z', '2026-11-27T02:00:00Z'],
  ['cron(0 2 * * ? *)', 'Europe/Berlin', '2026-11-27T00:59:00Z', '2026-11-26T01:00:00Z'],
  ['cron(0 2 * * ? *)', 'Asia/Kathmandu', '2026-11-27T00:00:00Z', '2026-11-26T20:15:00Z'],
  // Clocks are put forward over half past two: it is half past three then, and the night is not lost.
  ['cron(30 2 * * ? *)', 'Europe/Berlin', '2026-03-29T01:29:59Z', '2026-03-28T01:30:00Z'],
  ['cron(30 2 * * ? *)', 'Europe/Berlin', '2026-03-29T12:00:00Z', '2026-03-29T01:30:00Z'],
  // And back: the first of the two, and only that.
  ['cron(30 2 * * ? *)', 'Europe/Berlin', '2026-10-25T00:29:59Z', '2026-10-24T00:30:00Z'],
  ['cron(30 2 * * ? *)', 'Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-25T00:30:00Z'],
  // A midnight that is not there.
  ['cron(0 0 * * ? *)', 'America/Santiago', '2026-09-06T12:00:00Z', '2026-09-06T04:00:00Z'],
  // Samoa had no 30 December 2011.
  ['cron(0 12 * * ? *)', 'Pacific/Apia', '2011-12-31T12:00:00Z', '2011-12-30T22:00:00Z'],
  ['cron(0/15 * * * ? *)', 'UTC', '2026-11-27T10:44:00Z', '2026-11-27T10:30:00Z'],
  ['cron(5/15 * * * ? *)', 'UTC', '2026-11-27T10:04:00Z', '2026-11-27T09:50:00Z'],
  ['cron(0 8-18/4 * * ? *)', 'UTC', '2026-11-27T23:00:00Z', '2026-11-27T16:00:00Z'],
  ['cron(0 2 ? * MON-FRI *)', 'UTC', '2026-11-29T12:00:00Z', '2026-11-27T02:00:00Z'],
  ['cron(0 2 ? * 1 *)', 'UTC', '2026-11-28T12:00:00Z', '2026-11-22T02:00:00Z'],
  ['cron(0 2 ? * L *)', 'UTC', '2026-11-27T12:00:00Z', '2026-11-21T02:00:00Z'],
  ['cron(0 2 ? * FRIL *)', 'UTC', '2026-11-27T12:00:00Z', '2026-11-27T02:00:00Z'],
  ['cron(0 2 ? * 6L *)', 'UTC', '2026-11-26T12:00:00Z', '2026-10-30T02:00:00Z'],
  ['cron(0 2 ? * TUE#2 *)', 'UTC', '2026-11-27T12:00:00Z', '2026-11-10T02:00:00Z'],
  ['cron(0 2 ? * 1#5 *)', 'UTC', '2026-11-27T12:00:00Z', '2026-08-30T02:00:00Z'],
  ['cron(0 2 L * ? *)', 'UTC', '2026-03-01T00:00:00Z', '2026-02-28T02:00:00Z'],
  ['cron(0 2 L-3 * ? *)', 'UTC', '2026-03-01T00:00:00Z', '2026-02-25T02:00:00Z'],
  ['cron(0 2 LW * ? *)', 'UTC', '2026-03-01T00:00:00Z', '2026-02-27T02:00:00Z'],
  // The 15th is a Sunday; the 1st a Sunday; the 31st of October a Saturday, the 1st of August too.
  ['cron(0 2 15W * ? *)', 'UTC', '2026-11-27T00:00:00Z', '2026-11-16T02:00:00Z'],
  ['cron(0 2 1W * ? *)', 'UTC', '2026-11-27T00:00:00Z', '2026-11-02T02:00:00Z'],
  ['cron(0 2 31W * ? *)', 'UTC', '2026-11-27T00:00:00Z', '2026-10-30T02:00:00Z'],
  ['cron(0 2 1W * ? *)', 'UTC', '2026-08-31T00:00:00Z', '2026-08-03T02:00:00Z'],
  ['cron(0 2 29 2 ? *)', 'UTC', '2026-11-27T00:00:00Z', '2024-02-29T02:00:00Z'],
  ['cron(0 2 1 JAN,JUL ? *)', 'UTC', '2026-11-27T00:00:00Z', '2026-07-01T02:00:00Z'],
  ['cron(0 2 1 1 ? 2020/2)', 'UTC', '2025-06-01T00:00:00Z', '2024-01-01T02:00:00Z'],
  ['cron(0 2 1 1 ? 2030)', 'UTC', '2026-06-01T00:00:00Z', undefined],
])('%s in %s, at %s, was last at %s', (cron, zone, now, latest) => {
  expect(latestTime(cron, zone, new Date(now))?.toISOString().replace('.000', '')).toBe(latest);
});

/** The same without any calendar of ours: every minute backwards, as the zone's clock shows it. */
function byTheClock(
  hour: number,
  minute: number,
  weekdays: readonly number[],
  zone: string,
  now: Date,
): number | undefined {
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  });
  const names = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  for (let back = 0; back < 9 * 1_440; back += 1) {
    const time = Math.floor(now.getTime() / 60_000 - back) * 60_000;
    const parts = Object.fromEntries(clock.formatToParts(time).map(({ type, value }) => [type, value]));
    const weekday = names.indexOf(parts.weekday ?? '') + 1;
    if (Number(parts.hour) === hour && Number(parts.minute) === minute && weekdays.includes(weekday))
      return time;
  }
  return undefined;
}

test('agrees with the clock on the wall', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 4, max: 23 }),
      fc.integer({ min: 0, max: 59 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 7 }),
      fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe'),
      fc.date({ min: new Date('2024-01-01'), max: new Date('2028-01-01'), noInvalidDate: true }),
      (hour, minute, weekdays, zone, now) => {
        const cron = `cron(${minute} ${hour} ? * ${weekdays.join(',')} *)`;
        expect(latestTime(cron, zone, now)?.getTime()).toBe(byTheClock(hour, minute, weekdays, zone, now));
      },
    ),
    { numRuns: 30 },
  );
});

const source = {
  name: 'shop',
  store: 'local',
  schedules: [
    { name: 'nightly', cron: 'cron(0 2 * * ? *)', timeZone: 'UTC' },
    { name: 'hourly', cron: 'cron(0 * * * ? *)', timeZone: 'UTC' },
  ],
};
const now = new Date('2026-11-27T10:30:00Z');
const names = (last: Record<string, string>, asked?: readonly string[]): string[] =>
  whatIsDue(
    source,
    new Map(Object.entries(last).map(([name, time]) => [name, new Date(time)])),
    now,
    asked,
  ).due.map(({ schedule }) => schedule);

test('due is what never ran, or whose latest time came after its last run began', () => {
  expect(names({})).toEqual(['nightly', 'hourly']);
  expect(names({ nightly: '2026-11-27T02:00:00Z', hourly: '2026-11-27T10:00:05Z' })).toEqual([]);
  expect(names({ nightly: '2026-11-27T01:59:59Z', hourly: '2026-11-27T10:00:05Z' })).toEqual(['nightly']);
  // Three nights that the machine slept through are one run.
  expect(names({ nightly: '2026-11-24T02:00:00Z', hourly: '2026-11-24T02:00:00Z' })).toEqual([
    'nightly',
    'hourly',
  ]);
  expect(names({ nightly: '2026-11-27T02:00:00Z' }, ['nightly'])).toEqual(['nightly']);
});
