import { expect, test } from 'vitest';
import { moneyIn } from '../../../../../core/verify/prove/money-entries.ts';

const entry = (id: number, type: string, sql: string): string =>
  `--\n-- TOC entry ${id} (class 1259 OID 16390)\n-- Name: x; Type: ${type}; Schema: public; Owner: money\n--\n\n${sql}\n\n`;

test.each<[string, string, string[] | undefined]>([
  [
    'TABLE',
    'CREATE TABLE public.bill (\n    id integer,\n    total money,\n    "a ""b" money[] NOT NULL\n);',
    ['public.bill.total', 'public.bill."a ""b"'],
  ],
  ['TABLE', "CREATE UNLOGGED TABLE public.t (\n    money text DEFAULT 'a money, b'::text\n);", undefined],
  ['TABLE', "CREATE TABLE public.t (\n    a text DEFAULT ('$1.00'::money)::text\n);", []],
  ['TABLE', 'CREATE TABLE public.t (\n    a other.money,\n    b "money"\n);', undefined],
  ['DOMAIN', 'CREATE DOMAIN public.price AS money;', []],
  ['TYPE', 'CREATE TYPE public.c AS (\n\ta money\n);', []],
  ['TYPE', 'CREATE TYPE public.r AS RANGE (\n    subtype = money,\n);', []],
  ['FUNCTION', 'CREATE FUNCTION public.f(money) RETURNS text\n    AS $$select 1$$;', []],
  [
    'FUNCTION',
    'CREATE FUNCTION public.f() RETURNS text\n    AS $body$ declare m money; begin end $body$;',
    undefined,
  ],
  ['INDEX', 'CREATE INDEX i ON public.t USING btree (money, id);', undefined],
  ['VIEW', 'CREATE VIEW public.v AS\n SELECT money\n   FROM public.t\n  ORDER BY money;', undefined],
  ['VIEW', "CREATE VIEW public.v AS\n SELECT '$2.00'::money AS a;", []],
  ['COMMENT', "COMMENT ON TABLE public.t IS 'for money';", undefined],
])('%s %s', (type, sql, columns) => {
  expect(
    moneyIn(`SET x = on;\n\n${entry(7, 'SCHEMA', 'CREATE SCHEMA money;')}${entry(215, type, sql)}`),
  ).toEqual(new Map(columns === undefined ? [] : [[215, columns]]));
});
