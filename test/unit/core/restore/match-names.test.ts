import { expect, test } from 'vitest';
import { checkNames } from '../../../../core/restore/check-names.ts';
import { matchSelection } from '../../../../core/restore/match-names.ts';
import { readTableSelector } from '../../../../core/restore/name-pattern.ts';
import { type Selection, type TableSelector, wholeBackup } from '../../../../core/restore/request.ts';

const relations = ['public.orders', 'sales.orders', 'sales.lines', 'crm.customers'].map((text) => {
  const [schema = '', name = ''] = text.split('.');
  return { schema, name };
});
const tables = (...texts: string[]): TableSelector[] =>
  texts.flatMap((text) => readTableSelector(text) ?? []);
const match = (selection: Partial<Selection>): ReturnType<typeof matchSelection> =>
  matchSelection(
    { relations, schemas: ['public', 'sales', 'crm'] },
    { ...wholeBackup, ...selection },
    'a/b/c',
  );

test('a name of its own is kept apart from what a pattern found', () => {
  const found = match({ tables: tables('sales.*', 'crm.customers'), excludeTables: tables('lines') });
  expect([...found.relations].map(({ name }) => name)).toEqual(['orders', 'lines', 'customers']);
  expect([...found.named].map(({ name }) => name)).toEqual(['customers']);
  expect([...found.excludedRelations].map(({ name }) => name)).toEqual(['lines']);
});

test('asked for and excluded: by name, by pattern, by schema; some of a pattern is no contradiction', () => {
  const both = { name: 'UsageError', message: expect.stringContaining('both asked for and excluded') };
  const error = (selection: Partial<Selection>): unknown => {
    try {
      return match(selection);
    } catch (thrown: unknown) {
      return thrown;
    }
  };
  expect(error({ tables: tables('lines'), excludeTables: tables('l*') })).toMatchObject(both);
  expect(error({ tables: tables('sales.orders'), excludeSchemas: ['s*'] })).toMatchObject(both);
  expect(error({ schemas: ['sales'], excludeSchemas: ['SALES'] })).toMatchObject(both);
  expect(error({ tables: tables('orders'), excludeSchemas: ['sales'] })).not.toBeInstanceOf(Error);
});

test('what means nothing names the nearest first', () => {
  expect(() => match({ tables: tables('customer') })).toThrow(/customer \(expected one of crm\.customers,/);
  expect(() => match({ excludeTables: tables('sales.lynes') })).toThrow(/expected one of sales\.lines/);
  expect(() => match({ schemas: ['sale'] })).toThrow(/expected one of sales/);
});

test('a manifest says it before the archive is fetched; one of an older version leaves it to the archive', () => {
  const manifest = {
    id: 'a/b/c',
    tables: [{ schema: 'public', name: 'a b', rows: 1 }],
    catalog: [
      { type: 'view', identity: 'sales."Odd ""V"', digest: '' },
      { type: 'function', identity: 'crm.f(integer)', digest: '' },
      { type: 'schema', identity: 'crm', digest: '' },
    ],
  };
  const check = (selection: Partial<Selection>, of: Parameters<typeof checkNames>[0] = manifest): void =>
    checkNames(of, { ...wholeBackup, ...selection });
  expect(() => check({ tables: tables('"a b"', 'sales."Odd ""V"', '"Odd*') })).not.toThrow();
  expect(() => check({ schemas: ['crm', 'sales'] })).not.toThrow();
  expect(() => check({ tables: tables('crm.f') })).toThrow(/no such table, view or sequence/);
  expect(() => check({ tables: tables('nothing') }, { ...manifest, catalog: undefined })).not.toThrow();
});
