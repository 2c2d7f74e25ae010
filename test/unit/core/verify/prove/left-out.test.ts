import { expect, test } from 'vitest';
import type { TocEntry } from '../../../../../core/postgres/archive/toc.ts';
import { describeLeftOut, leftOutOf } from '../../../../../core/verify/prove/left-out.ts';
import { otherRun } from '../../../../../core/verify/prove/run-times.ts';

const entry = (dumpId: number, type: string, label: string): TocEntry => ({
  dumpId,
  type,
  label,
  dependsOn: [],
});
const entries = [
  entry(2, 'EXTENSION', '- vector'),
  entry(3, 'COMMENT', '- EXTENSION vector'),
  entry(7, 'TABLE', 'public embeddings app'),
  entry(8, 'TABLE', 'odd schema new line app owner'),
  entry(9, 'CONSTRAINT', 'public embeddings embeddings_pkey app'),
];

test('tables that were left out are known by their names, also by odd ones', () => {
  const { isTable } = leftOutOf(entries);
  expect(isTable({ schema: 'public', name: 'embeddings' })).toBe(true);
  expect(isTable({ schema: 'odd schema', name: 'new\nline' })).toBe(true);
  expect(isTable({ schema: 'public', name: 'embed' })).toBe(false);
  expect(isTable({ schema: 'other', name: 'embeddings' })).toBe(false);
});

test('an object that needs what was left out is known by the names in its identity', () => {
  const { mayHold } = leftOutOf(entries);
  expect(mayHold('public.embeddings')).toBe(true);
  expect(mayHold('embeddings_pkey on public.embeddings')).toBe(true);
  expect(mayHold('public.embeddings_pkey')).toBe(true);
  expect(mayHold('vector')).toBe(true);
  expect(mayHold('public.users')).toBe(false);
  expect(leftOutOf([]).mayHold('public.users')).toBe(false);
});

test('words within names are not names', () => {
  const { mayHold } = leftOutOf([
    entry(2, 'EXTENSION', '- vector'),
    entry(7, 'TABLE', 'public embeddings app'),
    entry(8, 'FUNCTION', 'public near(text, integer) app'),
    entry(9, 'MATERIALIZED VIEW DATA', 'public mirror app'),
    entry(10, 'TRIGGER', 'public users touched app'),
    entry(11, 'ACL', 'public TABLE granted app'),
    entry(12, 'COMMENT', 'public COLUMN "odd one".id app'),
  ]);
  for (const known of [
    'public.near(pg_catalog.text,integer)',
    'public.mirror',
    'touched on public.users',
    'public.granted',
    'public."odd one"',
    'p on public.embeddings',
  ])
    expect(mayHold(known), known).toBe(true);
  for (const other of [
    'public.app',
    'public."new embeddings"',
    'public.users',
    'embeddings on public.users',
    'other.embeddings',
    'public.vector',
    'public.nearer(pg_catalog.text)',
    'public.one',
    'embeddings',
  ])
    expect(mayHold(other), other).toBe(false);
});

test('what was left out is told, the first five by name', () => {
  expect(describeLeftOut(['extension vector'], entries)).toBe(
    'left out: extension vector and 3 objects that need it: table public embeddings app, ' +
      'table odd schema new line app owner, constraint public embeddings embeddings_pkey app',
  );
  expect(describeLeftOut(['extension vector', 'extension hll'], entries.slice(0, 2))).toBe(
    'left out: extension vector, extension hll',
  );
});

test('an archive is of its run when it was begun while that went on', () => {
  const run = { startedAt: '2026-11-20T02:00:00.000Z', finishedAt: '2026-11-20T02:03:11.512Z', catalog: [] };
  const problem = (time: string): string | undefined => otherRun(run, { createdAt: new Date(time) });
  expect(problem('2026-11-20T02:00:00Z')).toBeUndefined();
  expect(problem('2026-11-20T02:03:12Z')).toBeUndefined();
  expect(problem('2026-11-19T02:00:04Z')).toBe(
    'the archive is of another run: made 2026-11-19T02:00:04.000Z, ' +
      'this backup ran from 2026-11-20T02:00:00.000Z to 2026-11-20T02:03:11.512Z',
  );
  expect(problem('2026-11-20T02:03:20Z')).toMatch(/another run/);
  // Older backups hold a local time; plain SQL holds none.
  expect(otherRun({ ...run, catalog: undefined }, { createdAt: new Date(0) })).toBeUndefined();
  expect(otherRun(run, undefined)).toBeUndefined();
});
