import { expect, test } from 'vitest';
import { cronProblem } from '../../../../core/config/cron.ts';

test.each([
  'cron(0 2 * * ? *)',
  'cron(0/15 8-18 ? * MON-FRI *)',
  'cron(15,45 0 1,15 * ? 2026-2030)',
  'cron(30 3 L * ? *)',
  'cron(30 3 L-3 * ? *)',
  'cron(30 3 15W * ? *)',
  'cron(0 4 ? JAN,JUL 2#1 *)',
  'cron(0 4 ? * 6L *)',
  'cron(0 4 ? * SUN#2 *)',
  'cron(0 4 ? * L *)',
  'cron( 0  4 *  * ? * )',
  'cron(*/5 * * * ? *)',
])('%s is accepted', (expression) => {
  expect(cronProblem(expression)).toBeUndefined();
});

test.each([
  ['0 2 * * ? *', 'it is not of the form cron(…)'],
  ['rate(1 day)', 'it is not of the form cron(…)'],
  ['cron(0 2 * * *)', 'it has 5 fields, not 6'],
  ['cron()', 'it has 1 fields, not 6'],
  ['cron(60 2 * * ? *)', '60 is no minutes'],
  ['cron(0 24 * * ? *)', '24 is no hours'],
  ['cron(0 2 32 * ? *)', '32 is no day of month'],
  ['cron(0 2 0 * ? *)', '0 is no day of month'],
  ['cron(0 2 * 13 ? *)', '13 is no month'],
  ['cron(0 2 * jan ? *)', 'jan is no month'],
  ['cron(0 2 ? * 8 *)', '8 is no day of week'],
  ['cron(0 2 ? * 2#6 *)', '2#6 is no day of week'],
  ['cron(0 2 * * ? 1969)', '1969 is no year'],
  ['cron(? 2 * * ? *)', '? is no minutes'],
  ['cron(0 5-2 * * ? *)', '5-2 is no hours'],
  ['cron(0/0 2 * * ? *)', '0/0 is no minutes'],
  ['cron(0 2, * * ? *)', '2, is no hours'],
  ['cron(0 2 * * * *)', 'exactly one of day of month and day of week must be ?'],
  ['cron(0 2 ? * ? *)', 'exactly one of day of month and day of week must be ?'],
])('%s is refused: %s', (expression, problem) => {
  expect(cronProblem(expression)).toBe(problem);
});
