import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { oldName, oldSuffix } from '../../../../../core/restore/beside/old-name.ts';

const suffix = oldSuffix(new Date('2026-11-27T19:05:12.345Z'));

describe('names of what had to give way', () => {
  test('tell since when', () => {
    expect(oldName('orders', suffix, new Set())).toBe('orders_before_20261127_190512');
  });

  test('are free', () => {
    const taken = new Set(['orders_before_20261127_190512', 'orders_before_20261127_190512_2']);
    expect(oldName('orders', suffix, taken)).toBe('orders_before_20261127_190512_3');
  });

  test('fit, in whole letters, and stay apart where they were alike in what is cut off', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1 }),
        fc.string({ unit: 'grapheme' }),
        (one, more) => {
          const first = oldName(one.repeat(40), suffix, new Set());
          const second = oldName(one.repeat(40) + more, suffix, new Set([first]));
          for (const name of [first, second]) {
            expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
            expect(name).toContain(suffix);
            expect(Buffer.from(name).toString()).toBe(name.toWellFormed());
          }
          expect(second).not.toBe(first);
        },
      ),
    );
  });
});
