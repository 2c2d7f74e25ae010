import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CopyRowCounter,
  type CopyRowCounts,
  TruncatedSql,
} from '../../../../../core/postgres/archive/copy-rows.ts';
import { SqlUnreadable } from '../../../../../core/postgres/archive/sql-text.ts';

function count(text: string | Buffer, cuts: readonly number[] = []): CopyRowCounts {
  const bytes = Buffer.from(text);
  const counter = new CopyRowCounter();
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const place of places) {
    counter.write(bytes.subarray(from, place));
    from = place;
  }
  return counter.end();
}

const byEveryByte = (text: string): CopyRowCounts => count(text, [...Buffer.from(text).keys()]);
const counted = (schema: string, name: string, rows: number, blocks = [rows]) => ({
  schema,
  name,
  rows,
  blocks,
});
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Pieces of a dump beside the copied rows; each of them tries to look like rows or to hide them. */
const decoys = [
  "SELECT 'COPY public.fake FROM stdin;\n';\n",
  "SELECT 'it''s COPY public.fake FROM stdin;\n', E'\\'COPY public.fake FROM stdin;\n', e'\\\\';\n",
  "SELECT E'one''two\\'; COPY public.fake FROM stdin;\n';\n",
  "SELECT name'a\\', U&'\\0041', 'b\\';\n",
  'CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ select 1; COPY public.fake FROM stdin;\n$1 $ $a$ $$;\n',
  'CREATE FUNCTION g() RETURNS text AS $_$ $$; $_ $\nCOPY public.fake FROM stdin;\n\\.\n$$_$;\n',
  'CREATE FUNCTION h() RETURNS int BEGIN ATOMIC SELECT 1; SELECT foo$bar$baz FROM t WHERE a = $1; END;\n',
  '-- COPY public.fake FROM stdin;\n',
  '-- it\'s "quoted" $$ /* ;\n',
  '/* COPY public.fake FROM stdin; /* nested */ \' " $$ **/ /**/\n',
  'COMMENT ON TABLE "x;y""z--" IS \'a;b\';\n',
  'CREATE VIEW v AS SELECT 1 - -1, 4 / 2, 3 - /* ; */ 2 -- ;\n AS x;\n',
  'COPY public.fake (a) TO stdout;\n',
  "COPY public.fake FROM '/etc/passwd';\n",
  'CREATE TABLE copy (a int);\n',
  '\\restrict s0me\'T"oken$$\n',
  '\\connect -reuse-previous=on "dbname=\'a b\'"\n',
  ";;\n\n  ;SET standard_conforming_strings = on;SELECT pg_catalog.set_config('search_path', '', false);\n",
];

const tableName = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
  .filter((name) => !name.includes('\0'));
const row = fc.oneof(
  fc.constantFrom(
    '',
    '\\\\.',
    '\\N',
    'a\\nb',
    'COPY public.fake FROM stdin;',
    "'",
    '$$',
    '--',
    '/*',
    '\\\\.\t1',
    '.',
    '\\N\t\\N',
  ),
  fc.string({ maxLength: 40 }).map((text) => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')),
);
const block = fc.record({
  schema: tableName,
  name: tableName,
  columns: fc.array(tableName, { maxLength: 3 }),
  rows: fc.array(row),
});
const piece = fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...decoys) }, block);

function write(
  pieces: readonly (string | { schema: string; name: string; columns: string[]; rows: string[] })[],
): string {
  return pieces
    .map((part) => {
      if (typeof part === 'string') return part;
      const columns = part.columns.length === 0 ? ' ' : ` (${part.columns.map(quoted).join(', ')})`;
      const data = part.rows.map((text) => `${text}\n`).join('');
      return `COPY ${quoted(part.schema)}.${quoted(part.name)}${columns} FROM stdin;\n${data}\\.\n\n\n`;
    })
    .join('');
}

describe('rows of COPY blocks', () => {
  test('are counted per table, in order', () => {
    const { tables, rows } = byEveryByte(
      'COPY public.a (id, n) FROM stdin;\n1\tx\n2\ty\n\\.\n\n--\n-- Data\n--\n\nCOPY public.b  FROM stdin;\n\\.\n',
    );
    expect(tables).toEqual([counted('public', 'a', 2), counted('public', 'b', 0)]);
    expect(rows).toBe(2);
  });

  test('of a table without columns are its empty lines', () => {
    expect(byEveryByte('COPY public.t  FROM stdin;\n\n\n\n\\.\n').tables).toEqual([
      counted('public', 't', 3),
    ]);
  });

  test('that begin or end like the end of the block are rows', () => {
    const text = 'COPY public.t (a) FROM stdin;\n\\\\.\n\\N\n.\n\\.x\n \\.\n\\.\n';
    expect(byEveryByte(text).tables).toEqual([counted('public', 't', 5)]);
  });

  test('of a table that comes twice add up', () => {
    const once = 'COPY public.t (a) FROM stdin;\n1\n\\.\n';
    expect(count(once + once).tables).toEqual([counted('public', 't', 2, [1, 1])]);
  });

  test('are the same wherever the text is cut, and whatever stands between', () => {
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat()), (pieces, cuts) => {
        const text = write(pieces);
        const expected = new Map<string, number>();
        for (const part of pieces) {
          if (typeof part === 'string') continue;
          const key = JSON.stringify([part.schema, part.name]);
          expected.set(key, (expected.get(key) ?? 0) + part.rows.length);
        }
        const found = new Map(
          count(text, cuts).tables.map(({ schema, name, rows }) => [JSON.stringify([schema, name]), rows]),
        );
        expect(found).toEqual(expected);
        expect(byEveryByte(text)).toEqual(count(text));
      }),
      { numRuns: 300 },
    );
  });

  test.each(decoys)('are not seen in %j', (decoy) => {
    const block = 'COPY public.t (a) FROM stdin;\n1\n\\.\n';
    expect(byEveryByte(block + decoy + block).tables).toEqual([counted('public', 't', 2, [1, 1])]);
  });
});

describe('names', () => {
  test('lose their quotes', () => {
    const { tables } = count(
      'COPY "odd "" name\nwith newline"."a.b(""c"") FROM stdin;" ("x)y", z) FROM stdin;\n1\n\\.\n',
    );
    expect(tables).toEqual([counted('odd " name\nwith newline', 'a.b("c") FROM stdin;', 1)]);
  });

  test.each([
    ['LATIN1', Buffer.from('Ünï\x80', 'latin1'), 'Ünï\x80'],
    ['EUC_JP', Buffer.from([0xc6, 0xfc, 0xcb, 0xdc]), '日本'],
    ['WIN1251', Buffer.from([0xe4, 0xe0]), 'да'],
    ['UTF8', Buffer.from('日本'), '日本'],
    ['SQL_ASCII', Buffer.from([0x61, 0xff]), 'a\ufffd'],
    ['EUC_TW', Buffer.from([0xc4, 0xe3]), 'Äã'],
  ])('are decoded from %s', (encoding, bytes, name) => {
    const text = Buffer.concat([
      Buffer.from(`SET client_encoding = '${encoding}';\nCOPY public."`),
      bytes,
      Buffer.from('" (a) FROM stdin;\n1\n\\.\n'),
    ]);
    expect(count(text)).toMatchObject({ encoding, tables: [counted('public', name, 1)] });
  });

  test('of 1600 long columns do not hide the table', () => {
    const columns = Array.from({ length: 1600 }, (_, index) => quoted(`${'"'.repeat(58)}${index}`)).join(
      ', ',
    );
    expect(count(`COPY public.wide (${columns}) FROM stdin;\n1\n\\.\n`).tables).toEqual([
      counted('public', 'wide', 1),
    ]);
  });

  test('a COPY too long to be read is an error, not a guess', () => {
    expect(() => count(`COPY public.t ("${'x'.repeat(2_000_000)}") FROM stdin;\n\\.\n`)).toThrow(
      SqlUnreadable,
    );
  });
});

describe('a text that stops half way', () => {
  test.each([
    ['COPY public.t (a) FROM stdin;'],
    ['COPY public.t (a) FROM stdin;\n1\n'],
    ['COPY public.t (a) FROM stdin;\n1\n\\.'],
    ['SELECT 1'],
    ["SELECT 'a;"],
    ['SELECT $$ ;'],
    ['/* ;'],
    ['-'],
  ])('is an error: %j', (text) => {
    expect(() => count(text)).toThrow(TruncatedSql);
    expect(() => byEveryByte(text)).toThrow(TruncatedSql);
  });

  test('names the table that it stops in', () => {
    expect(() => count('COPY public.orders (a) FROM stdin;\n1\n')).toThrow('in the rows of public.orders');
  });

  test('between two statements lacks the last comment of a dump', () => {
    const whole =
      "SELECT 'PostgreSQL database dump complete\n';\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict x\n";
    expect(byEveryByte(whole).complete).toBe(true);
    expect(count(whole).complete).toBe(true);
    expect(count(whole.slice(0, whole.indexOf('-- PostgreSQL'))).complete).toBe(false);
    expect(count('-- PostgreSQL database dump completely\n').complete).toBe(false);
  });
});

test('the text is counted in constant memory', () => {
  const rows = Buffer.from(
    `${'0123456789\tsome text of a usual length\t2026-11-20 02:00:00+00\t\\N\n'.repeat(1000)}`,
  );
  const literal = Buffer.from(`SELECT pg_catalog.lowrite(0, '\\x${'ab'.repeat(16_384)}');\n`);
  const counter = new CopyRowCounter();
  counter.write(Buffer.from('COPY public.t (a) FROM stdin;\n'));
  const before = process.memoryUsage().rss;
  for (let turn = 0; turn < 2_000; turn += 1) counter.write(rows);
  counter.write(Buffer.from('\\.\n'));
  for (let turn = 0; turn < 2_000; turn += 1) counter.write(literal);
  expect(counter.end().rows).toBe(2_000_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
});
