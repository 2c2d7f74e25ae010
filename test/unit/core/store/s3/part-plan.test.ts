import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bufferBudgetBytes,
  buffersFor,
  capacityBytes,
  partBytes,
  planParts,
  s3Limits,
} from '../../../../../core/store/s3/part-plan.ts';

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;
const tebibyte = 1024 ** 4;

const anySize = fc.oneof(
  fc.nat({ max: 100 * gibibyte }),
  fc.maxSafeNat().map((size) => size % (s3Limits.maxObjectBytes + 1)),
);
const anyLimit = fc.integer({ min: 1, max: s3Limits.maxParts });

describe('planParts', () => {
  it.each([
    [undefined, 10_000, 8 * mebibyte],
    [0, 10_000, 8 * mebibyte],
    [60 * gibibyte, 10_000, 8 * mebibyte],
    [100 * gibibyte, 10_000, 13 * mebibyte],
    [tebibyte, 10_000, 132 * mebibyte],
    [s3Limits.maxObjectBytes, 10_000, 5 * gibibyte],
    [10 * gibibyte, 1000, 13 * mebibyte],
  ])('takes %s bytes in up to %s parts of at first %s bytes', (expectedBytes, partLimit, base) => {
    expect(planParts({ expectedBytes, partLimit }).basePartBytes).toBe(base);
  });

  it('always has room for what is expected, up to the largest object', () => {
    fc.assert(
      fc.property(anySize, (expectedBytes) => {
        expect(capacityBytes(planParts({ expectedBytes, partLimit: 10_000 }))).toBeGreaterThanOrEqual(
          expectedBytes,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('has room for a quarter more than expected within the first, small half of growth', () => {
    fc.assert(
      fc.property(fc.nat({ max: 4 * tebibyte }), anyLimit, (expectedBytes, partLimit) => {
        const { basePartBytes } = planParts({ expectedBytes, partLimit });
        if (basePartBytes < s3Limits.maxPartBytes)
          expect(basePartBytes * partLimit).toBeGreaterThanOrEqual(expectedBytes * 1.25);
      }),
    );
  });

  it('has room for 300 GiB without any estimate', () => {
    expect(capacityBytes(planParts({ partLimit: 10_000 }))).toBeGreaterThan(300 * gibibyte);
  });

  it('keeps the buffers of parts within the budget, and a base part of up to a terabyte under 128 MiB', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e12 }), (expectedBytes) => {
        const { basePartBytes, buffers } = planParts({ expectedBytes, partLimit: 10_000 });
        expect(buffers).toBeGreaterThanOrEqual(1);
        expect(buffers * basePartBytes).toBeLessThanOrEqual(Math.max(bufferBudgetBytes, basePartBytes));
        expect(basePartBytes).toBeLessThanOrEqual(128 * mebibyte);
        // Reading goes on while parts are sent, up to 375 GiB.
        if (expectedBytes < 375 * gibibyte) expect(buffers).toBeGreaterThanOrEqual(2);
      }),
    );
  });

  it('takes a part limit that makes no sense for the nearest that does', () => {
    expect(planParts({ partLimit: 0 }).partLimit).toBe(1);
    expect(planParts({ partLimit: 1e6 }).partLimit).toBe(10_000);
  });
});

describe('partBytes', () => {
  it('stays the same for half of the parts, then doubles with each eighth', () => {
    const plan = planParts({ partLimit: 8 });
    const sizes = Array.from({ length: 8 }, (_, index) => partBytes(plan, index + 1) / mebibyte);
    expect(sizes).toEqual([8, 8, 8, 8, 16, 32, 64, 128]);
  });

  it("never leaves S3's limits, and never shrinks", () => {
    fc.assert(
      fc.property(
        fc.option(anySize, { nil: undefined }),
        anyLimit,
        fc.nat(),
        (expectedBytes, partLimit, any) => {
          const plan = planParts({ expectedBytes, partLimit });
          const partNumber = 1 + (any % plan.partLimit);
          const size = partBytes(plan, partNumber);
          expect(size).toBeGreaterThanOrEqual(s3Limits.minPartBytes);
          expect(size).toBeLessThanOrEqual(s3Limits.maxPartBytes);
          expect(size % mebibyte).toBe(0);
          if (partNumber > 1) expect(size).toBeGreaterThanOrEqual(partBytes(plan, partNumber - 1));
          expect(buffersFor(size)).toBeGreaterThanOrEqual(1);
        },
      ),
    );
  });
});
