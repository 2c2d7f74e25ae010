import { expect, test } from 'vitest';
import { oldestDays } from '../../lib/transition-warnings.ts';

test.each([
  [{ daily: 7, weekly: 4 }, 28],
  [{ daily: 7, monthly: 12, within: { days: 30 } }, 372],
  [{ within: { years: 1, months: 6 } }, 552],
  [{ hourly: 24 }, 1],
  [{ daily: 7, yearly: 'all' }, undefined],
  [{ last: 10 }, undefined],
] as const)('%j keeps the oldest for %s days', (keep, days) => {
  expect(oldestDays(keep)).toBe(days);
});
