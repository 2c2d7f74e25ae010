import { expect, test } from 'vitest';
import { sumOfFingerprints } from '../../../../../core/postgres/facts/table-fingerprint.ts';

const of = (first: string, second: string): string =>
  `rows1:${first.padStart(16, '0')}${second.padStart(16, '0')}`;

test('sums wrap at 64 bits, each half by itself', () => {
  expect(sumOfFingerprints([of('1', '2'), of('f', '3')])).toBe(of('10', '5'));
  expect(sumOfFingerprints([of('f'.repeat(16), '1'), of('2', '0')])).toBe(of('1', '1'));
});

test.each([[null], [undefined], ['rows0:00'], ['']])('%j cannot be summed', (other) => {
  expect(sumOfFingerprints([of('1', '1'), other])).toBeNull();
});
