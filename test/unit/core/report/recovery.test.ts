import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Counted, recoveryPoint, recoveryTime } from '../../../../core/report/recovery.ts';

const hour = 3_600_000;
const at = (hours: number): string => new Date(hours * hour).toISOString();

/** In hours; a backup takes none unless told. */
function pointOf(backups: readonly (readonly [number, number?])[], from: number, until: number): unknown {
  const counted = backups.map(([startedAt, took = 0]) => ({
    startedAt: startedAt * hour,
    finishedAt: (startedAt + took) * hour,
  }));
  const point = recoveryPoint(counted, from * hour, until * hour);
  if (point === undefined) return undefined;
  const { medianSeconds, worst, atEndSeconds, withoutAnySeconds } = point;
  return {
    median: medianSeconds / 3_600,
    worst: worst.seconds / 3_600,
    worstAt: worst.at,
    atEnd: atEndSeconds / 3_600,
    without: withoutAnySeconds / 3_600,
  };
}

describe('how old the newest backup was', () => {
  test('every day at the same hour: half a day in the middle, a day at the most', () => {
    expect(pointOf([[0], [24], [48]], 0, 72)).toEqual({
      median: 12,
      worst: 24,
      worstAt: at(24),
      atEnd: 24,
      without: 0,
    });
  });

  test('a backup counts once it is there, and is as old as its snapshot', () => {
    expect(
      pointOf(
        [
          [0, 2],
          [24, 2],
        ],
        2,
        26,
      ),
    ).toMatchObject({ worst: 26, worstAt: at(26) });
  });

  test('one of before the month is what there was when it began', () => {
    expect(pointOf([[-100], [50]], 0, 60)).toMatchObject({ worst: 150, worstAt: at(50), atEnd: 10 });
  });

  test('one that was taken over midnight is none before it was finished', () => {
    expect(pointOf([[-24], [-1, 3]], 0, 10)).toMatchObject({ worst: 26, worstAt: at(2), atEnd: 11 });
  });

  test('before the first there was none', () => {
    expect(pointOf([[30]], 0, 40)).toMatchObject({ without: 30, worst: 10 });
    expect(pointOf([], 0, 40)).toBeUndefined();
    // Taken, but not finished yet.
    expect(pointOf([[39, 2]], 0, 40)).toBeUndefined();
  });

  test('an older one that was finished later is not the newest', () => {
    expect(
      pointOf(
        [
          [0, 20],
          [10, 1],
        ],
        11,
        31,
      ),
    ).toMatchObject({ atEnd: 21, worst: 21 });
  });

  test('whatever there was, nothing is older than the worst, and half the time below the middle', () => {
    const backup = fc.record({
      startedAt: fc.integer({ min: 0, max: 1_000 }),
      took: fc.integer({ min: 0, max: 200 }),
    });
    fc.assert(
      fc.property(fc.array(backup, { maxLength: 12 }), (made) => {
        const counted: Counted[] = made.map(({ startedAt, took }) => ({
          startedAt: startedAt * 60_000,
          finishedAt: (startedAt + took) * 60_000,
        }));
        const point = recoveryPoint(counted, 0, 1_000 * 60_000);
        // Asked at every minute.
        const ages = [...Array(1_000).keys()].flatMap((minute) => {
          const time = (minute + 0.5) * 60_000;
          const there = counted.filter(({ finishedAt }) => finishedAt <= time);
          return there.length === 0 ? [] : [(time - Math.max(...there.map((one) => one.startedAt))) / 1_000];
        });
        expect(point === undefined).toBe(ages.length === 0);
        if (point === undefined) return;
        expect(Math.abs(point.worst.seconds - Math.max(...ages))).toBeLessThanOrEqual(31);
        const below = ages.filter((age) => age < point.medianSeconds - 61).length;
        const above = ages.filter((age) => age > point.medianSeconds + 61).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(ages.length / 2);
        expect(Math.round(point.withoutAnySeconds / 60)).toBe(1_000 - ages.length);
      }),
    );
  });
});

describe('how long a restore took', () => {
  const measured = [4, 40, 10].map((seconds, index) => ({ backup: `b${index}`, at: at(index), seconds }));

  test('the last, the middle, the worst', () => {
    expect(recoveryTime(measured)).toEqual({
      proofs: 3,
      last: measured[2],
      medianSeconds: 10,
      worst: measured[1],
    });
    expect(recoveryTime(measured.slice(0, 2))?.medianSeconds).toBe(22);
    expect(recoveryTime([])).toBeUndefined();
  });
});
