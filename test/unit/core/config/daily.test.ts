import { expect, test } from 'vitest';
import { cronProblem } from '../../../../core/config/cron.ts';
import { notDaily, pruneSchedule, sharedZone } from '../../../../core/config/daily.ts';

test.each([pruneSchedule, 'cron(0 12 ? * * *)', 'cron(*/15 6,18 * * ? *)', 'cron( 0 12  * * ? * )'])(
  '%s means every day',
  (cron) => {
    expect(cronProblem(cron)).toBeUndefined();
    expect(notDaily(cron)).toBeUndefined();
  },
);

test.each([
  'cron(0 12 ? * SUN *)',
  'cron(0 12 1 * ? *)',
  'cron(0 12 * 1 ? *)',
  'cron(0 12 * * ? 2026)',
  'cron(0 12 1/2 * ? *)',
  'rate(1 day)',
  '',
])('%s does not', (cron) => {
  expect(notDaily(cron)).toBe('it leaves out days');
});

test('a zone is shared where all schedules are in it', () => {
  expect(sharedZone(['Europe/Berlin', 'Europe/Berlin'])).toBe('Europe/Berlin');
  expect(sharedZone(['Europe/Berlin', 'UTC'])).toBeUndefined();
  expect(sharedZone([])).toBeUndefined();
});
