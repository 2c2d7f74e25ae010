import { expect, test } from 'vitest';
import { remarksOf } from '../../../../core/manifest/remarks.ts';

test('what was warned of and what is in no dump is told, a line each', () => {
  const remarks = remarksOf({
    warnings: [{ program: 'pg_dump', message: 'one\nand \u001b[31mmore' }],
    notDumped: [
      { kind: 'rows of an extension', name: 'app.counters', reason: 'it is so', rows: 3 },
      { kind: 'subscription', name: 'feed', reason: 'it is another', rows: null },
    ],
  });
  expect(remarks).toEqual([
    'pg_dump: one and  [31mmore',
    'not in the dump: rows of an extension: app.counters (3 rows): it is so',
    'not in the dump: subscription: feed: it is another',
  ]);
});

test('of many the first are told, and how many there are', () => {
  const warnings = Array.from({ length: 25 }, (_, at) => ({ program: 'pg_dump', message: `number ${at}` }));
  expect(remarksOf({ warnings }).slice(-2)).toEqual(['pg_dump: number 9', 'and 15 more in the manifest']);
});

test('a manifest of before says nothing of either', () => {
  expect(remarksOf({})).toEqual([]);
});
