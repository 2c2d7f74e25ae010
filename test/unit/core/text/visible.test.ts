import fc from 'fast-check';
import { expect, test } from 'vitest';
import { visible, visibleBeyondJson, visibleLines } from '../../../../core/text/visible.ts';

test.each([
  ['an escape sequence', '\u001b[2J', '\\u001b[2J'],
  ["the second set's", '\u009b2J', '\\u009b2J'],
  ['a line feed and a tab', 'a\nb\tc', 'a\\nb\\tc'],
  ['a carriage return', 'a\rb', 'a\\u000db'],
  ['marks of direction', 'a\u202eb\u2066c\u061cd\u200fe', 'a\\u202eb\\u2066c\\u061cd\\u200fe'],
  ['separators', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
  ['what is not seen', 'a\u200bb\ufeffc', 'a\\u200bb\\ufeffc'],
  ['tags, of two halves', 'a\u{e0041}b', 'a\\udb40\\udc41b'],
  ['half a character', 'a\ud800b', 'a\\ud800b'],
  ['and nothing else', 'Ünïcode 日本 👩\u200d💻 "q" \\n', 'Ünïcode 日本 👩\u200d💻 "q" \\n'],
])('%s', (_, text, expected) => {
  expect(visible(text)).toBe(expected);
});

const text = fc.string({ unit: 'binary', maxLength: 40 });

test('of any text one line is made, in which nothing acts, and which stays as it is', () => {
  fc.assert(
    fc.property(text, (any) => {
      const line = visible(any);
      expect(line).not.toMatch(/[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      expect(visible(line)).toBe(line);
      expect(visibleLines(any).split('\n').map(visible).join('\n')).toBe(visibleLines(any));
    }),
  );
});

test('of a JSON document the same document is made', () => {
  fc.assert(
    fc.property(fc.dictionary(text, text), (document) => {
      const json = visibleBeyondJson(JSON.stringify(document, null, 2));
      expect(JSON.parse(json)).toEqual(document);
      expect(json).not.toMatch(/[\u0080-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
    }),
  );
});
