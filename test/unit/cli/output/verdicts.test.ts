import pc from 'picocolors';
import { expect, test } from 'vitest';
import { historyTable, verdictText, verifiedLines } from '../../../../cli/output/verdicts.ts';
import type { Check, Verification } from '../../../../core/manifest/verification.ts';
import type { Level, Verdict } from '../../../../core/vocabulary.ts';

const plain = pc.createColors(false);
const coloured = pc.createColors(true);

const passed = (...names: string[]): Check[] =>
  names.map((name) => ({ name, status: 'passed', detail: 'well' }));

function verification(
  verdict: Verdict,
  level: Level,
  checks: Check[],
  more: Partial<Verification> = {},
): Verification {
  return {
    formatVersion: 1,
    id: 's/d/2026-11-20T02-00-00Z',
    startedAt: '2026-11-20T02:05:00.000Z',
    finishedAt: '2026-11-20T02:06:00.000Z',
    level,
    verdict,
    manifestSha256: 'a'.repeat(64),
    checks,
    ...more,
  };
}

const undecided: Check = { name: 'restore', status: 'unverifiable', detail: 'no room' };
const bad: Check = { name: 'read', status: 'failed', detail: '3 rows' };

test.each<[string, Verification, (text: string) => string]>([
  [
    'proven (restore)',
    verification('proven', 'restore', passed('checksum', 'read', 'restore')),
    coloured.green,
  ],
  [
    'proven-without (restore)',
    verification('proven-without', 'restore', passed('checksum', 'read', 'restore')),
    coloured.green,
  ],
  ['intact (read)', verification('intact', 'read', passed('checksum', 'read')), coloured.green],
  [
    'intact (checksum), reached read',
    verification('intact', 'checksum', passed('checksum'), { reached: 'read' }),
    coloured.green,
  ],
  ['failed (read)', verification('failed', 'read', [...passed('checksum'), bad]), coloured.red],
  [
    'unverifiable (restore), reached read',
    verification('unverifiable', 'restore', [...passed('checksum', 'read'), undecided]),
    coloured.yellow,
  ],
  ['unverifiable (restore)', verification('unverifiable', 'restore', [undecided]), coloured.yellow],
  [
    'proven (restore), unbound',
    verification('proven', 'restore', passed('restore'), { manifestSha256: undefined }),
    coloured.green,
  ],
])('%s', (text, document, colour) => {
  expect(verdictText(document, plain)).toBe(text);
  expect(verdictText(document, coloured)).toBe(colour(text));
});

test('a run that does not come into force says what stays', () => {
  const inForce = verification('proven', 'restore', passed('checksum', 'read', 'restore'));
  const run = verification('unverifiable', 'restore', [...passed('checksum', 'read'), undecided]);
  expect(verifiedLines({ ...run, inForce }, plain)).toEqual([
    's/d/2026-11-20T02-00-00Z: unverifiable (restore), reached read',
    '  ✓ checksum  well',
    '  ✓ read      well',
    '  ? restore   no room',
    'In force stays: proven (restore), of 2026-11-20T02:05:00.000Z',
  ]);
});

test('the history is a table, a line per run', () => {
  const { startedAt, finishedAt } = verification('failed', 'read', [bad]);
  const lines = historyTable([
    {
      startedAt,
      finishedAt,
      level: 'restore',
      verdict: 'unverifiable',
      reached: 'read',
      notPassed: [undecided],
    },
    { startedAt, finishedAt, level: 'read', verdict: 'failed', reached: null, notPassed: [bad] },
    {
      startedAt,
      finishedAt,
      level: 'restore',
      verdict: 'proven-without',
      reached: 'read',
      without: ['extension a\nb'],
      notPassed: [],
    },
  ]);
  expect(lines.map((line) => line.replace(/ {2,}/g, '  '))).toEqual([
    'OTHER RUNS  VERDICT  REACHED  NOT PASSED',
    '2026-11-20T02:05:00.000Z  unverifiable (restore)  read  restore: no room',
    '2026-11-20T02:05:00.000Z  failed (read)  read: 3 rows',
    '2026-11-20T02:05:00.000Z  proven-without (restore)  read  without extension a\\nb',
  ]);
});
