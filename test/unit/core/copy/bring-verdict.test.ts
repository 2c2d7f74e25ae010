import { expect, test } from 'vitest';
import { mergeVerdicts } from '../../../../core/copy/bring-verdict.ts';
import { withRun } from '../../../../core/manifest/verdict-in-force.ts';
import type { Verification } from '../../../../core/manifest/verification.ts';
import type { Level, Verdict } from '../../../../core/vocabulary.ts';

/** A run of that hour; of a failure, `bad` is the check that failed. */
function run(hour: number, level: Level, verdict: Verdict, bad: string = level): Verification {
  const at = `2026-11-20T${String(hour).padStart(2, '0')}:00:00.000Z`;
  const status = verdict === 'failed' ? 'failed' : verdict === 'unverifiable' ? 'unverifiable' : 'passed';
  return withRun(undefined, {
    formatVersion: 1,
    id: 'prod/app/2026-11-20T00-00-00Z',
    startedAt: at,
    finishedAt: at,
    level,
    verdict,
    checks: [
      ...(bad === 'checksum' ? [] : [{ name: 'checksum', status: 'passed' as const, detail: 'all' }]),
      { name: bad, status, detail: 'as said' },
    ],
  });
}

const inForce = (merged: Verification | undefined): string | undefined =>
  merged && `${merged.verdict} ${merged.level} ${merged.startedAt.slice(11, 13)}`;

test.each<readonly [string, Verification, Verification, string | undefined]>([
  [
    'a proof comes over a weaker pass',
    run(1, 'read', 'intact'),
    run(2, 'restore', 'proven'),
    'proven restore 02',
  ],
  [
    'a weaker pass never replaces a proof',
    run(1, 'restore', 'proven'),
    run(2, 'read', 'intact'),
    'proven restore 01',
  ],
  [
    'what could not be decided replaces nothing',
    run(1, 'read', 'intact'),
    run(2, 'restore', 'unverifiable'),
    'intact read 01',
  ],
  [
    'a backup that does not restore does not restore there either',
    run(1, 'read', 'intact'),
    run(2, 'restore', 'failed'),
    'failed restore 02',
  ],
  [
    'bytes that went bad in the first store are not the copy’s',
    run(1, 'read', 'intact'),
    run(2, 'read', 'failed', 'checksum'),
    undefined,
  ],
  [
    'nor is a manifest that went bad',
    run(1, 'read', 'intact'),
    run(2, 'read', 'failed', 'manifest'),
    undefined,
  ],
  [
    'the copy’s own damage is not mended elsewhere',
    run(1, 'read', 'failed', 'checksum'),
    run(2, 'restore', 'proven'),
    undefined,
  ],
  [
    'nor by what was found before',
    run(3, 'checksum', 'failed', 'checksum'),
    run(2, 'restore', 'proven'),
    undefined,
  ],
  ['the same verdict is no news', run(1, 'restore', 'proven'), run(1, 'restore', 'proven'), undefined],
])('%s', (_, theirs, ours, expected) => {
  expect(inForce(mergeVerdicts(theirs, ours))).toBe(expected);
});

test('a failure that came from the first store is mended by the pass that mended it there', () => {
  const failed = run(1, 'restore', 'failed');
  const mended = withRun(failed, run(2, 'restore', 'proven'));
  const merged = mergeVerdicts(failed, mended);
  expect(inForce(merged)).toBe('proven restore 02');
  expect(merged?.history?.map(({ verdict }) => verdict)).toEqual(['failed']);
});

test('history comes along, each run once, but for what is said of the first store’s bytes', () => {
  const damaged = run(2, 'checksum', 'failed', 'checksum');
  const ours = withRun(
    withRun(withRun(run(1, 'read', 'intact'), damaged), run(3, 'read', 'intact')),
    run(4, 'restore', 'proven'),
  );
  const theirs = run(1, 'read', 'intact');
  const merged = mergeVerdicts(theirs, ours);
  expect(inForce(merged)).toBe('proven restore 04');
  expect(merged?.history?.map(({ startedAt, verdict }) => `${startedAt.slice(11, 13)} ${verdict}`)).toEqual([
    '03 intact',
    '01 intact',
  ]);
  expect(merged && mergeVerdicts(merged, ours)).toBeUndefined();
});
