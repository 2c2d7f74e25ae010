import { describe, expect, test } from 'vitest';
import { decide } from '../../../../core/retention/decide.ts';
import type { RetainedBackup } from '../../../../core/retention/shapes.ts';
import {
  backupAt,
  dayMs,
  hourMs,
  isKept,
  keptIds,
  lineOf,
  nightly,
  policyFor,
  words,
} from '../../../support/retention/histories.ts';

const last = '2026-11-27T02:00:00Z';
const now = new Date('2026-11-27T03:00:00Z');
const night = (date: string): string => `shop/app/${date}T02-00-00Z`;
const shortly = policyFor('daily=2', { min: 1 });

describe('what counts', () => {
  test('thirty failing nights after ten good ones leave the good ones, and say so', () => {
    const group = nightly(last, 40, (index) => ({ standing: index < 10 ? 'proven' : 'bad' }));
    const { lines, refusal } = decide(group, shortly, now);
    expect(lines.every(isKept)).toBe(true);
    expect(refusal).toEqual({ kind: 'newest-bad', newest: night('2026-11-27') });
    // Long after, and although they are older than thirty days.
    expect(keptIds(group, shortly, new Date('2027-11-27T03:00:00Z'))).toHaveLength(40);
  });

  test('as soon as a good one came after them, rules and floor are as before; three good ones let old failures go', () => {
    const failed = nightly(last, 40, (index) => ({ standing: index < 10 ? 'proven' : 'bad' }));
    const withGood = (nights: number): RetainedBackup[] => [
      ...failed,
      ...nightly('2026-12-31T02:00:00Z', 34).slice(-nights),
    ];
    const then = new Date('2027-01-02T03:00:00Z');
    const policy = policyFor('daily=2');
    const left = (nights: number): string[] => keptIds(withGood(nights), policy, then);
    expect(left(1)).toHaveLength(1 + 30 + 2);
    expect(left(2)).toHaveLength(2 + 30 + 1);
    // Of the failed ones those stay that are not older than thirty days: none.
    expect(left(3)).toEqual(['2026-12-31', '2026-12-30', '2026-12-29'].map(night));
  });

  test('a failed one goes when it is older than thirty days, and not at thirty', () => {
    const group = nightly(last, 40, (index) => ({ standing: index === 5 ? 'bad' : 'proven' }));
    const bad = group[5];
    const fewer = group.slice(0, 20);
    const then = (ms: number): string | undefined =>
      lineOf(bad?.id ?? '', fewer, shortly, new Date((bad?.startedAt.getTime() ?? 0) + 30 * dayMs + ms))
        ?.action;
    expect([then(0), then(1)]).toEqual(['keep', 'remove']);
  });

  test('bad, unverified, partial and future ones push nothing out, and stand for nothing', () => {
    const group = nightly(last, 9, (index) =>
      index === 7
        ? { standing: 'bad' }
        : index === 6
          ? { standing: 'unverified' }
          : index === 5
            ? { isPartial: true }
            : {},
    );
    const ahead = backupAt(now.getTime() + 30 * 60_000, { standing: 'proven' });
    expect(keptIds(group, policyFor('daily=3', { min: 1 }), now)).toEqual(
      ['2026-11-27', '2026-11-26', '2026-11-25', '2026-11-24', '2026-11-23', '2026-11-22'].map(night),
    );
    expect(words(lineOf(night('2026-11-24'), group, shortly, now)?.reasons)).toEqual(['not-counted']);
    // Half an hour ahead is another machine's clock.
    expect(words(lineOf(ahead.id, [...group, ahead], shortly, now)?.reasons)).toContain(
      'daily 1/2 2026-11-27',
    );
  });

  test('a database of which there are partial ones only keeps them all, for ever; with whole ones the old ones go', () => {
    const partial = nightly(last, 60, () => ({ standing: 'proven', isPartial: true }));
    const later = new Date('2027-11-27T03:00:00Z');
    expect(keptIds(partial, shortly, later)).toHaveLength(60);
    const whole = nightly('2026-12-01T02:30:00Z', 1, () => ({ standing: 'proven' }));
    expect(keptIds([...partial, ...whole], shortly, later)).toEqual(whole.map(({ id }) => id));
  });

  test('where nothing is ever verified, what was never verified counts', () => {
    const group = nightly(last, 9, () => ({ standing: 'unverified' }));
    expect(decide(group, policyFor('daily=2'), now).refusal?.kind).toBe('newest-bad');
    expect(keptIds(group, policyFor('daily=2', { verified: true }), now)).toHaveLength(9);
    expect(keptIds(group, policyFor('daily=2', { verified: false }), now)).toHaveLength(3);
  });

  test('a newest one that waits for its verification refuses nothing for a day', () => {
    const group = nightly(last, 9, (index) => ({ standing: index === 8 ? 'unverified' : 'proven' }));
    expect(keptIds(group, policyFor('daily=2'), now)).toHaveLength(4);
    const aDayLater = new Date(Date.parse(last) + dayMs);
    expect(decide(group, policyFor('daily=2'), aDayLater).refusal).toBeUndefined();
    const later = new Date(aDayLater.getTime() + 1);
    expect(decide(group, policyFor('daily=2'), later).refusal).toEqual({
      kind: 'newest-bad',
      newest: night('2026-11-27'),
    });
    // And the one before it decides meanwhile.
    const afterBad = group.map((one, index) => (index === 7 ? { ...one, standing: 'bad' as const } : one));
    expect(decide(afterBad, policyFor('daily=2'), now).refusal?.kind).toBe('newest-bad');
  });

  test('within a day a proven one is preferred to a newer one that is not; the newest good one stays anyway', () => {
    const group = ['2026-11-25', '2026-11-26', '2026-11-27'].flatMap((date) => [
      backupAt(`${date}T01:00:00Z`, { standing: 'proven' }),
      backupAt(`${date}T02:00:00Z`, { standing: 'good' }),
    ]);
    expect(keptIds(group, policyFor('daily=2', { min: 1 }), now).map((id) => id.slice(9))).toEqual([
      '2026-11-27T02-00-00Z',
      '2026-11-27T01-00-00Z',
      '2026-11-26T01-00-00Z',
    ]);
  });
});

describe('what beats the rules', () => {
  test('the newest good ones stay, however old', () => {
    const group = nightly('2020-01-05T02:00:00Z', 9);
    const policy = policyFor('last=1');
    expect(keptIds(group, policy, now)).toEqual(['2020-01-05', '2020-01-04', '2020-01-03'].map(night));
    expect(words(lineOf(night('2020-01-04'), group, policy, now)?.reasons)).toEqual(['min']);
  });

  test('a hold keeps good and bad ones until it is over; one without an end, or with an unreadable one, for ever', () => {
    const at = (
      until: Date | undefined,
      standing: RetainedBackup['standing'] = 'proven',
    ): Partial<RetainedBackup> => ({
      standing,
      hold: { reason: 'audit', until },
    });
    const group = nightly(last, 90, (index) =>
      index === 0
        ? at(undefined, 'bad')
        : index === 1
          ? at(new Date(Number.NaN))
          : index === 2
            ? at(now)
            : index === 3
              ? at(new Date(now.getTime() + 1))
              : {},
    );
    const kept = decide(group, shortly, now).lines.filter(isKept).slice(2);
    expect(kept.map(({ reasons, until }) => [words(reasons), until?.getTime()])).toEqual([
      [['hold'], now.getTime() + 1],
      [['hold'], undefined],
      [['hold'], undefined],
    ]);
  });

  test('a lock keeps until it is over', () => {
    const locks = [new Date(Number.NaN), now, new Date(now.getTime() + dayMs)];
    const group = nightly(last, 9, (index) => ({ lockedUntil: locks[index] }));
    const kept = decide(group, shortly, now).lines.filter(isKept).slice(2);
    expect(kept.map(({ reasons, until }) => [words(reasons), until])).toEqual([
      [['locked'], locks[2]],
      [['locked'], undefined],
    ]);
  });

  test('a clock before the newest backup, or before the last prune, removes nothing and says which', () => {
    const group = nightly(last, 9);
    const early = new Date(Date.parse(last) - hourMs - 1);
    expect(decide(group, shortly, early).refusal).toEqual({
      kind: 'clock',
      now: early,
      other: new Date(last),
      of: 'newest',
    });
    expect(decide(group, shortly, new Date(early.getTime() + 1)).refusal).toBeUndefined();
    const pruned = new Date(now.getTime() + 1);
    const { lines, refusal } = decide(group, shortly, now, pruned);
    expect(refusal).toEqual({ kind: 'clock', now, other: pruned, of: 'prune' });
    expect(lines.filter(({ reasons }) => words(reasons).includes('clock'))).toHaveLength(7);
    expect(decide(group, shortly, now, now).refusal).toBeUndefined();
  });
});

describe('until when', () => {
  const policy = policyFor('daily=7,weekly=4,monthly=12,yearly=3');
  const group = nightly(last, 400);
  const untilOf = (date: string): string | undefined =>
    lineOf(night(date), group, policy, now)?.until?.toISOString().slice(0, 10);

  test.each([
    // A Friday's stands for its week until Saturday's is there, and for a day until seven others have one.
    ['2026-11-27', '2026-12-04'],
    ['2026-11-26', '2026-12-03'],
    // A Sunday's: four weeks.
    ['2026-11-22', '2026-12-14'],
    ['2026-10-31', '2027-10-01'],
    ['2025-12-31', '2028-01-01'],
  ])('that of %s may go on %s', (date, until) => {
    expect(untilOf(date)).toBe(until);
  });

  test('it goes then, and not before, if a backup is made every day', () => {
    const future = nightly('2027-12-31T02:00:00Z', 799);
    for (const { id, until } of decide(group, policy, now).lines.filter(isKept)) {
      if (until === undefined || until > new Date('2027-12-01T00:00:00Z')) continue;
      const at = (days: number): boolean => {
        const time = until.getTime() + 3 * hourMs + days * dayMs;
        return keptIds(
          future.filter(({ startedAt }) => startedAt.getTime() <= time),
          policy,
          new Date(time),
        ).includes(id);
      };
      expect([id, at(-1), at(0)]).toEqual([id, true, false]);
    }
  });

  test('nobody knows of what is kept for ever, nor of last where days do not count', () => {
    expect(lineOf(night('2026-11-01'), group, policyFor('daily=all'), now)?.until).toBeUndefined();
    expect(lineOf(night('2026-11-27'), group, policyFor('last=3'), now)?.until).toBeUndefined();
    expect(lineOf(night('2026-11-27'), group, policyFor('last=3,daily=1'), now)?.until).toEqual(
      new Date('2026-11-30T00:00:00Z'),
    );
  });

  test('where backups have stopped, nothing is said to go in the past', () => {
    const stopped = nightly('2020-01-05T02:00:00Z', 30);
    for (const { until } of decide(stopped, policy, now).lines.filter(isKept))
      expect(until === undefined || until >= now).toBe(true);
  });

  test('within: until it is as old as that', () => {
    const line = lineOf(
      night('2026-11-20'),
      group,
      policyFor('within=30d', { timeZone: 'Europe/Berlin' }),
      now,
    );
    expect(line?.until).toEqual(new Date('2026-12-20T02:00:00Z'));
    expect(keptIds(group, policyFor('within=30d'), now)).toHaveLength(30);
  });
});

describe('what a damaged store may hold', () => {
  const broken = [Number.NaN, 8.64e15, -8.64e15, Date.parse('+010000-01-01T00:00:00Z')];

  test('a backup without a time that can be read never goes, and disturbs nothing', () => {
    const group = [
      ...nightly(last, 9),
      ...broken.map((time, index) => ({ ...backupAt(0), id: `odd/${index}`, startedAt: new Date(time) })),
    ];
    const { lines, refusal } = decide(group, shortly, now);
    expect(refusal).toBeUndefined();
    expect(lines.filter(isKept).map(({ id }) => id)).toEqual([
      ...['2026-11-27', '2026-11-26'].map(night),
      'odd/3',
      'odd/2',
      'odd/1',
      'odd/0',
    ]);
    expect(() => JSON.stringify(lines)).not.toThrow();
  });

  test.each(broken)('nothing is decided at the time %d', (time) => {
    expect(() => decide(nightly(last, 9), shortly, new Date(time))).toThrow(RangeError);
    expect(() => decide(nightly(last, 9), shortly, now, new Date(time))).toThrow(RangeError);
  });

  test.each([
    { keep: {} },
    { keep: { daily: 0 } },
    { keep: { daily: -1 } },
    { keep: { daily: Number.NaN } },
    { keep: { daily: 1.5 } },
    { min: 0 },
    { min: Number.NaN },
    { cliff: Number.NaN },
  ])('nothing is decided by %j, which no policy is', (wrong) => {
    expect(() => decide(nightly(last, 9), { ...shortly, ...wrong }, now)).toThrow(RangeError);
  });

  test('nothing is decided where a backup stands twice', () => {
    expect(() => decide([...nightly(last, 2), ...nightly(last, 1)], shortly, now)).toThrow(RangeError);
  });

  test('the largest numbers a policy may have', () => {
    const most = Object.fromEntries(
      ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'].map((rule) => [rule, 100_000]),
    );
    const policy = policyFor({ ...most, within: '100000y100000m100000w100000d100000h' }, { min: 100_000 });
    const { lines } = decide(nightly(last, 9), policy, now);
    expect(lines.every(isKept)).toBe(true);
    expect(lines[0]?.until?.getUTCFullYear()).toBeGreaterThan(100_000);
  });

  test('nothing at all, and no good one', () => {
    expect(decide([], shortly, now)).toEqual({ lines: [], refusal: undefined });
    const bad = nightly(last, 90, () => ({ standing: 'bad', volume: undefined }));
    expect(keptIds(bad, shortly, now)).toHaveLength(90);
  });
});
