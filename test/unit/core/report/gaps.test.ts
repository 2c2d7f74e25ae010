import { describe, expect, test } from 'vitest';
import { gapsOf } from '../../../../core/report/gaps.ts';
import { periodOf } from '../../../../core/report/period.ts';
import { dayRuns } from '../../../../core/report/words.ts';

const zone = 'Europe/Berlin';
const november = periodOf('2026-11', zone, new Date('2027-01-01T00:00:00Z'));
const soFar = periodOf('2026-11', zone, new Date('2026-11-05T12:00:00Z'));
const time = (text: string): number => Date.parse(text);
const good = (...texts: string[]): { startedAt: number; counts: boolean }[] =>
  texts.map((text) => ({ startedAt: time(text), counts: true }));
const long = time('2026-01-01T00:00:00Z');

/** Every day of November at two in the morning in Berlin, but for some. */
const nightly = (...without: number[]): ReturnType<typeof good> =>
  good(
    ...[...Array(30).keys()]
      .map((index) => index + 1)
      .filter((day) => !without.includes(day))
      .map((day) => `2026-11-${String(day).padStart(2, '0')}T01:00:00Z`),
  );

describe('days without a backup that counts', () => {
  test('none of a month in which each night has one', () => {
    const gaps = gapsOf([...good('2026-10-31T01:00:00Z'), ...nightly()], november, long, []);
    expect(gaps).toMatchObject({ days: [], removedDays: [], beforeFirst: null });
    expect(gaps.longest?.seconds).toBe(24 * 3_600);
  });

  test('a day is the zone’s, and a backup is of the day on which it began', () => {
    const begun = nightly(7, 8, 20);
    // In UTC it is the 6th and the 19th still.
    begun.push(...good('2026-11-06T23:30:00Z', '2026-11-19T22:59:59Z'));
    const { days } = gapsOf(begun, november, long, []);
    expect(days).toEqual([
      { date: '2026-11-08', backups: 0 },
      { date: '2026-11-20', backups: 0 },
    ]);
  });

  test('one that does not count leaves its day open, and is told', () => {
    const begun = [...nightly(12), { startedAt: time('2026-11-12T01:00:00Z'), counts: false }];
    expect(gapsOf(begun, november, long, []).days).toEqual([{ date: '2026-11-12', backups: 1 }]);
  });

  test('a day whose backup retention took is none to count', () => {
    const gaps = gapsOf(nightly(3, 4), november, long, [time('2026-11-03T01:00:00Z')]);
    expect(gaps).toMatchObject({ removedDays: ['2026-11-03'], days: [{ date: '2026-11-04' }] });
  });

  test('before the first backup there are no gaps, and its own day is one where it does not count', () => {
    const first = time('2026-11-10T09:00:00Z');
    const gaps = gapsOf(
      [{ startedAt: first, counts: false }, ...good('2026-11-11T09:00:00Z')],
      november,
      first,
      [],
    );
    expect(gaps.days[0]).toEqual({ date: '2026-11-10', backups: 1 });
    expect(gaps.beforeFirst).toMatchObject({
      from: '2026-10-31T23:00:00.000Z',
      until: '2026-11-10T09:00:00.000Z',
    });
  });

  test('of a month that is not over, today is none yet', () => {
    expect(gapsOf(good('2026-11-01T01:00:00Z'), soFar, long, []).days.map(({ date }) => date)).toEqual([
      '2026-11-02',
      '2026-11-03',
      '2026-11-04',
    ]);
  });
});

describe('the longest time without a new one', () => {
  test('goes back to the last one of before the month', () => {
    expect(gapsOf([...good('2026-10-20T01:00:00Z'), ...nightly()], november, long, []).longest).toEqual({
      from: '2026-10-20T01:00:00.000Z',
      until: '2026-11-01T01:00:00.000Z',
      seconds: 12 * 86_400,
    });
  });

  test('goes on to the end, or to now', () => {
    expect(gapsOf(good('2026-11-01T01:00:00Z'), soFar, long, []).longest).toMatchObject({
      from: '2026-11-01T01:00:00.000Z',
      until: '2026-11-05T12:00:00.000Z',
    });
    expect(gapsOf([], november, long, []).longest?.seconds).toBe(30 * 86_400);
  });
});

test('days in a row are told as one', () => {
  expect(dayRuns(['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-03'])).toEqual([
    '2026-02-27 to 2026-03-01',
    '2026-03-03',
  ]);
  expect(dayRuns([])).toEqual([]);
});
