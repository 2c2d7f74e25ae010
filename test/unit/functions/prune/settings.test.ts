import { expect, test } from 'vitest';
import { stopBefore } from '../../../../functions/lambda/deadline.ts';
import { readPruneSettings, sourcesOf } from '../../../../functions/prune/settings.ts';

const environment = {
  PGPROOF_STORE: 's3://bucket/pg',
  PGPROOF_SOURCES: '["a","b","c"]',
  PGPROOF_KEEP: '{"daily":7,"monthly":"all","within":"30d"}',
  PGPROOF_TOPIC_ARN: 'arn:aws:sns:eu-central-1:111122223333:topic',
};
const morning = new Date('2026-11-27T06:00:00Z');

test('reads the policy, and fills in what is not there', () => {
  expect(readPruneSettings(environment)).toMatchObject({
    sources: ['a', 'b', 'c'],
    lock: undefined,
    policy: {
      keep: { daily: 7, monthly: 'all', within: { days: 30 } },
      min: 3,
      timeZone: 'UTC',
      verified: true,
      cliff: 0.5,
    },
  });
  const more = {
    PGPROOF_KEEP_MIN: '5',
    PGPROOF_CLIFF: '0',
    PGPROOF_TIME_ZONE: 'Europe/Berlin',
    PGPROOF_KEEP_VERIFIED: 'false',
    PGPROOF_OBJECT_LOCK: 'governance:30',
  };
  expect(readPruneSettings({ ...environment, ...more })).toMatchObject({
    lock: { mode: 'governance', days: 30 },
    policy: { min: 5, cliff: 0, timeZone: 'Europe/Berlin', verified: false },
  });
});

test.each([
  ['PGPROOF_KEEP', '{}', /keeps nothing/],
  ['PGPROOF_KEEP', '{"daily":-1}', /daily/],
  ['PGPROOF_KEEP', 'daily=7', /JSON/],
  ['PGPROOF_KEEP_MIN', '0', /\b0\b/],
  ['PGPROOF_KEEP_MIN', 'three', /NaN|number/],
  ['PGPROOF_TIME_ZONE', '+02:00', /\+02:00/],
  ['PGPROOF_OBJECT_LOCK', 'governance', /PGPROOF_OBJECT_LOCK/],
  ['PGPROOF_SOURCES', '[]', /PGPROOF_SOURCES/],
  ['PGPROOF_STORE', 'file:///tmp', /PGPROOF_STORE/],
  ['PGPROOF_KEEP_DAYS', '7', /PGPROOF_KEEP_DAYS: unknown/],
])('%s=%s is refused', (variable, value, message) => {
  expect(() => readPruneSettings({ ...environment, [variable]: value })).toThrow(message);
});

test('each day another source is the first: one that takes all the time does not starve the others', () => {
  const settings = readPruneSettings(environment);
  const firsts = [0, 1, 2, 3].map((days) => {
    const [first] = sourcesOf(settings, {}, new Date(morning.getTime() + days * 86_400_000));
    return first;
  });
  expect(new Set(firsts.slice(0, 3))).toEqual(new Set(['a', 'b', 'c']));
  expect(firsts[3]).toBe(firsts[0]);
  expect([...sourcesOf(settings, {}, morning)].sort()).toEqual(['a', 'b', 'c']);
});

test('an event names one of the sources of the stack, or none', () => {
  const settings = readPruneSettings(environment);
  expect(sourcesOf(settings, { source: 'b' }, morning)).toEqual(['b']);
  expect(() => sourcesOf(settings, { source: 'payroll' }, morning)).toThrow(/"payroll" \(expected a, b, c\)/);
});

test('nothing new is begun in the last minute, or the second half of a short limit', () => {
  const at = (seconds: number): number =>
    (stopBefore({ getRemainingTimeInMillis: () => seconds * 1_000 }, morning).getTime() - +morning) / 1_000;
  expect(at(900)).toBe(840);
  expect(at(60)).toBe(30);
});
