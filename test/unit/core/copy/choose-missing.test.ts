import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseMissing } from '../../../../core/copy/choose-missing.ts';
import { clustersOf, decideOnCluster } from '../../../../core/inventory/clusters.ts';
import { isGoodEntry, type ListEntry } from '../../../../core/inventory/entry.ts';
import { formatId } from '../../../../core/manifest/backup-id.ts';
import { Unreadable } from '../../../../core/manifest/document.ts';
import { prunedName } from '../../../../core/manifest/pruned.ts';
import { policyOf } from '../../../../core/retention/policy.ts';
import type { Policy } from '../../../../core/retention/shapes.ts';
import type { Verdict } from '../../../../core/vocabulary.ts';
import { entryOf, idAt } from '../../../support/copy/entries.ts';

const hourMs = 60 * 60 * 1_000;
const nightMs = 24 * hourMs;
const first = Date.parse('2026-01-10T02:00:00Z');
const night = (number: number): Date => new Date(first + number * nightMs);
const policy = (keep: string, min = 3): Policy => policyOf({ keep, min, verified: true });
const idsOf = (entries: readonly ListEntry[]): string[] => entries.map(({ id }) => formatId(id));

const nights = (count: number, verdict: Verdict | 'none' = 'intact'): ListEntry[] =>
  Array.from({ length: count }, (_, number) => entryOf({ id: idAt(night(number)), verdict }));

const choose = (
  from: readonly ListEntry[],
  to: readonly ListEntry[],
  rules: Policy | undefined,
  { now = night(400), removed = [] }: { readonly now?: Date; readonly removed?: readonly string[] } = {},
): ReturnType<typeof chooseMissing> =>
  chooseMissing(from, to, { policy: rules, removed: new Set(removed), now });

test('of 400 old backups only those go over that would stay there', () => {
  const from = nights(400);
  const { missing, left } = choose(from, [], policy('daily=7'));
  expect(idsOf(missing)).toEqual(idsOf(from.slice(-7)).reverse());
  expect(left).toHaveLength(393);
  expect(new Set(left.map(({ why }) => why))).toEqual(new Set(['no-rule']));
  expect(choose(from, [], undefined).missing).toHaveLength(400);
});

test('also while the newest is bad, which keeps everything that lies there already', () => {
  const from = [...nights(399), entryOf({ id: idAt(night(399)), verdict: 'failed' })];
  const { missing, left } = choose(from, [], policy('daily=7'));
  expect(idsOf(missing)).toEqual(idsOf(from.slice(-8, -1)).reverse());
  expect(left[0]).toEqual({ id: formatId(idAt(night(399))), why: 'failed' });
});

test('also where the clock is wrong', () => {
  const { missing } = choose(nights(400), [], policy('daily=7'), { now: night(100) });
  expect(missing.length).toBeLessThan(400);
});

test('the older ones that the first store has lost count as kept there', () => {
  const all = nights(60);
  const { missing } = choose(all.slice(-3), all.slice(0, -3), policy('daily=7,monthly=12'));
  expect(idsOf(missing)).toEqual(idsOf(all.slice(-3)).reverse());
});

test('what is unreadable, failed, about to be deleted, or was pruned there is left, each with its reason', () => {
  const [one, two, three, four, five] = nights(5);
  if (!(one && two && three && four && five)) throw new Error('five nights');
  const from = [
    { ...one, summary: new Unreadable('damaged') },
    entryOf({ id: two.id, verdict: 'failed' }),
    { ...three, documents: new Map([[prunedName, { bytes: 1, modifiedAt: night(3) }]]) },
    four,
    entryOf({ id: five.id, verdict: 'none' }),
  ];
  const { missing, left } = choose(from, [], undefined, { removed: [formatId(four.id)] });
  expect(idsOf(missing)).toEqual([formatId(five.id)]);
  expect(left.map(({ why }) => why)).toEqual(['removed', 'pruned', 'failed', 'unreadable']);
});

type Night = { readonly verdict: Verdict | 'none'; readonly isAway: boolean; readonly losesTo: number };

/** A year of copies and prunes, as two stores see it. */
function simulate(history: readonly Night[], rules: Policy): void {
  let from: ListEntry[] = [];
  let to: ListEntry[] = [];
  const removed = new Set<string>();
  for (const [number, { verdict, isAway, losesTo }] of history.entries()) {
    from = [...from, entryOf({ id: idAt(night(number)), verdict })].slice(-losesTo);
    if (isAway) continue;
    const now = new Date(night(number).getTime() + hourMs);
    const context = { policy: rules, removed, now };
    const { missing, left } = chooseMissing(from, to, context);
    const before = new Set(idsOf(to));
    for (const id of idsOf(missing)) {
      expect(before.has(id)).toBe(false);
      expect(removed.has(id)).toBe(false);
    }
    expect(missing.length + left.length).toBe(from.filter(({ id }) => !before.has(formatId(id))).length);
    to = [...to, ...missing];
    expect(chooseMissing(from, to, context).missing).toEqual([]);
    const newest = from.filter(isGoodEntry).at(-1);
    if (newest !== undefined) expect(idsOf(to)).toContain(formatId(newest.id));
    // Prune of the copy, at the same moment: nothing goes that has just come.
    const lines = clustersOf(to).flatMap((cluster) => decideOnCluster(cluster, rules, now).lines);
    const goes = lines.filter(({ action }) => action === 'remove').map(({ id }) => id);
    const come = new Set(idsOf(missing));
    expect(goes.filter((id) => come.has(id))).toEqual([]);
    for (const id of goes) removed.add(id);
    to = to.filter(({ id }) => !removed.has(formatId(id)));
  }
}

test('whatever the nights were: nothing is copied twice, for nothing, or again once it was pruned', () => {
  const one = fc.record<Night>({
    verdict: fc.constantFrom<Verdict | 'none'>(
      'intact',
      'intact',
      'intact',
      'proven',
      'failed',
      'none',
      'unverifiable',
    ),
    isAway: fc.constantFrom(false, false, false, true),
    losesTo: fc.constantFrom(5, 20, 60),
  });
  const keep = fc.constantFrom(
    'last=3',
    'daily=5',
    'daily=3,weekly=4',
    'within=10d,monthly=3',
    'weekly=2,yearly=all',
  );
  fc.assert(
    fc.property(
      fc.array(one, { minLength: 1, maxLength: 70 }),
      keep,
      fc.integer({ min: 1, max: 4 }),
      (history, rules, min) => simulate(history, policy(rules, min)),
    ),
    { numRuns: 60 },
  );
});
