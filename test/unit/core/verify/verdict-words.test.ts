import { expect, test } from 'vitest';
import type { Check, Verification } from '../../../../core/manifest/verification.ts';
import { verdictWords } from '../../../../core/verify/verdict-words.ts';

const run = (checks: Check[]): Verification => ({
  formatVersion: 1,
  id: 's/d/2026-11-20T02-00-00Z',
  startedAt: '2026-11-20T02:00:00.000Z',
  finishedAt: '2026-11-20T02:01:00.000Z',
  level: 'restore',
  verdict: 'unverifiable',
  reached: 'read',
  checks: [{ name: 'checksum', status: 'passed', detail: '' }, ...checks],
});
const lacking: Check = {
  name: 'restore',
  status: 'unverifiable',
  detail: 'left out',
  acceptable: ['extension vector', 'view "a b"."x\'y"'],
};
const schema: Check = { name: 'schema', status: 'unverifiable', detail: '3 objects were left out' };

test('what would make it proven-without is said, to be typed as it stands', () => {
  const { fix } = verdictWords(run([lacking, schema]));
  expect(fix).toContain(`--without "extension vector" --without 'view "a b"."x'\\''y"'`);
  expect(fix).toContain('verify.without ["extension vector","view \\"a b\\".\\"x\'y\\""]');
  expect(fix).toContain('proven-without');
});

test('nothing of it where something else is in the way', () => {
  const other: Check = { name: 'user checks', status: 'unverifiable', detail: 'a typo' };
  for (const checks of [[schema], [lacking, other], [{ ...lacking, acceptable: undefined }]])
    expect(verdictWords(run(checks)).fix).not.toContain('--without');
});
