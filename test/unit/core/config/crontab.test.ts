import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cronProblem } from '../../../../core/config/cron.ts';
import { cronText, toEventBridge } from '../../../../core/config/crontab.ts';

test.each([
  ['0 2 * * *', 'cron(0 2 * * ? *)'],
  ['  5\t4 *  * * ', 'cron(5 4 * * ? *)'],
  ['*/15 * * * *', 'cron(0,15,30,45 * * * ? *)'],
  ['0 0-6/2,23 * * *', 'cron(0 0,2,4,6,23 * * ? *)'],
  ['0 2 * * 0', 'cron(0 2 ? * 1 *)'],
  ['0 2 * * 7', 'cron(0 2 ? * 1 *)'],
  ['0 2 * * mon-fri', 'cron(0 2 ? * 2,3,4,5,6 *)'],
  ['0 2 * * fri-sun', 'cron(0 2 ? * 1,6,7 *)'],
  ['0 2 * * 5-7', 'cron(0 2 ? * 1,6,7 *)'],
  ['0 2 * * 0-7', 'cron(0 2 * * ? *)'],
  ['0 2 * * */2', 'cron(0 2 ? * 1,3,5,7 *)'],
  ['0 2 1,15 * *', 'cron(0 2 1,15 * ? *)'],
  ['0 2 1 jan,JUL *', 'cron(0 2 1 1,7 ? *)'],
  ['0 2 29 2 *', 'cron(0 2 29 2 ? *)'],
  ['@daily', 'cron(0 0 * * ? *)'],
  ['@Midnight', 'cron(0 0 * * ? *)'],
  ['@weekly', 'cron(0 0 ? * 1 *)'],
  ['@monthly', 'cron(0 0 1 * ? *)'],
  ['@yearly', 'cron(0 0 1 1 ? *)'],
  ['@hourly', 'cron(0 * * * ? *)'],
  ['cron(0 2 ? * MON-FRI *)', 'cron(0 2 ? * MON-FRI *)'],
])('%s is %s', (text, cron) => {
  expect(toEventBridge(text)).toEqual({ cron });
  expect(cronText.parse(text)).toBe(cron);
});

test.each([
  ['', 'neither five fields'],
  ['0 2 * *', 'neither five fields'],
  ['0 2 * * * *', 'neither five fields'],
  ['rate(1 day)', 'neither five fields'],
  ['60 2 * * *', '60 is no minutes'],
  ['0 24 * * *', '24 is no hours'],
  ['0 2 0 * *', '0 is no day of month'],
  ['0 2 * 13 *', '13 is no month'],
  ['0 2 * * 8', '8 is no day of week'],
  ['0 2 * * 5-2', '5-2 is no day of week'],
  ['0 2 L * *', 'L is no day of month'],
  ['5/15 2 * * *', '5/15 is no minutes'],
  ['*/0 2 * * *', '*/0 is no minutes'],
  ['1,,2 2 * * *', '1,,2 is no minutes'],
  ['0 2 1 * mon', 'days of the month and days of the week'],
  ['0 2 30 2 *', 'it never comes'],
  ['@reboot', '@daily'],
  ['cron(0 2 * * * *)', 'exactly one of'],
])('%j is refused: %s', (text, why) => {
  expect(toEventBridge(text).problem).toContain(why);
  expect(cronText.safeParse(text).error?.issues[0]?.message).toContain(why);
});

test('whatever is translated EventBridge takes', () => {
  const field = (min: number, max: number): fc.Arbitrary<string> =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: 2, max: 9 }).map((step) => `*/${step}`),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.array(fc.integer({ min, max }), { minLength: 1, maxLength: 4 }).map((list) => list.join(',')),
    );
  const expression = fc
    .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7))
    .map((fields) => fields.join(' '));
  let translated = 0;
  fc.assert(
    fc.property(expression, (text) => {
      const { cron } = toEventBridge(text);
      if (cron === undefined) return;
      translated += 1;
      expect(cronProblem(cron)).toBeUndefined();
    }),
  );
  expect(translated).toBeGreaterThan(10);
});
