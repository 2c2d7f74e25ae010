import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../../../core/retention/decide.ts';
import { groupsOf } from '../../../../core/retention/groups.ts';
import {
  type Count,
  countingRules,
  type Policy,
  type RetainedBackup,
} from '../../../../core/retention/shapes.ts';
import { backupAt, dayMs, hourMs, isKept, keptIds } from '../../../support/retention/histories.ts';
import {
  goodOnes,
  heldOnes,
  keptByRule,
  pinnedOnes,
  uselessOnes,
} from '../../../support/retention/oracle.ts';
import { type Case, cases, knownAt } from '../../../support/retention/random-histories.ts';
import { isLong } from '../../../support/run/long.ts';

/** `npm run test:long` takes ten thousand of each. */
const draw = (short: number): { numRuns: number } => ({ numRuns: isLong ? 10_000 : short });
const timeout = isLong ? 6 * hourMs : 120_000;

const idsOf = (backups: readonly RetainedBackup[]): string[] => backups.map(({ id }) => id);
const timeOf = (backup: RetainedBackup | undefined): number => backup?.startedAt.getTime() ?? 0;
/** An hour after the newest. */
const soon = (history: readonly RetainedBackup[]): Date => new Date(timeOf(history.at(-1)) + hourMs);

/** Prune after each backup, as it is done every night. */
function prunedNightly(
  { history, policy }: Case,
  each: (
    store: readonly RetainedBackup[],
    removed: ReadonlySet<string>,
    now: Date,
    seen: number,
  ) => void = () => {},
): string[] {
  let store: readonly RetainedBackup[] = [];
  let lastPruneAt: Date | undefined;
  for (const [index, backup] of history.entries()) {
    store = [...store, backup];
    const now = soon(store);
    const { lines } = decide(knownAt(store, now), policy, now, lastPruneAt);
    const removed = new Set(lines.filter((line) => !isKept(line)).map(({ id }) => id));
    each(store, removed, now, index + 1);
    store = store.filter(({ id }) => !removed.has(id));
    lastPruneAt = now;
  }
  return idsOf(store);
}

describe('random histories', { timeout }, () => {
  test('exactly what no rule, floor, cliff, hold or lock keeps goes, as a second, naive reading of the rules says', () => {
    const jumps = fc.constantFrom(1, 1, 1, 24 * 20, 24 * 365 * 4);
    let went = 0;
    fc.assert(
      fc.property(cases(), jumps, ({ history, policy }, hours) => {
        const now = new Date(timeOf(history.at(-1)) + hours * hourMs);
        const { lines, refusal } = decide(history, withoutYears(policy), now);
        const removed = lines.filter((line) => !isKept(line)).map(({ id }) => id);
        if (refusal !== undefined) {
          expect(removed).toEqual([]);
          return;
        }
        const wanted = withoutYears(policy);
        const kept = keptByRule(history, wanted, now);
        const [held, pinned] = [heldOnes(history, now), pinnedOnes(history, wanted, now)];
        const useless = uselessOnes(history, wanted, now);
        const good = new Set(idsOf(goodOnes(history, wanted, now)));
        const expected = idsOf(history).filter(
          (id) => !held.has(id) && !pinned.has(id) && (good.has(id) ? !kept.has(id) : useless.has(id)),
        );
        went += expected.length;
        expect(removed.sort()).toEqual(expected.sort());
      }),
      draw(60),
    );
    expect(went).toBeGreaterThan(150);
  });

  /*
   * The conditions: the verdicts are there before prune and stay; each backup says what was before it; between two are
   * no more than 16 days; and the last night is a good one, for in a refused night nothing goes either way.
   */
  test('pruned nightly is pruned once', () => {
    let compared = 0;
    fc.assert(
      fc.property(cases({ steps: 40 }), ({ history, policy }) => {
        const now = soon(history);
        const once = decide(knownAt(history, now), policy, now);
        fc.pre(once.refusal === undefined);
        compared += once.lines.length;
        expect(prunedNightly({ history, policy }).sort()).toEqual(
          once.lines
            .filter(isKept)
            .map(({ id }) => id)
            .sort(),
        );
      }),
      draw(12),
    );
    expect(compared).toBeGreaterThan(50);
  });

  test('in no night goes what a rule, the floor, a cliff, a hold or a lock keeps, nor the newest good one', () => {
    fc.assert(
      fc.property(cases({ steps: 40 }), ({ history, policy: any }) => {
        const policy = withoutYears(any);
        prunedNightly({ history, policy }, (store, removed, now, seen) => {
          const all = knownAt(history.slice(0, seen), now);
          const mustStay = [
            ...keptByRule(all, policy, now),
            ...heldOnes(store, now),
            ...pinnedOnes(all, policy, now),
          ];
          expect(mustStay.filter((id) => removed.has(id))).toEqual([]);
          const left = goodOnes(store, policy, now).filter(({ id }) => !removed.has(id));
          const ever = goodOnes(all, policy, now);
          expect(left.length).toBeGreaterThanOrEqual(Math.min(policy.min, ever.length));
          expect(left[0]?.id).toBe(ever[0]?.id);
        });
      }),
      draw(12),
    );
  });

  test('verdicts that change from night to night never take what a rule or the floor keeps at that time', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.constantFrom('proven', 'good', 'bad', 'unverified')), {
      minLength: 45,
      maxLength: 45,
    });
    fc.assert(
      fc.property(cases({ steps: 40 }), flips, ({ history, policy }, changes) => {
        let store: readonly RetainedBackup[] = [];
        for (const [index, backup] of history.entries()) {
          const [which, standing] = changes[index] ?? [0, 'good'];
          store = [...store, backup].map((one, at, all) =>
            at === which % (2 * all.length) ? { ...one, standing } : one,
          );
          const now = soon(store);
          const goodBefore = goodOnes(store, policy, now).length;
          const kept = new Set([...keptByRule(store, policy, now), ...heldOnes(store, now)]);
          const { lines } = decide(knownAt(store, now), policy, now);
          const removed = new Set(lines.filter((line) => !isKept(line)).map(({ id }) => id));
          expect([...removed].filter((id) => kept.has(id))).toEqual([]);
          store = store.filter(({ id }) => !removed.has(id));
          expect(goodOnes(store, policy, now).length).toBeGreaterThanOrEqual(
            Math.min(policy.min, goodBefore),
          );
        }
      }),
      draw(12),
    );
  });

  test('pruned again, nothing changes', () => {
    fc.assert(
      fc.property(cases(), ({ history, policy }) => {
        const now = soon(history);
        const kept = keptIds(history, policy, now);
        const left = history.filter(({ id }) => kept.includes(id));
        expect(keptIds(left, policy, now, now)).toEqual(kept);
      }),
      draw(40),
    );
  });

  /** `yearly` is only made larger, never added: it also says how old a cliff grows. */
  test('a larger policy keeps all that a smaller one keeps', () => {
    const more = fc.record({
      add: fc.dictionary(fc.constantFrom(...countingRules), fc.integer({ min: 1, max: 5 }), {
        noNullPrototype: true,
      }),
      min: fc.nat({ max: 3 }),
      within: fc.nat({ max: 200 }),
    });
    fc.assert(
      fc.property(cases(), more, ({ history, policy }, { add, min, within }) => {
        const now = soon(history);
        const { yearly, ...others } = add;
        const grown =
          policy.keep.yearly === undefined || yearly === undefined ? others : { ...others, yearly };
        const larger: Policy = {
          ...policy,
          min: policy.min + min,
          keep: { ...policy.keep, ...sums(policy, grown) },
        };
        const hours = (policy.keep.within?.hours ?? 0) + within;
        const largest = hours === 0 ? larger : { ...larger, keep: { ...larger.keep, within: { hours } } };
        expect(keptIds(history, largest, now)).toEqual(expect.arrayContaining(keptIds(history, policy, now)));
      }),
      draw(40),
    );
  });

  test('the order of the input does not matter', () => {
    const shuffled = cases().chain((one) =>
      fc.tuple(fc.constant(one), fc.shuffledSubarray([...one.history], { minLength: one.history.length })),
    );
    fc.assert(
      fc.property(shuffled, ([{ history, policy }, other]) => {
        const now = soon(history);
        expect(decide(other, policy, now)).toEqual(decide(history, policy, now));
      }),
      draw(30),
    );
  });

  test('a clock that was put back removes nothing', () => {
    fc.assert(
      fc.property(cases(), fc.integer({ min: 1, max: 10_000 }), ({ history, policy }, minutes) => {
        const back = new Date(timeOf(history.at(-1)) - hourMs - minutes * 60_000);
        expect(decide(history, policy, back).refusal).toMatchObject({ kind: 'clock', of: 'newest' });
        expect(keptIds(history, policy, back)).toHaveLength(history.length);
        const now = soon(history);
        const lastPruneAt = new Date(now.getTime() + minutes * 60_000);
        expect(decide(history, policy, now, lastPruneAt).refusal).toMatchObject({
          kind: 'clock',
          of: 'prune',
        });
        expect(keptIds(history, policy, now, lastPruneAt)).toHaveLength(history.length);
      }),
      draw(12),
    );
  });

  test('each line has a reason; nothing ends in the past, and what goes says why', () => {
    fc.assert(
      fc.property(cases(), ({ history, policy }) => {
        const now = soon(history);
        const { lines } = decide(history, policy, now);
        expect(lines.map(({ id }) => id).sort()).toEqual(idsOf(history).sort());
        for (const line of lines) {
          expect(line.reasons.length).toBeGreaterThan(0);
          expect((line.until ?? now) >= now).toBe(true);
          const isEnding = line.reasons.some(({ kind }) => kind === 'no-rule' || kind === 'useless');
          expect(isEnding).toBe(!isKept(line));
        }
      }),
      draw(60),
    );
  });

  test('databases whose names begin like others, and clusters of one name, never meet', () => {
    const names = fc.constantFrom(
      'app',
      'app-x',
      'app_staging',
      'app/x',
      'App',
      'äpp',
      'a\u0308pp',
      'app"],["',
    );
    const one = fc.record({
      source: names,
      database: names,
      systemIdentifier: fc.constantFrom(undefined, '7', '70', '7000000000000000001'),
      startedAt: fc.integer({ min: 0, max: 40 }).map((days) => new Date(1.7e12 + days * dayMs)),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 60 }), (backups) => {
        const groups = groupsOf(backups);
        expect(groups.flatMap((group) => group.backups)).toHaveLength(backups.length);
        expect(new Set(groups.flatMap((group) => group.backups))).toEqual(new Set(backups));
        const keys = groups.map((group) => [group.source, group.database, group.systemIdentifier]);
        expect(new Set(keys.map((key) => JSON.stringify(key))).size).toBe(groups.length);
        for (const { source, database, systemIdentifier, backups: members } of groups)
          for (const member of members) {
            expect([member.source, member.database]).toEqual([source, database]);
            expect([undefined, systemIdentifier]).toContain(member.systemIdentifier);
          }
      }),
      draw(200),
    );
  });
});

function sums({ keep }: Policy, add: Readonly<Partial<Record<string, number>>>): Policy['keep'] {
  const sum = (of: Count | undefined, more: number): Count => (of === 'all' ? of : (of ?? 0) + more);
  return Object.fromEntries(
    countingRules.flatMap((rule) => {
      const more = add[rule];
      return more === undefined ? [] : [[rule, sum(keep[rule], more)]];
    }),
  );
}

/** The naive reading knows nothing of cliffs that grow old: `decide.test.ts` does. */
function withoutYears(policy: Policy): Policy {
  const { yearly, ...keep } = policy.keep;
  return { ...policy, keep: Object.keys(keep).length > 0 ? keep : { last: yearly ?? 1 } };
}

test('the histories have in them what they are about', () => {
  const drawn = fc.sample(cases(), { numRuns: 100, seed: 7 });
  const all = drawn.flatMap(({ history }) => history);
  for (const standing of ['proven', 'good', 'bad', 'unverified'])
    expect(all.some((one) => one.standing === standing)).toBe(true);
  const reasons = drawn.flatMap(({ history, policy }) =>
    decide(history, policy, soon(history)).lines.flatMap((line) => line.reasons.map(({ kind }) => kind)),
  );
  for (const kind of [
    'rule',
    'within',
    'min',
    'cliff',
    'hold',
    'locked',
    'newest-bad',
    'not-counted',
    'no-rule',
  ])
    expect(reasons).toContain(kind);
  expect(backupAt(0).id).toBe('shop/app/1970-01-01T00-00-00Z');
});
