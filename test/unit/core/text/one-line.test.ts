import { expect, test } from 'vitest';
import { oneLine } from '../../../../core/text/one-line.ts';

test('line ends and control characters become blanks; blanks of the text stay', () => {
  expect(oneLine(' a\r\n\tb  c\u0007\u007f ')).toBe('a b  c');
  expect(oneLine(' a\r\n\tb  c\u0007\u007f ', { squeeze: true })).toBe('a b c');
});

test('what is longer than the limit ends in an ellipsis', () => {
  expect(oneLine('x'.repeat(600))).toHaveLength(600);
  expect(oneLine('x'.repeat(601))).toBe(`${'x'.repeat(599)}…`);
  expect(oneLine('abcdef', { limit: 4 })).toBe('abc…');
  expect(oneLine('x'.repeat(9_000), { limit: Number.POSITIVE_INFINITY })).toHaveLength(9_000);
});
