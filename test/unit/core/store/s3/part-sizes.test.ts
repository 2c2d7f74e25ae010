import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bufferBudgetBytes,
  buffersFor,
  capacityBytes,
  choosePartSizes,
  copyRanges,
  multipartLimits,
  partBytes,
} from '../../../../../core/store/s3/part-sizes.ts';

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;
const tebibyte = 1024 ** 4;

const anySize = fc.oneof(
  fc.nat({ max: 100 * gibibyte }),
  fc.maxSafeNat().map((size) => size % (multipartLimits.maxObjectBytes + 1)),
);
const anyLimit = fc.integer({ min: 1, max: multipartLimits.maxParts });

describe('choosePartSizes', () => {
  it.each([
    [undefined, 10_000, 8 * mebibyte],
    [0, 10_000, 8 * mebibyte],
    [60 * gibibyte, 10_000, 8 * mebibyte],
    [100 * gibibyte, 10_000, 13 * mebibyte],
    [tebibyte, 10_000, 132 * mebibyte],
    [multipartLimits.maxObjectBytes, 10_000, 5 * gibibyte],
    [10 * gibibyte, 1000, 13 * mebibyte],
  ])('takes %s bytes in up to %s parts of at first %s bytes', (expectedBytes, partLimit, base) => {
    expect(choosePartSizes({ expectedBytes, partLimit }).basePartBytes).toBe(base);
  });

  it('always has room for what is expected, up to the largest object', () => {
    fc.assert(
      fc.property(anySize, (expectedBytes) => {
        expect(capacityBytes(choosePartSizes({ expectedBytes, partLimit: 10_000 }))).toBeGreaterThanOrEqual(
          expectedBytes,
        );
      }),
      { numRuns: 60 },
    );
  });

  it('has room for a quarter more than expected within the first, small half of growth', () => {
    fc.assert(
      fc.property(fc.nat({ max: 4 * tebibyte }), anyLimit, (expectedBytes, partLimit) => {
        const { basePartBytes } = choosePartSizes({ expectedBytes, partLimit });
        if (basePartBytes < multipartLimits.maxPartBytes)
          expect(basePartBytes * partLimit).toBeGreaterThanOrEqual(expectedBytes * 1.25);
      }),
    );
  });

  it('has room for 300 GiB without any estimate', () => {
    expect(capacityBytes(choosePartSizes({ partLimit: 10_000 }))).toBeGreaterThan(300 * gibibyte);
  });

  it('keeps the buffers of parts within the budget, and a base part of up to a terabyte under 128 MiB', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1e12 }), (expectedBytes) => {
        const { basePartBytes, buffers } = choosePartSizes({ expectedBytes, partLimit: 10_000 });
        expect(buffers).toBeGreaterThanOrEqual(1);
        expect(buffers * basePartBytes).toBeLessThanOrEqual(Math.max(bufferBudgetBytes, basePartBytes));
        expect(basePartBytes).toBeLessThanOrEqual(128 * mebibyte);
        // Reading goes on while parts are sent, up to 375 GiB.
        if (expectedBytes < 375 * gibibyte) expect(buffers).toBeGreaterThanOrEqual(2);
      }),
    );
  });

  it('takes a part limit that makes no sense for the nearest that does', () => {
    expect(choosePartSizes({ partLimit: 0 }).partLimit).toBe(1);
    expect(choosePartSizes({ partLimit: 1e6 }).partLimit).toBe(10_000);
  });
});

describe('partBytes', () => {
  it('stays the same for half of the parts, then doubles with each eighth', () => {
    const sizes = choosePartSizes({ partLimit: 8 });
    const mebibytes = Array.from({ length: 8 }, (_, index) => partBytes(sizes, index + 1) / mebibyte);
    expect(mebibytes).toEqual([8, 8, 8, 8, 16, 32, 64, 128]);
  });

  it("never leaves S3's limits, and never shrinks", () => {
    fc.assert(
      fc.property(
        fc.option(anySize, { nil: undefined }),
        anyLimit,
        fc.nat(),
        (expectedBytes, partLimit, any) => {
          const sizes = choosePartSizes({ expectedBytes, partLimit });
          const partNumber = 1 + (any % sizes.partLimit);
          const size = partBytes(sizes, partNumber);
          expect(size).toBeGreaterThanOrEqual(multipartLimits.minPartBytes);
          expect(size).toBeLessThanOrEqual(multipartLimits.maxPartBytes);
          expect(size % mebibyte).toBe(0);
          if (partNumber > 1) expect(size).toBeGreaterThanOrEqual(partBytes(sizes, partNumber - 1));
          expect(buffersFor(size)).toBeGreaterThanOrEqual(1);
        },
      ),
    );
  });
});

describe('copyRanges', () => {
  it('take every byte once, in few enough parts that S3 allows', () => {
    fc.assert(
      fc.property(anySize, anyLimit, (bytes, partLimit) => {
        const ranges = copyRanges(bytes, partLimit);
        if (ranges === undefined) {
          expect(bytes).toBeGreaterThan((multipartLimits.maxPartBytes - mebibyte) * partLimit);
          return;
        }
        expect(ranges.length).toBeLessThanOrEqual(partLimit);
        let next = 0;
        for (const [index, { first, last }] of ranges.entries()) {
          expect(first).toBe(next);
          next = last + 1;
          expect(next - first).toBeLessThanOrEqual(multipartLimits.maxPartBytes);
          if (index < ranges.length - 1)
            expect(next - first).toBeGreaterThanOrEqual(multipartLimits.minPartBytes);
        }
        expect(next).toBe(bytes);
      }),
      { numRuns: 50 },
    );
  });

  it('are none of nothing, and not to be had where an object is too large', () => {
    expect(copyRanges(0, 10_000)).toEqual([]);
    expect(copyRanges(6 * gibibyte, 1)).toBeUndefined();
    expect(copyRanges(10_000 * 5 * gibibyte, 10_000)).toHaveLength(10_000);
  });
});
