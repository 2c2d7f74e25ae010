import { describe, expect, test } from 'vitest';
import {
  type PeriodRule,
  periodLabel,
  periodStart,
  periodsLater,
  spanAfter,
  spanBefore,
} from '../../../../core/retention/calendar.ts';
import { backupAt, hourMs, keptIds, policyFor } from '../../../support/retention/histories.ts';

const labelOf = (rule: PeriodRule, time: string, zone: string): string =>
  periodLabel(rule, periodStart(rule, Date.parse(time), zone), zone);
const iso = (time: number): string => new Date(time).toISOString();

describe('periods of the calendar', () => {
  test.each<[PeriodRule, string, string, string]>([
    // Half past midnight in Berlin is yesterday in UTC, and last month, and last year.
    ['daily', '2026-11-30T23:30:00Z', 'Europe/Berlin', '2026-12-01'],
    ['daily', '2026-11-30T23:30:00Z', 'UTC', '2026-11-30'],
    ['monthly', '2026-11-30T23:30:00Z', 'Europe/Berlin', '2026-12'],
    ['yearly', '2026-12-31T23:30:00Z', 'Europe/Berlin', '2027'],
    ['yearly', '2026-12-31T23:30:00Z', 'UTC', '2026'],
    // Weeks of ISO 8601: the year of a week is not always that of its days.
    ['weekly', '2027-01-03T12:00:00Z', 'UTC', '2026-W53'],
    ['weekly', '2027-01-04T12:00:00Z', 'UTC', '2027-W01'],
    ['weekly', '2024-12-30T12:00:00Z', 'UTC', '2025-W01'],
    ['weekly', '2026-11-29T23:59:59Z', 'UTC', '2026-W48'],
    ['weekly', '2026-11-30T00:00:00Z', 'UTC', '2026-W49'],
    // Clocks put back: two hours of one name, and half an hour twice.
    ['hourly', '2026-10-25T00:30:00Z', 'Europe/Berlin', '2026-10-25T02+02:00'],
    ['hourly', '2026-10-25T01:30:00Z', 'Europe/Berlin', '2026-10-25T02+01:00'],
    ['hourly', '2026-04-04T14:45:00Z', 'Australia/Lord_Howe', '2026-04-05T01+11:00'],
    ['hourly', '2026-04-04T15:15:00Z', 'Australia/Lord_Howe', '2026-04-05T01+11:00'],
    ['hourly', '2026-04-04T15:30:00Z', 'Australia/Lord_Howe', '2026-04-05T02+10:30'],
    ['daily', '2026-01-01T18:29:59Z', 'Asia/Kolkata', '2026-01-01'],
    ['daily', '2026-01-01T18:30:00Z', 'Asia/Kolkata', '2026-01-02'],
    // Samoa went over the date line: 30 December 2011 never was.
    ['daily', '2011-12-30T09:59:00Z', 'Pacific/Apia', '2011-12-29'],
    ['daily', '2011-12-30T10:00:00Z', 'Pacific/Apia', '2011-12-31'],
  ])('%s of %s in %s is %s', (rule, time, zone, label) => {
    expect(labelOf(rule, time, zone)).toBe(label);
  });

  test('days have 23, 24 and 25 hours, and one may have no midnight', () => {
    const hoursOf = (date: string, zone: string): number => {
      const start = periodStart('daily', Date.parse(date), zone);
      return (periodsLater('daily', start, 1, zone) - start) / hourMs;
    };
    expect(hoursOf('2026-03-29T12:00:00Z', 'Europe/Berlin')).toBe(23);
    expect(hoursOf('2026-03-30T12:00:00Z', 'Europe/Berlin')).toBe(24);
    expect(hoursOf('2026-10-25T12:00:00Z', 'Europe/Berlin')).toBe(25);
    expect(hoursOf('2026-04-05T02:00:00Z', 'Australia/Lord_Howe')).toBe(24.5);
    // São Paulo: the day began at one o'clock.
    expect(iso(periodStart('daily', Date.parse('2018-11-04T12:00:00Z'), 'America/Sao_Paulo'))).toBe(
      '2018-11-04T03:00:00.000Z',
    );
    expect(hoursOf('2018-11-04T12:00:00Z', 'America/Sao_Paulo')).toBe(23);
  });

  test('spans are those of the calendar', () => {
    const time = Date.parse('2026-03-29T10:00:00Z');
    expect(iso(spanBefore(time, { days: 1 }, 'Europe/Berlin'))).toBe('2026-03-28T11:00:00.000Z');
    expect(iso(spanBefore(time, { hours: 24 }, 'Europe/Berlin'))).toBe('2026-03-28T10:00:00.000Z');
    expect(iso(spanBefore(Date.parse('2026-03-31T10:00:00Z'), { months: 1 }, 'UTC'))).toBe(
      '2026-02-28T10:00:00.000Z',
    );
    expect(iso(spanBefore(Date.parse('2024-02-29T10:00:00Z'), { years: 1 }, 'UTC'))).toBe(
      '2023-02-28T10:00:00.000Z',
    );
    expect(iso(spanAfter(Date.parse('2026-11-20T10:00:00Z'), { years: 1, weeks: 1, days: 1 }, 'UTC'))).toBe(
      '2027-11-28T10:00:00.000Z',
    );
  });
});

describe('in the zone of the schedule', () => {
  /** Half past midnight, and half past noon, Berlin's time, every day of a year. */
  const twiceADay = Array.from({ length: 366 }, (_, day) =>
    ['T23:30:00Z', 'T11:30:00Z'].map((time, later) => {
      const date = new Date(Date.UTC(2025, 11, 31 + day - (later === 0 ? 1 : 0))).toISOString().slice(0, 10);
      return backupAt(`${date}${time}`);
    }),
  ).flat();

  test('another one stands for the month than in UTC', () => {
    const now = new Date('2027-01-01T12:00:00Z');
    const monthsOf = (timeZone: string): string[] =>
      keptIds(twiceADay, policyFor('monthly=12', { timeZone, min: 1 }), now).map((id) => id.slice(9));
    expect(monthsOf('UTC')).toContain('2026-11-30T23-30-00Z');
    expect(monthsOf('Europe/Berlin')).toContain('2026-11-30T11-30-00Z');
    expect(monthsOf('Europe/Berlin')).not.toContain('2026-11-30T23-30-00Z');
  });

  test('an hour that comes twice is two hours', () => {
    const group = ['2026-10-25T00:10:00Z', '2026-10-25T00:40:00Z', '2026-10-25T01:10:00Z'].map((time) =>
      backupAt(time),
    );
    const policy = policyFor('hourly=2', { timeZone: 'Europe/Berlin', min: 1 });
    expect(keptIds(group, policy, new Date('2026-10-25T02:00:00Z')).map((id) => id.slice(-9))).toEqual([
      '01-10-00Z',
      '00-40-00Z',
    ]);
  });
});
