import { expect, test } from 'vitest';
import type { PrunedLine } from '../../../../core/prune/report.ts';
import { decisionsOn, reasonText, refusalText } from '../../../../core/prune/words.ts';
import type { Reason } from '../../../../core/retention/shapes.ts';

const before = 'shop/app/2026-11-20T02-00-00Z';
const after = 'shop/app/2026-11-21T02-00-00Z';

const line = (id: string, reasons: readonly Reason[]): PrunedLine => ({
  id,
  action: 'keep',
  reasons,
  until: undefined,
  startedAt: new Date('2026-11-20T02:00:00Z'),
  standing: 'good',
  bytes: 1,
});

test('a cliff says once what is to be released: the last before it', () => {
  const pin = (side: 'before' | 'after', other: string): Reason => ({
    kind: 'cliff',
    side,
    other,
    isReleased: false,
    needsRelease: true,
    heldAt: new Date('2026-12-05T00:00:00Z'),
  });
  const lines = [line(after, [pin('after', before)]), line(before, [pin('before', after)])];
  expect(decisionsOn(lines)).toEqual([expect.stringMatching(`pgproof release ${before}$`)]);
});

test('a clock that was wrong at the last prune names the file that remembers it', () => {
  const now = new Date('2026-11-21T00:00:00Z');
  const { fix } = refusalText({ kind: 'clock', of: 'prune', now, other: new Date('2027-01-01') }, [
    line(before, []),
  ]);
  expect(fix).toContain('delete shop/app/prune.json');
});

test.each([
  [1, 'the newest good one'],
  [3, 'of the 3 newest good ones'],
])('a floor of %d is said in words', (of, words) => {
  expect(reasonText({ kind: 'min', number: 1, of, until: undefined }, 'UTC')).toBe(words);
});
