import { expect, test } from 'vitest';
import { formatObjectLock, lockFrom, parseObjectLock } from '../../../../core/config/object-lock.ts';
import { UsageError } from '../../../../core/errors.ts';

test.each([
  ['governance:30', { mode: 'governance', days: 30 }],
  ['compliance:1', { mode: 'compliance', days: 1 }],
  ['governance:3650', { mode: 'governance', days: 3650 }],
] as const)('%s', (text, lock) => {
  expect(parseObjectLock(text)).toEqual(lock);
  expect(formatObjectLock(lock)).toBe(text);
});

test.each([
  '',
  'governance',
  '30',
  'governance:',
  'governance:0',
  'governance:3651',
  'GOVERNANCE:30',
  'governance:30d',
  'governance:-1',
  'governance:1.5',
  'governance:30 ',
  'legal:30',
  'governance: 30',
  'governance:30,compliance:30',
])('refuses %j', (text) => {
  expect(() => parseObjectLock(text)).toThrow(UsageError);
  expect(() => parseObjectLock(text)).toThrow('1 to 3650 days');
});

test('a lock counts whole days from now', () => {
  expect(lockFrom({ mode: 'compliance', days: 30 }, new Date('2026-03-01T12:00:00Z'))).toEqual({
    mode: 'compliance',
    until: new Date('2026-03-31T12:00:00Z'),
  });
  expect(lockFrom(undefined, new Date())).toBeUndefined();
});
