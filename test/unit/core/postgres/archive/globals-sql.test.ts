import { expect, test } from 'vitest';
import { parseGlobals } from '../../../../../core/postgres/archive/globals-sql.ts';

const dumped = `--
-- PostgreSQL database cluster dump
--

\\restrict rKPhlDCpQZaVGGu0

SET default_transaction_read_only = off;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

CREATE ROLE app;
ALTER ROLE app WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS PASSWORD 'SCRAM-SHA-256$4096:x;y''z$a=:b=';
CREATE ROLE "odd ""role; DROP" ;
COMMENT ON ROLE app IS 'a -- comment; with \\ and ''quotes''';
ALTER ROLE app SET search_path TO 'a;b', public;
GRANT "group" TO app WITH ADMIN OPTION, INHERIT TRUE GRANTED BY postgres;
CREATE TABLESPACE "fast disk" OWNER app LOCATION '/mnt/it''s; here';
GRANT ALL ON TABLESPACE "fast disk" TO app;
ALTER TABLESPACE "fast disk" SET (random_page_cost=1.1);
GRANT SET ON PARAMETER log_min_messages TO app;
DROP DATABASE app;
SELECT pg_sleep(1);

\\unrestrict rKPhlDCpQZaVGGu0
`;

test('every statement that pg_dumpall writes, and nothing else, is known', () => {
  expect(parseGlobals(dumped).map(({ kind, name }) => [kind, name])).toEqual([
    ['setting', undefined],
    ['setting', undefined],
    ['setting', undefined],
    ['create role', 'app'],
    ['alter role', 'app'],
    ['create role', 'odd "role; DROP'],
    ['comment', 'app'],
    ['set for role', 'app'],
    ['grant role', 'group'],
    ['create tablespace', 'fast disk'],
    ['tablespace rights', 'fast disk'],
    ['alter tablespace', 'fast disk'],
    ['parameter rights', undefined],
    ['unknown', undefined],
    ['unknown', undefined],
  ]);
});

test('a statement is whole, whatever it quotes', () => {
  const [, , , , alter, , comment] = parseGlobals(dumped);
  expect(alter?.sql).toMatch(/PASSWORD 'SCRAM-SHA-256\$4096:x;y''z\$a=:b='$/);
  expect(comment?.sql).toBe("COMMENT ON ROLE app IS 'a -- comment; with \\ and ''quotes'''");
});

test.each([
  'ALTER ROLE Admin WITH SUPERUSER',
  'ALTER ROLE admin/**/SUPERUSER/* WITH x*/',
  'ALTER ROLE U&"adm\\0069n" WITH SUPERUSER',
  'CREATE ROLE x SUPERUSER',
  'SET ROLE postgres',
  "SELECT pg_catalog.set_config('a', pg_read_file('/etc/passwd'), false)",
  'DO $$ begin end $$',
])('what pg_dumpall does not write is not known: %s', (sql) => {
  expect(parseGlobals(`${sql};`).map(({ kind }) => kind)).toEqual(['unknown']);
});

test.each([
  ["COMMENT ON %s fast IS 'b'", 'comment'],
  ["SECURITY LABEL ON %s fast IS 'b'", 'security label'],
  ["SECURITY LABEL FOR selinux ON %s fast IS 'b'", 'security label'],
])('%s belongs to the tablespace, not to a role of its name', (sql, kind) => {
  const [role, space] = parseGlobals(`${sql.replace('%s', 'ROLE')};\n${sql.replace('%s', 'TABLESPACE')};`);
  expect(role).toMatchObject({ kind, name: 'fast', isOfTablespace: false });
  expect(space).toMatchObject({ kind, name: 'fast', isOfTablespace: true });
});
