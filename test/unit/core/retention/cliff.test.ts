import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fallen, isCliff } from '../../../../core/retention/cliff.ts';
import type { Volume } from '../../../../core/retention/shapes.ts';

const volume = (rows: number | undefined, bytes = 1_000, form = 'custom zstd:1'): Volume => ({
  rows,
  bytes,
  form,
});

describe('a cliff', () => {
  it.each([
    ['less than half of the rows', volume(100), volume(49), ['rows']],
    ['exactly half', volume(100), volume(50), []],
    ['all rows', volume(3), volume(0), ['rows']],
    ['two of three rows: no database is too small', volume(3), volume(1), ['rows']],
    ['one of one', volume(1), volume(0), ['rows']],
    ['nothing before', volume(0), volume(0), []],
    ['less than half of the bytes', volume(10, 1_000), volume(10, 499), ['bytes']],
    ['both', volume(10, 1_000), volume(1, 100), ['rows', 'bytes']],
    ['bytes in another form', volume(10, 1_000), volume(10, 100, 'custom zstd:9'), []],
    ['rows in another form', volume(10, 1_000), volume(1, 900, 'plain none'), ['rows']],
    ['rows not counted before', volume(undefined, 1_000), volume(0, 900), []],
    ['rows not counted after', volume(100, 1_000), volume(undefined, 900), []],
    ['rows not counted, fewer bytes', volume(undefined, 1_000), volume(0, 9), ['bytes']],
  ])('%s', (_, before, after, expected) => {
    expect(fallen(before, after)).toEqual(expected);
    expect(isCliff(before, after)).toBe(expected.length > 0);
  });

  it('takes another part than a half', () => {
    expect(isCliff(volume(100), volume(79), 0.8)).toBe(true);
    expect(isCliff(volume(100), volume(49), 0.1)).toBe(false);
  });

  it('is none upwards, and none between equals', () => {
    const measure = fc.nat(1_000_000);
    fc.assert(
      fc.property(measure, measure, measure, measure, (rows, bytes, moreRows, moreBytes) => {
        expect(isCliff(volume(rows, bytes), volume(rows + moreRows, bytes + moreBytes))).toBe(false);
      }),
    );
  });
});
