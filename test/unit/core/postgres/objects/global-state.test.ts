import { expect, test } from 'vitest';
import {
  type GlobalState,
  globalDifferences,
  steadyGlobalState,
} from '../../../../../core/postgres/objects/global-state.ts';

const role = (name: string, ...facts: string[]): GlobalState => ({ kind: 'role', name, facts });

test('what changed between the two readings is not known, what pg_dumpall did not write is not recorded', () => {
  const before = [role('a', 'login'), role('b', 'login'), role('gone'), role('late')];
  const after = [role('a', 'login'), role('b'), role('late')];
  expect(steadyGlobalState(before, after, { roles: ['a', 'b', 'gone'], tablespaces: [] })).toEqual([
    role('a', 'login'),
    { kind: 'role', name: 'b', facts: null },
  ]);
});

test('what was lost and what was gained is told, of what is known', () => {
  const recorded = [
    role('a', 'login', 'member of team'),
    { kind: 'role', name: 'b', facts: null } as const,
    role('missing', 'login'),
    role('\ufffd', 'login'),
    { kind: 'parameter', name: 'work_mem', facts: ['grants x'] } as const,
  ];
  expect(
    globalDifferences(recorded, [
      role('a', 'member of team', 'superuser'),
      role('b', 'login'),
      role('\ufffd'),
    ]),
  ).toEqual([
    'role a has lost: login',
    'role a was not so: superuser',
    'parameter work_mem has lost: grants x',
  ]);
});
