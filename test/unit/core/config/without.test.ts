import { expect, test } from 'vitest';
import { parseWithout, writeWithout } from '../../../../core/config/without.ts';
import { parseToc } from '../../../../core/postgres/archive/toc.ts';
import { acceptedIn } from '../../../../core/verify/prove/accepted.ts';

test.each([
  ['extension aws_commons', 'EXTENSION', undefined, 'aws_commons'],
  ['materialized view crm.mirror', 'MATERIALIZED VIEW', 'crm', 'mirror'],
  ['text search dictionary "odd one"."a.""b"', 'TEXT SEARCH DICTIONARY', 'odd one', 'a."b'],
  ['extension time', 'EXTENSION', undefined, 'time'],
  ['locale de_DE.UTF-8', 'LOCALE', undefined, 'de_DE.UTF-8'],
  ['locale "German_Germany. 1252"', 'LOCALE', undefined, 'German_Germany. 1252'],
  ['library $libdir/plugins/audit', 'LIBRARY', undefined, '$libdir/plugins/audit'],
])('%s', (text, type, schema, name) => {
  expect(parseWithout(text)).toEqual({ text, type, schema, name });
  expect(writeWithout(type, name, schema)).toBe(text);
});

test.each(['aws_commons', 'extension', 'Extension x', 'extension a b', 'nothing x', 'view a.b.c', ''])(
  '%j is refused',
  (text) => {
    expect(() => parseWithout(text)).toThrow(/extension aws_commons/);
  },
);

const toc = parseToc(`;
2; 3079 1 EXTENSION - vector 
210; 1259 16390 TABLE crm vectors app
;	depends on: 2
211; 1259 16391 MATERIALIZED VIEW crm mirror app
3600; 0 16391 MATERIALIZED VIEW DATA crm mirror app
;	depends on: 211`);

test('what is named is accepted with what depends on it, and nothing else is', () => {
  const accepted = acceptedIn(['materialized view mirror', 'extension vec'], toc);
  expect([2, 210, 211, 3600].filter(accepted.has)).toEqual([211, 3600]);
  expect(accepted.unknown).toEqual(['extension vec']);
  expect(acceptedIn(['extension vector'], toc).has(210)).toBe(true);
  const problem = { fault: 'environment', message: '', entry: { dumpId: 3600, label: '' } } as const;
  expect(accepted.covers(problem)).toBe(true);
  // It comes from the extension's lack, wherever it showed.
  expect(accepted.covers({ ...problem, causes: [2] })).toBe(false);
});
