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

/** The times that restic's own tests of its policies go by, at 10:20:30 where nothing else is said. */
const times = [
  ...[2014, 2015].flatMap((year) => [
    ...['08', '11'].flatMap((month) =>
      ['08', '10', '12', '13', '13', '15', '18', '20', '21', '22'].map(
        (day) => `${year}-${month}-${day}T10:20:30Z`,
      ),
    ),
    ...['09', '10'].flatMap((month) =>
      ['01', '02', '05', '06', '08', '09', '10', '11', '20', '22'].map(
        (day) => `${year}-${month}-${day}T10:20:30Z`,
      ),
    ),
  ]),
  ...Array.from({ length: 3 }, () => '2015-10-22T10:20:30Z'),
  ...'01T01:02 01T01:03 01T07:08 03T07:02 04T10:23 04T11:23 04T12:23 04T12:24 04T12:28 04T12:30 04T16:23'
    .split(' ')
    .map((time) => `2016-01-${time}:03Z`),
  ...'05T09:02 06T08:02 07T10:02 08T20:02 09T21:02 12T21:02 12T21:08 18T12:02'
    .split(' ')
    .map((time) => `2016-01-${time}:03Z`),
];

// The restic commands of the same words keep what stands here, by the results that lie beside its tests.
test.each([
  [
    'hourly=20',
    '2016-01-18T12 2016-01-12T21 2016-01-09T21 2016-01-08T20 2016-01-07T10 2016-01-06T08 2016-01-05T09 2016-01-04T16 ' +
      '2016-01-04T12 2016-01-04T11 2016-01-04T10 2016-01-03T07 2016-01-01T07 2016-01-01T01 2015-11-22T10 ' +
      '2015-11-21T10 2015-11-20T10 2015-11-18T10 2015-11-15T10 2015-11-13T10',
  ],
  [
    'daily=10',
    '2016-01-18T12 2016-01-12T21 2016-01-09T21 2016-01-08T20 2016-01-07T10 2016-01-06T08 2016-01-05T09 2016-01-04T16 ' +
      '2016-01-03T07 2016-01-01T07',
  ],
  ['monthly=6', '2016-01-18T12 2015-11-22T10 2015-10-22T10 2015-09-22T10 2015-08-22T10 2014-11-22T10'],
  [
    'daily=2,weekly=2,monthly=6',
    '2016-01-18T12 2016-01-12T21 2015-11-22T10 2015-10-22T10 2015-09-22T10 2015-08-22T10 2014-11-22T10',
  ],
  // Three years are fewer than ten: the oldest stays too.
  ['yearly=10', '2016-01-18T12 2015-11-22T10 2014-11-22T10 2014-08-08T10'],
  ['within=2d', '2016-01-18T12'],
  [
    'within=13d23h',
    '2016-01-18T12 2016-01-12T21 2016-01-12T21 2016-01-09T21 2016-01-08T20 2016-01-07T10 2016-01-06T08 2016-01-05T09 ' +
      '2016-01-04T16',
  ],
])('restic: %s of the times of its own tests', (keep, expected) => {
  const group = times.map((time, index) => backupAt(time, { id: `${time}/${index}` }));
  const kept = keptIds(group, policyFor(keep, { min: 1 }), new Date('2016-01-18T13:00:00Z'));
  expect(kept.map((id) => id.slice(0, 13)).join(' ')).toBe(expected);
  expect(times).toHaveLength(102);
});
