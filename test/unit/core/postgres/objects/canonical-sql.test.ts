import { expect, test } from 'vitest';
import { canonicalSql } from '../../../../../core/postgres/objects/canonical-sql.ts';

/** What servers of PostgreSQL 15 to 18 print of a definition, and of the same after it was dumped and restored. */
const pairs: readonly (readonly [string, string])[] = [
  [
    "CHECK (((state)::text = ANY ((ARRAY['new'::character varying, 'it''s (odd)'::character varying])::text[])))",
    "CHECK (((state)::text = ANY (ARRAY[('new'::character varying)::text, ('it''s (odd)'::character varying)::text])))",
  ],
  ['(((a >= 1) AND (a <= 5)) AND (b <> 3))', '((a >= 1) AND (a <= 5) AND (b <> 3))'],
  ['(ARRAY[1, 2])::bigint[]', 'ARRAY[(1)::bigint, (2)::bigint]'],
  [
    '(ARRAY[\'a\'::character varying(5)])::odd."My type"[]',
    'ARRAY[(\'a\'::character varying(5))::odd."My type"]',
  ],
  ["(ARRAY['x'::text])::timestamp without time zone[]", "ARRAY[('x'::text)::timestamp without time zone]"],
];

test.each(pairs)('%s comes back as %s', (before, after) => {
  expect(canonicalSql(before)).toBe(canonicalSql(after));
});

test.each([
  ["a = 'x (y)'", "a = 'x y'"],
  ["a = 'b'::text", "a = 'b'::character varying"],
  ['"a(b)" > 1', '"ab" > 1'],
  ["ARRAY['a'::text]", "ARRAY['b'::text]"],
  ['a[1]::text', 'a[1]::int'],
  ["x = ANY (ARRAY[1, 2]) AND y = '1'::text", "x = ANY (ARRAY[1, 2]) AND y = '1'::bpchar"],
  ["note || 'a  b'", "note || 'a b'"],
  ['a < b', 'a <= b'],
])('%s is not %s', (one, other) => {
  expect(canonicalSql(one)).not.toBe(canonicalSql(other));
});
