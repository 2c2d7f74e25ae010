import { expect, test } from 'vitest';
import { backupAt, dayMs, keptIds, nightly, policyFor } from '../../../support/retention/histories.ts';

const dates = (ids: readonly string[]): string[] => ids.map((id) => id.split('/')[2]?.slice(0, 10) ?? '');

/** The example of restic's manual, "Removing snapshots according to a policy": one backup every Sunday for 12 weeks. */
const sundays = Array.from({ length: 12 }, (_, week) =>
  backupAt(Date.parse('2019-09-01T11:00:00Z') + week * 7 * dayMs),
);

test('restic: daily=4 of twelve Sundays keeps the last four Sundays', () => {
  expect(dates(keptIds(sundays, policyFor('daily=4'), new Date('2019-11-17T12:00:00Z')))).toEqual([
    '2019-11-17',
    '2019-11-10',
    '2019-11-03',
    '2019-10-27',
  ]);
});

test('restic: daily=7,weekly=5,monthly=12,yearly=75 of a backup a day for a hundred years', () => {
  const century = nightly('2019-11-17T11:00:00Z', 36_525);
  const now = new Date('2019-11-17T12:00:00Z');
  const kept = dates(keptIds(century, policyFor('daily=7,weekly=5,monthly=12,yearly=75'), now));
  // 7 days; 4 Sundays more, the fifth being the newest day; 11 ends of months more; of 74 ends of years one is a month's.
  expect(kept.slice(0, 11)).toEqual([
    ...[17, 16, 15, 14, 13, 12, 11].map((day) => `2019-11-${day}`),
    '2019-11-10',
    '2019-11-03',
    '2019-10-31',
    '2019-10-27',
  ]);
  expect(kept).toHaveLength(7 + 4 + 11 + 73);
  expect(kept.filter((date) => date.endsWith('-12-31'))).toHaveLength(74);
});

test('daily=7,weekly=4,monthly=12,yearly=3 of 1,500 nights keep 21, where borg would keep 26', () => {
  const policy = policyFor('daily=7,weekly=4,monthly=12,yearly=3');
  expect(
    keptIds(nightly('2026-11-27T02:00:00Z', 1_500), policy, new Date('2026-11-27T03:00:00Z')),
  ).toHaveLength(21);
});
