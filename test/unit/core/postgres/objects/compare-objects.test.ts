import { expect, test } from 'vitest';
import { compareObjects } from '../../../../../core/postgres/objects/compare-objects.ts';
import { steadyObjects } from '../../../../../core/postgres/objects/read-objects.ts';

const object = (
  identity: string,
  digest: string | null = 'a',
  type = 'table',
): { type: string; identity: string; digest: string | null } => ({ type, identity, digest });

test('missing, different and extra objects are told apart', () => {
  const expected = [object('a'), object('b'), object('c'), object('unsure', null), object('a', 'a', 'view')];
  const found = [
    object('a'),
    object('b', 'other'),
    object('unsure', 'x'),
    object('d'),
    object('a', 'a', 'view'),
  ];
  expect(compareObjects(expected, found, { sameMajor: true })).toEqual([
    { kind: 'differs', type: 'table', identity: 'b' },
    { kind: 'missing', type: 'table', identity: 'c' },
    { kind: 'extra', type: 'table', identity: 'd' },
  ]);
});

test('another major is only asked whether everything is there, and may quote other names', () => {
  const expected = [object('public.merge_action'), object('b')];
  const found = [object('public."merge_action"', 'other')];
  expect(compareObjects(expected, found, { sameMajor: false })).toEqual([
    { kind: 'missing', type: 'table', identity: 'b' },
  ]);
});

test('schema public is in every new database, also where the source has dropped it', () => {
  expect(compareObjects([], [object('public', 'a', 'schema')], { sameMajor: true })).toEqual([]);
});

test('two readings: what changed has no digest, what came or went is left out', () => {
  expect(
    steadyObjects(
      [object('same'), object('changed'), object('gone')],
      [object('same'), object('changed', 'b'), object('new')],
    ),
  ).toEqual([object('same'), object('changed', null)]);
});
