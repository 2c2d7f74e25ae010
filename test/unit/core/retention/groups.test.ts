import { expect, test } from 'vitest';
import { groupsOf } from '../../../../core/retention/groups.ts';
import { dayMs } from '../../../support/retention/histories.ts';

type Named = { readonly source: string; readonly database: string };

/** One backup a day of clusters such as `A`, `B`; `-` does not say. */
function daily(clusters: string, names: Named = { source: 'shop', database: 'app' }) {
  return [...clusters].map((cluster, day) => ({
    ...names,
    systemIdentifier: cluster === '-' ? undefined : cluster,
    startedAt: new Date(Date.parse('2026-11-01T02:00:00Z') + day * dayMs),
    day,
  }));
}

/** `A: 0 1`, a line per group. */
const groups = (backups: ReturnType<typeof daily>): string[] =>
  groupsOf(backups).map(
    ({ systemIdentifier, backups: members }) =>
      `${systemIdentifier ?? '-'}: ${members.map(({ day }) => day).join(' ')}`,
  );

test.each([
  ['none says', '---', ['-: 0 1 2']],
  ['those of before', '--AA', ['A: 0 1 2 3']],
  ['another server under the name', '--AABB', ['A: 0 1 2 3', 'B: 4 5']],
  ['one that cannot be read is of the server that runs now', 'AABB-B-', ['A: 0 1', 'B: 2 3 4 5 6']],
  ['two that took turns', '-A-B-A', ['A: 0 1 2 5', 'B: 3 4']],
])('%s: %s', (_, clusters, expected) => {
  expect(groups(daily(clusters))).toEqual(expected);
  expect(groups(daily(clusters).reverse()).sort()).toEqual([...expected].sort());
});

test('names are compared exactly, and not as they are joined or spelt', () => {
  const names: Named[] = [
    { source: 'a', database: 'b/c' },
    { source: 'a/b', database: 'c' },
    { source: 'a', database: 'B/c' },
    { source: '\u00e4', database: 'app' },
    { source: 'a\u0308', database: 'app' },
    { source: 'a","b', database: 'c' },
  ];
  expect(groupsOf(names.flatMap((one) => daily('A', one)))).toHaveLength(names.length);
});

test('one without a time that can be read is as if it were the oldest', () => {
  const [first, ...rest] = daily('-AB');
  const odd = {
    ...first,
    source: 'shop',
    database: 'app',
    systemIdentifier: undefined,
    day: 9,
    startedAt: new Date(Number.NaN),
  };
  expect(groups([...rest, odd])).toEqual(['A: 9 1', 'B: 2']);
});
