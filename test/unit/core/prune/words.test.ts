import { expect, test } from 'vitest';
import { reasonText, refusalText } from '../../../../core/prune/words.ts';
import type { Reason } from '../../../../core/retention/shapes.ts';

const before = 'shop/app/2026-11-20T02-00-00Z';
const after = 'shop/app/2026-11-21T02-00-00Z';

test.each([
  ['before', before, after],
  ['after', after, before],
  ['between', after, before],
  ['back', after, before],
] as const)('a pin says what is to be released: always the last before the cliff (%s)', (side, id, other) => {
  const reason: Reason = {
    kind: 'cliff',
    side,
    other,
    isReleased: false,
    needsRelease: true,
    heldAt: new Date('2026-12-05T00:00:00Z'),
  };
  expect(reasonText(reason, id, 'UTC')).toMatch(new RegExp(`pgproof release ${before}$`));
  expect(reasonText({ ...reason, isReleased: true }, id, 'UTC')).toMatch(/until 2026-12-05$/);
});

test('a clock that was wrong at the last prune names the file that remembers it', () => {
  const line = {
    id: before,
    action: 'keep',
    reasons: [],
    until: undefined,
    startedAt: new Date('2026-11-20T02:00:00Z'),
    standing: 'good',
    bytes: 1,
  } as const;
  const now = new Date('2026-11-21T00:00:00Z');
  const { fix } = refusalText({ kind: 'clock', of: 'prune', now, other: new Date('2027-01-01') }, [line]);
  expect(fix).toContain('delete shop/app/prune.json');
});
