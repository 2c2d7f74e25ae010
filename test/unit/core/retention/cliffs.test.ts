import { describe, expect, test } from 'vitest';
import type { RetainedBackup } from '../../../../core/retention/shapes.ts';
import { dayMs, keptIds, lineOf, nightly, policyFor, words } from '../../../support/retention/histories.ts';

const night = (date: string): string => `shop/app/${date}T02-00-00Z`;
const form = 'custom zstd:1';
const holding = (rows: number): Pick<RetainedBackup, 'volume'> => ({
  volume: { rows, bytes: 100 + rows, form },
});
const daily = policyFor('daily=2', { min: 1 });
const soon = (group: readonly RetainedBackup[]): Date =>
  new Date(Math.max(...group.map(({ startedAt }) => startedAt.getTime())) + dayMs / 24);

/** Each says what was before it, as backups do when they are made. */
function linked(group: readonly RetainedBackup[]): RetainedBackup[] {
  return group.map((backup, index) => {
    const before = group[index - 1];
    return before?.volume === undefined
      ? backup
      : { ...backup, previous: { id: before.id, ...before.volume } };
  });
}

/** Nights from 1 November on, with so many rows each. */
const nights = (
  rows: readonly number[],
  differs: (index: number) => Partial<RetainedBackup> = () => ({}),
): RetainedBackup[] =>
  linked(
    nightly(
      new Date(Date.parse('2026-10-31T02:00:00Z') + rows.length * dayMs).toISOString(),
      rows.length,
      (index) => ({
        ...holding(rows[index] ?? 0),
        ...differs(index),
      }),
    ),
  );
const times = (count: number, rows: number): number[] => Array.from({ length: count }, () => rows);
const kept = (group: readonly RetainedBackup[], policy = daily): string[] =>
  keptIds(group, policy, soon(group)).map((id) => id.slice(9, 19));
/** Pruned night after night, and what is left after the last. */
function left(group: readonly RetainedBackup[], policy = daily): string[] {
  let store: RetainedBackup[] = [];
  for (const backup of group) {
    store = [...store, backup];
    const ids = keptIds(store, policy, soon(store));
    store = store.filter(({ id }) => ids.includes(id));
  }
  return store.map(({ id }) => id.slice(9, 19)).reverse();
}

describe('a cliff', () => {
  test('pins the last before and the first after, and says that somebody must release it', () => {
    const group = nights([...times(10, 1_000), ...times(20, 400)]);
    expect(kept(group)).toEqual(['2026-11-30', '2026-11-29', '2026-11-11', '2026-11-10']);
    expect(left(group)).toEqual(kept(group));
    const line = lineOf(night('2026-11-10'), group, daily, soon(group));
    expect(line).toMatchObject({
      reasons: [
        {
          kind: 'cliff',
          side: 'before',
          other: night('2026-11-11'),
          isReleased: false,
          needsRelease: true,
          heldAt: new Date('2026-11-25T02:00:00Z'),
        },
      ],
      until: undefined,
    });
    expect(words(lineOf(night('2026-11-11'), group, daily, soon(group))?.reasons)).toEqual(['cliff after']);
  });

  test('released, it is kept until the new level has held for 14 days of backups, not of clock', () => {
    const released = (index: number): Partial<RetainedBackup> =>
      index === 9 ? { releasedAt: new Date('2026-11-12T00:00:00Z') } : {};
    const until = (count: number): string[] =>
      kept(nights([...times(10, 1_000), ...times(count, 400)], released));
    expect(until(14)).toContain('2026-11-10');
    expect(until(15)).toEqual(['2026-11-25', '2026-11-24']);
    const stopped = nights([...times(10, 1_000), ...times(5, 400)], released);
    expect(keptIds(stopped, daily, new Date('2027-11-01T00:00:00Z'))).toContain(night('2026-11-10'));
    const line = lineOf(night('2026-11-10'), stopped, daily, soon(stopped));
    expect(line?.until).toEqual(new Date('2026-11-25T02:00:00Z'));
    expect(left(nights([...times(10, 1_000), ...times(20, 400)], released))).toEqual([
      '2026-11-30',
      '2026-11-29',
    ]);
  });

  test('a release from before the cliff is not about it, nor is one of the first after', () => {
    const group = (releasedAt: Date, which: number): RetainedBackup[] =>
      nights([...times(10, 1_000), ...times(20, 400)], (index) => (index === which ? { releasedAt } : {}));
    expect(kept(group(new Date('2026-11-11T01:59:59Z'), 9))).toContain('2026-11-10');
    expect(kept(group(new Date('2026-11-12T00:00:00Z'), 10))).toContain('2026-11-10');
    expect(kept(group(new Date(Number.NaN), 9))).toContain('2026-11-10');
  });

  test('where the level comes back meanwhile, that one is kept too, and the time is counted from it', () => {
    const rows = [...times(10, 1_000), ...times(3, 400), ...times(20, 1_000)];
    const group = nights(rows, (index) =>
      index === 9 ? { releasedAt: new Date('2026-11-12T00:00:00Z') } : {},
    );
    expect(kept(group.slice(0, 26))).toEqual([
      '2026-11-26',
      '2026-11-25',
      '2026-11-14',
      '2026-11-11',
      '2026-11-10',
    ]);
    expect(left(group.slice(0, 26))).toEqual(kept(group.slice(0, 26)));
    expect(words(lineOf(night('2026-11-14'), group.slice(0, 26), daily, soon(group))?.reasons)).toEqual([
      'cliff back',
    ]);
    expect(kept(group.slice(0, 28))).toEqual(['2026-11-28', '2026-11-27']);
  });

  test('one after the other, both are pinned', () => {
    expect(kept(nights([...times(10, 1_000), ...times(5, 400), ...times(5, 10)]))).toEqual([
      '2026-11-20',
      '2026-11-19',
      '2026-11-16',
      '2026-11-15',
      '2026-11-11',
      '2026-11-10',
    ]);
  });

  test('it is seen past backups that count for nothing, which are kept as long: they say what was before', () => {
    const rows = [...times(10, 1_000), ...times(3, 0), ...times(60, 400)];
    const standing = ['bad', 'unverified', 'proven'] as const;
    const group = nights(rows, (index) =>
      index >= 10 && index < 13 ? { standing: standing[index - 10] ?? 'bad', isPartial: index === 12 } : {},
    );
    expect(left(group)).toEqual([
      '2027-01-12',
      '2027-01-11',
      '2026-11-14',
      '2026-11-13',
      '2026-11-12',
      '2026-11-11',
      '2026-11-10',
    ]);
    expect(kept(group)).toEqual(left(group));
    expect(words(lineOf(night('2026-11-12'), group, daily, soon(group))?.reasons)).toEqual(['cliff between']);
  });

  test('a slow decline is none, whatever prune took of it', () => {
    const group = nights(Array.from({ length: 70 }, (_, index) => Math.round(1_000 * 0.97 ** index)));
    const monthly = policyFor('daily=2,monthly=12', { min: 1 });
    expect(left(group, monthly)).toEqual(kept(group, monthly));
    expect(left(group, monthly)).toHaveLength(2 + 2 + 1);
  });

  test('backups of older versions do not say what was before: the nearest that is left is compared', () => {
    const group = nights([...times(10, 1_000), ...times(20, 400)]).map(
      ({ previous: _, ...backup }) => backup,
    );
    expect(left(group)).toEqual(['2026-11-30', '2026-11-29', '2026-11-11', '2026-11-10']);
  });

  test('where the one before is gone, the nearest that is left is kept for 14 days', () => {
    const group = nights([...times(10, 1_000), ...times(16, 400)]);
    const without = (count: number): RetainedBackup[] =>
      group.slice(0, count).filter((_, index) => index !== 9);
    expect(kept(without(20))).toEqual(['2026-11-20', '2026-11-19', '2026-11-11', '2026-11-09']);
    expect(lineOf(night('2026-11-09'), without(20), daily, soon(without(20)))?.until).toEqual(
      new Date('2026-11-25T02:00:00Z'),
    );
    expect(kept(without(25))).toEqual(['2026-11-25', '2026-11-24']);
  });

  test('what a backup says of the one before may be nonsense', () => {
    const group = nights([...times(10, 1_000), ...times(20, 400)]).map((backup, index, all) => ({
      ...backup,
      previous: {
        id: (index % 2 === 0 ? backup : (all.at(-1) ?? backup)).id,
        rows: 1e300,
        bytes: 1e300,
        form,
      },
    }));
    expect(kept(group)).toEqual(['2026-11-30', '2026-11-29', '2026-11-11', '2026-11-10']);
  });

  test('rows are compared where both were counted, bytes where the form is the same', () => {
    const pair = (after: RetainedBackup['volume']): boolean =>
      kept(
        linked(
          nightly('2026-11-30T02:00:00Z', 30, (index) =>
            index < 10 ? { volume: { rows: 1_000, bytes: 1_000, form } } : { volume: after },
          ),
        ),
      ).length > 2;
    expect(pair({ rows: 499, bytes: 1_000, form: 'plain none' })).toBe(true);
    expect(pair({ rows: undefined, bytes: 499, form })).toBe(true);
    expect(pair({ rows: 1_000, bytes: 499, form })).toBe(true);
    expect(pair({ rows: undefined, bytes: 10, form: 'plain none' })).toBe(false);
    expect(pair({ rows: 500, bytes: 500, form })).toBe(false);
    expect(pair(undefined)).toBe(false);
  });

  test('how much less is a cliff is the policy’s; at 0 nothing is', () => {
    const group = nights([...times(10, 1_000), ...times(20, 800)]);
    expect(kept(group)).toHaveLength(2);
    expect(kept(group, { ...daily, cliff: 0.9 })).toHaveLength(4);
    const emptied = nights([...times(10, 1_000), ...times(20, 0)]);
    expect(kept(emptied, { ...daily, cliff: 0 })).toHaveLength(2);
  });

  test('it grows old with `yearly`: so many years later, and not at the next New Year; without, never', () => {
    const group = nights([...times(60, 1_000), ...times(1_200, 400)]);
    const before = '2026-12-30';
    const isThere = (keep: string, at: string): boolean => {
      const end = Date.parse(at);
      return kept(
        group.filter(({ startedAt }) => startedAt.getTime() < end),
        policyFor(keep, { min: 1 }),
      ).includes(before);
    };
    expect(isThere('daily=2,yearly=1', '2027-01-20')).toBe(true);
    expect(isThere('daily=2,yearly=1', '2027-12-30')).toBe(true);
    expect(isThere('daily=2,yearly=1', '2028-01-02')).toBe(false);
    expect(isThere('daily=2,yearly=3', '2029-12-30')).toBe(true);
    expect(isThere('daily=2,yearly=3', '2030-01-02')).toBe(false);
    expect(isThere('daily=2,yearly=all', '2030-01-02')).toBe(true);
    expect(isThere('daily=2', '2030-01-02')).toBe(true);
  });
});
