import { expect, test } from 'vitest';
import { isAbandoned, type Unfinished } from '../../../../core/store/prunable.ts';

const hour = 3_600_000;
const now = new Date('2026-03-02T10:00:00Z');
const unfinished = (owner: Unfinished['owner'], hoursAgo: number | undefined): Unfinished => ({
  kind: 'upload',
  id: 'x',
  key: 'a/b',
  writtenAt: hoursAgo === undefined ? undefined : new Date(now.getTime() - hoursAgo * hour),
  bytes: undefined,
  owner,
});

test.each([
  ['gone', 0, true],
  ['lives', 1000, false],
  ['unknown', 24, false],
  ['unknown', 25, true],
  // Nobody may ask when.
  ['unknown', undefined, false],
  // A clock that is wrong makes nothing old.
  ['unknown', -1000, false],
] as const)('of a run that is %s, written to %s hours ago: abandoned %s', (owner, hoursAgo, is) => {
  expect(isAbandoned(unfinished(owner, hoursAgo), now, 24 * hour)).toBe(is);
});
