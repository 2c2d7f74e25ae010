import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../../core/errors.ts';
import { periodOf } from '../../../../core/report/period.ts';

const later = new Date('2027-06-15T12:00:00Z');
const iso = (time: number): string => new Date(time).toISOString();

describe('a month', () => {
  test.each<[string, string, string, string, number]>([
    ['2026-11', 'UTC', '2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z', 30],
    ['2026-11', 'Europe/Berlin', '2026-10-31T23:00:00.000Z', '2026-11-30T23:00:00.000Z', 30],
    // Clocks are put back, and put forward.
    ['2026-10', 'Europe/Berlin', '2026-09-30T22:00:00.000Z', '2026-10-31T23:00:00.000Z', 31],
    ['2026-03', 'Europe/Berlin', '2026-02-28T23:00:00.000Z', '2026-03-31T22:00:00.000Z', 31],
    ['2024-02', 'Pacific/Kiritimati', '2024-01-31T10:00:00.000Z', '2024-02-29T10:00:00.000Z', 29],
    ['2024-02', 'Pacific/Pago_Pago', '2024-02-01T11:00:00.000Z', '2024-03-01T11:00:00.000Z', 29],
    // Midnight was not there on the day on which Samoa skipped one.
    ['2011-12', 'Pacific/Apia', '2011-12-01T10:00:00.000Z', '2011-12-31T10:00:00.000Z', 30],
  ])('%s in %s', (month, zone, from, to, days) => {
    const period = periodOf(month, zone, later);
    expect({ ...period, from: iso(period.from), to: iso(period.to), days: period.days.length }).toMatchObject(
      {
        month,
        from,
        to,
        isOver: true,
        until: period.to,
        days,
      },
    );
    // Each day ends where the next begins, and together they are the month.
    expect(period.days[0]?.from).toBe(period.from);
    expect(period.days.at(-1)?.to).toBe(period.to);
    for (const [index, day] of period.days.entries())
      expect(period.days[index + 1]?.from ?? period.to).toBe(day.to);
  });

  test('that is not over ends now, and has the days that are over', () => {
    const period = periodOf('2026-11', 'Europe/Berlin', new Date('2026-11-27T23:30:00Z'));
    expect(period).toMatchObject({ isOver: false, until: Date.parse('2026-11-27T23:30:00Z') });
    expect(period.days.at(-1)?.date).toBe('2026-11-27');
  });

  test('last is the one before this one, where the zone says which this is', () => {
    const now = new Date('2026-11-30T23:30:00Z');
    expect(periodOf('last', 'UTC', now).month).toBe('2026-10');
    expect(periodOf('last', 'Europe/Berlin', now)).toMatchObject({ month: '2026-11', isOver: true });
  });

  test('that has not begun is refused; in the zone it may have', () => {
    const now = new Date('2026-11-30T23:30:00Z');
    expect(() => periodOf('2026-12', 'UTC', now)).toThrow(/2026-12 has not begun in UTC/);
    expect(periodOf('2026-12', 'Europe/Berlin', now).days).toEqual([]);
  });

  test.each([
    '',
    '2026',
    '2026-13',
    '2026-00',
    '2026-1',
    '26-11',
    '2026-11-01',
    ' 2026-11',
    '0000-01',
    'Last',
  ])('%j is none', (text) => {
    expect(() => periodOf(text, 'UTC', later)).toThrow(UsageError);
  });

  test.each(['', 'Berlin', '+02:00', '../etc'])('the time zone %j is none', (zone) => {
    expect(() => periodOf('2026-11', zone, later)).toThrow(/The time zone is not known/);
  });
});
