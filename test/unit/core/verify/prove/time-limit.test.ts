import { expect, test } from 'vitest';
import { restoreLimitSeconds, withoutLiterals } from '../../../../../core/verify/prove/time-limit.ts';

test('a restore may take ten times the estimate, and ten minutes at least', () => {
  expect(restoreLimitSeconds(0)).toBe(600);
  expect(restoreLimitSeconds(60)).toBe(600);
  expect(restoreLimitSeconds(61.2)).toBe(612);
});

test.each([
  ["select 'it''s', 12.50, $$a 'b'$$, $x$ $$ $x$ from t1", 'select …, …, …, … from t1'],
  ["insert into t values (1, 'cut of", 'insert into t values (…, …'],
  ['select $$cut off', 'select …'],
  ['copy  a\n from stdin', 'copy a from stdin'],
])("what may be people's data is left out of %j", (sql, told) => {
  expect(withoutLiterals(sql)).toBe(told);
});
