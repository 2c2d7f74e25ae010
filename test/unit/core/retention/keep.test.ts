import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../../core/errors.ts';
import { formatKeep, keepOf, parseKeep } from '../../../../core/retention/keep.ts';
import { keepSchema, policyOf } from '../../../../core/retention/policy.ts';
import { type Count, countingRules, type Keep } from '../../../../core/retention/shapes.ts';

/** What is thrown, as people read it. */
function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error: unknown) {
    expect(error).toBeInstanceOf(UsageError);
    return error instanceof Error ? error.message : '';
  }
  throw new Error('nothing was refused');
}

describe('what is to be kept, as text', () => {
  test.each<[string, Keep]>([
    [
      'last=7,hourly=24,daily=7,weekly=4,monthly=12,yearly=3,within=30d',
      { last: 7, hourly: 24, daily: 7, weekly: 4, monthly: 12, yearly: 3, within: { days: 30 } },
    ],
    ['daily=all', { daily: 'all' }],
    ['yearly=unlimited', { yearly: 'all' }],
    [' daily = 7 , weekly = 4 ', { daily: 7, weekly: 4 }],
    ['daily=0,weekly=4', { weekly: 4 }],
    ['within=1y6m2w3d12h', { within: { years: 1, months: 6, weeks: 2, days: 3, hours: 12 } }],
    ['within=12h3d', { within: { hours: 12, days: 3 } }],
    ['last=100000', { last: 100_000 }],
  ])('%s', (text, keep) => {
    expect(parseKeep(text)).toEqual(keep);
  });

  test.each([
    ['', 'no RULE=NUMBER'],
    [' ', 'no RULE=NUMBER'],
    ['daily', 'no RULE=NUMBER'],
    ['7', 'no RULE=NUMBER'],
    ['daily=7,', 'no RULE=NUMBER'],
    [',daily=7', 'no RULE=NUMBER'],
    ['daily=7,,weekly=4', 'no RULE=NUMBER'],
    ['daily=7=8', 'no RULE=NUMBER'],
    ['daily=7 weekly=4', 'no RULE=NUMBER'],
    ['dialy=7', 'unknown'],
    ['Daily=7', 'unknown'],
    ['keep-daily=7', 'unknown'],
    ['=7', 'unknown'],
    ['__proto__=7', 'unknown'],
    ['constructor=7', 'unknown'],
    ['daily=7,daily=8', 'stands twice'],
    ['within=7d,within=8d', 'stands twice'],
    ['daily=', 'no number of backups'],
    ['daily=-1', 'no number of backups'],
    ['daily=-7,weekly=4', 'no number of backups'],
    ['daily=1.5', 'no number of backups'],
    ['daily=1e3', 'no number of backups'],
    ['daily=0x7', 'no number of backups'],
    ['daily=07', 'no number of backups'],
    ['daily=７', 'no number of backups'],
    ['daily=NaN', 'no number of backups'],
    ['daily=Infinity', 'no number of backups'],
    ['daily=none', 'no number of backups'],
    ['daily=ALL', 'no number of backups'],
    ['daily=100001', 'no number of backups'],
    ['daily=99999999999999999999', 'no number of backups'],
    ['daily=7d', 'no number of backups'],
    ['daily=0', 'keeps nothing'],
    ['daily=0,weekly=0', 'keeps nothing'],
    ['within=', 'no span of time'],
    ['within=30', 'no span of time'],
    ['within=30x', 'no span of time'],
    ['within=5D', 'no span of time'],
    ['within=5M', 'no span of time'],
    ['within=-5d', 'no span of time'],
    ['within=1.5d', 'no span of time'],
    ['within=5 d', 'no span of time'],
    ['within=5d5d', 'no span of time'],
    ['within=d5', 'no span of time'],
    ['within=5d3', 'no span of time'],
    ['within=0d', 'no span of time'],
    ['within=0d,daily=7', 'no span of time'],
    ['within=all', 'no span of time'],
    ['within=999999999d', 'no span of time'],
    ['within=30days', 'no span of time'],
  ])('%s is refused: %s', (text, what) => {
    const message = refusal(() => parseKeep(text));
    expect(message).toContain(what);
    expect(message).toMatch(/\(expected .+\)\. Write the policy as .+; nothing was removed\.$/);
  });

  test('whatever stands there, it is refused or keeps something', () => {
    const almost = fc.array(
      fc.constantFrom('daily', 'within', 'last', '=', ',', '7', '0', '-', 'd', 'all', ' '),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          almost.map((parts) => parts.join('')),
        ),
        (text) => {
          let keep: Keep;
          try {
            keep = parseKeep(text);
          } catch (error: unknown) {
            expect(error).toBeInstanceOf(UsageError);
            return;
          }
          expect(Object.values(keep).length).toBeGreaterThan(0);
          for (const rule of countingRules) expect(keep[rule] ?? 1).not.toBe(0);
          expect(parseKeep(formatKeep(keep))).toEqual(keep);
        },
      ),
    );
  });
});

describe('what is to be kept, as an object', () => {
  test.each([
    [{ daily: 7, monthly: 'all', within: '1m' }, 'daily=7,monthly=all,within=1m'],
    [{ yearly: 'unlimited', last: 0 }, 'yearly=all'],
  ] as const)('%j', (object, text) => {
    expect(keepSchema.parse(object)).toEqual(object);
    expect(formatKeep(keepOf(object))).toBe(text);
  });

  test.each([
    [{}],
    [{ daily: 0 }],
    [{ daily: -1 }],
    [{ daily: 1.5 }],
    [{ daily: '7' }],
    [{ daily: null }],
    [{ dialy: 7 }],
    [{ daily: 7, within: '5D' }],
    [{ within: '30x' }],
    [{ within: 30 }],
    [{ daily: 100_001 }],
    [[]],
    ['daily=7'],
  ])('%j is refused by the schema', (object) => {
    expect(keepSchema.safeParse(object).success).toBe(false);
  });
});

describe('a policy', () => {
  test('what is not said is 3 good ones, UTC, half', () => {
    expect(policyOf({ keep: 'daily=7', verified: true })).toEqual({
      keep: { daily: 7 },
      min: 3,
      timeZone: 'UTC',
      verified: true,
      cliff: 0.5,
    });
  });

  test('rules that were parsed before are taken as they are', () => {
    const keep = parseKeep('daily=7,within=1y6m');
    expect(policyOf({ keep, verified: false }).keep).toEqual(keep);
    expect(policyOf({ keep: parseKeep('within=1y6m'), verified: false }).keep).toEqual({
      within: { years: 1, months: 6 },
    });
  });

  test.each([
    [{ min: 0 }, 'good backups'],
    [{ min: -1 }, 'good backups'],
    [{ min: 1.5 }, 'good backups'],
    [{ min: Number.NaN }, 'good backups'],
    [{ min: Number.POSITIVE_INFINITY }, 'good backups'],
    [{ timeZone: '' }, 'time zone'],
    [{ timeZone: 'Mars/Olympus' }, 'time zone'],
    [{ timeZone: '+02:00' }, 'time zone'],
    [{ cliff: -0.5 }, 'cliff'],
    [{ cliff: 50 }, 'cliff'],
    [{ cliff: Number.NaN }, 'cliff'],
    [{ keep: {} }, 'keeps nothing'],
    [{ keep: { within: {} } }, 'span'],
    [{ keep: { within: { days: -5 } } }, 'span'],
    [{ keep: { within: { days: Number.NaN } } }, 'span'],
    [{ keep: { daily: Number.NaN } }, 'number of backups'],
    [{ keep: { daily: -1 } }, 'number of backups'],
  ] as const)('%j is refused', (wrong, what) => {
    expect(refusal(() => policyOf({ keep: 'daily=7', verified: true, ...wrong }))).toContain(what);
  });

  test('what was parsed is written as it can be given again', () => {
    const count = fc.option(fc.oneof(fc.integer({ min: 1, max: 100_000 }), fc.constant<Count>('all')), {
      nil: undefined,
    });
    const rules = fc.record(Object.fromEntries(countingRules.map((rule) => [rule, count])));
    fc.assert(
      fc.property(rules, fc.integer({ min: 1, max: 99 }), (counts, days) => {
        const keep = { ...JSON.parse(JSON.stringify(counts)), within: { days } } as Keep;
        expect(parseKeep(formatKeep(keep))).toEqual(keep);
      }),
    );
  });
});
