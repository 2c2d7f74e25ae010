import { describe, expect, test } from 'vitest';
import { compareSchemas } from '../../../../../core/verify/prove/compare-schema.ts';

type Entry = { type: string; name: string; schema?: string; owner?: string; sql: string; before?: string };

/** SQL as pg_dump writes it. `before`: settings that come in front of an entry's comment. */
function dump(entries: readonly Entry[], { token = 'abc', version = '17.12' } = {}): string {
  const body = entries.map(
    ({ type, name, schema = 'public', owner = 'app', sql, before = '' }) =>
      `${before}--\n-- Name: ${name}; Type: ${type}; Schema: ${schema}; Owner: ${owner}\n--\n\n${sql}\n\n\n`,
  );
  return (
    `--\n-- PostgreSQL database dump\n--\n\n\\restrict ${token}\n\n-- Dumped from database version ${version}\n` +
    `-- Dumped by pg_dump version ${version}\n\nSET statement_timeout = 0;\n\n${body.join('')}` +
    `--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict ${token}\n\n`
  );
}

const table = { type: 'TABLE', name: 'users', sql: 'CREATE TABLE public.users (\n    id integer\n);' };
const index = {
  type: 'INDEX',
  name: 'users_id',
  sql: 'CREATE INDEX users_id ON public.users USING btree (id);',
};
const f = { type: 'FUNCTION', name: 'f()', sql: "CREATE FUNCTION public.f() RETURNS integer AS 'select 1';" };

const byText = (archive: readonly Entry[], restored: readonly Entry[]): readonly string[] =>
  compareSchemas(dump(archive), dump(restored, { token: 'xyz', version: '17.13' }), { by: 'text' })
    .differences;

test('order, random words and versions are no differences', () => {
  expect(byText([table, index, f], [f, table, index])).toEqual([]);
});

test('what is missing, other or too much is named', () => {
  expect(byText([table, index], [table])).toEqual(['index public.users_id is missing']);
  expect(byText([table], [table, index])).toEqual(['index public.users_id is not in the archive']);
  expect(byText([table, index], [table, { ...index, sql: index.sql.replace('btree', 'hash') }])).toEqual([
    'index public.users_id differs: the archive has CREATE INDEX users_id ON public.users USING btree (id);, ' +
      'restored it is CREATE INDEX users_id ON public.users USING hash (id);',
  ]);
});

test('a tablespace that is set in front of an entry is the entry’s', () => {
  const fast = 'SET default_tablespace = fast;\n\nSET default_table_access_method = heap;\n\n';
  const usual = "SET default_tablespace = '';\n\n";
  expect(
    byText(
      [
        { ...table, before: fast },
        { ...index, before: usual },
      ],
      [index, { ...table, before: fast }],
    ),
  ).toEqual([]);
  expect(byText([{ ...table, before: fast }], [table])).toEqual([
    'table public.users differs: the archive has SET default_tablespace = fast;, ' +
      "restored it is SET default_tablespace = '';",
  ]);
});

test('the order of grants is none', () => {
  const acl = (sql: string): Entry => ({ type: 'ACL', name: 'TABLE users', sql });
  expect(byText([acl('GRANT a;\nGRANT b;')], [acl('GRANT b;\nGRANT a;')])).toEqual([]);
  expect(byText([acl('GRANT a;\nGRANT b;')], [acl('GRANT b;')])).toHaveLength(1);
});

test('an expression that the server words anew is the same, another one is not', () => {
  const check = (sql: string): Entry => ({ type: 'CHECK CONSTRAINT', name: 'users c', sql });
  const before =
    "CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))";
  const after =
    "CHECK (((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))";
  expect(byText([check(before)], [check(after)])).toEqual([]);
  expect(byText([check(before)], [check(after.replace("'b'", "'c'"))])).toHaveLength(1);
});

test('the text of a function is compared to the letter', () => {
  expect(byText([f], [{ ...f, sql: f.sql.replace('select 1', '(select 1)') }])).toHaveLength(1);
});

test('entries of one name are compared as a set', () => {
  const rule = (sql: string): Entry => ({ type: 'RULE', name: 'r', sql });
  expect(byText([rule('A;'), rule('B;')], [rule('B;'), rule('A;')])).toEqual([]);
  expect(byText([rule('A;'), rule('B;')], [rule('B;'), rule('B;')])).toHaveLength(1);
});

describe('between versions', () => {
  test('only presence counts', () => {
    const other = { ...table, sql: 'CREATE TABLE public.users (\n    id integer NOT NULL\n);' };
    const compared = compareSchemas(dump([table, index]), dump([other, f]), { by: 'presence' });
    expect(compared).toMatchObject({ entries: 2, differences: ['index public.users_id is missing'] });
  });
});
