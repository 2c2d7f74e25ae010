import { expect, test } from 'vitest';
import {
  matchingSchemas,
  matchingTables,
  parsePattern,
  readTableSelector,
} from '../../../../core/restore/name-pattern.ts';

const all = [
  'public.orders',
  'public.Orders',
  'public.orders_2025',
  'public.orders_2026',
  'sales.orders',
  'Odd S.a.b',
  'sales.Only Big',
  'sales.a*b',
  'sales.ünï$x',
].map((text) => {
  const dot = text.indexOf('.');
  return { schema: text.slice(0, dot), name: text.slice(dot + 1) };
});

const found = (text: string): string[] => {
  const wanted = readTableSelector(text);
  if (wanted === undefined) return ['not a name'];
  return matchingTables(all, wanted).map(({ schema, name }) => `${schema}.${name}`);
};

test.each<[string, string[]]>([
  // What is there as it is written wins over all else.
  ['orders', ['public.orders', 'sales.orders']],
  ['Orders', ['public.Orders']],
  ['public.orders', ['public.orders']],
  ['a*b', ['sales.a*b']],
  ['a.b', ['Odd S.a.b']],
  ['"Odd S"."a.b"', ['Odd S.a.b']],
  ['Odd S.a.b', ['not a name']],
  // Capital letters without quotes are small ones, as in SQL; where nothing is called so, they are themselves.
  ['ORDERS', ['public.orders', 'sales.orders']],
  ['"ORDERS"', []],
  ['Only*', ['sales.Only Big']],
  ['ORDERS_202?', ['public.orders_2025', 'public.orders_2026']],
  ['orders_202[0-5]', ['public.orders_2025']],
  ['orders_202[^5]', ['public.orders_2026']],
  ['orders_[[:digit:]]*', ['public.orders_2025', 'public.orders_2026']],
  ['s*.ord*', ['sales.orders']],
  ['*.orders', ['public.orders', 'sales.orders']],
  ['"ord*"', []],
  ['"O"rders', ['public.Orders']],
  ['orders_2025|orders_2026', ['public.orders_2025', 'public.orders_2026']],
  ['ünï$?', ['sales.ünï$x']],
  ['order', []],
  ['a.b.c', ['not a name']],
  ['', ['not a name']],
  ['"x', ['not a name']],
])('%s', (text, expected) => {
  expect(found(text)).toEqual(expected);
});

test('schemas likewise, and a dot is a part of the name', () => {
  const names = ['public', 'sales', 'Sales', 'sales.old', 'Odd S'];
  expect(matchingSchemas(names, 'sales')).toEqual(['sales']);
  expect(matchingSchemas(names, 'SALES')).toEqual(['sales']);
  expect(matchingSchemas(names, 'sales.old')).toEqual(['sales.old']);
  expect(matchingSchemas(names, '"Odd S"')).toEqual(['Odd S']);
  expect(matchingSchemas(names, 's*')).toEqual(['sales', 'sales.old']);
});

test('what is no regular expression is no pattern', () => {
  for (const text of ['a(', '[z-a]', '[abc', '*+', 'a..b', '.a', '[[:nonsense:]]'])
    expect(parsePattern(text)).toBeUndefined();
});
