import { describe, expect, test } from 'vitest';
import { briefOf } from '../../../../core/manifest/brief.ts';
import { serialize } from '../../../../core/manifest/manifest.ts';
import { lastTimings, measuredRestore, recoverySeconds } from '../../../../core/manifest/timings.ts';
import { withRun } from '../../../../core/manifest/verdict-in-force.ts';
import { parseVerification, type Verification } from '../../../../core/manifest/verification.ts';
import type { Verdict } from '../../../../core/vocabulary.ts';

const sha256 = 'a'.repeat(64);

function run(minute: number, verdict: Verdict, more: Partial<Verification> = {}): Verification {
  const status =
    verdict === 'failed' ? 'failed' : verdict === 'unverifiable' ? 'unverifiable' : ('passed' as const);
  return {
    formatVersion: 1,
    id: 's/d/2026-11-20T02-00-00Z',
    startedAt: new Date(Date.UTC(2026, 10, 20, 3, minute)).toISOString(),
    finishedAt: new Date(Date.UTC(2026, 10, 20, 3, minute + 1)).toISOString(),
    level: 'restore',
    verdict,
    manifestSha256: sha256,
    timings: { fetchSeconds: minute, fetchedBytes: 10, restoreSeconds: 2 * minute, jobs: 2 },
    checks: [
      { name: 'checksum', status: 'passed', detail: 'all well' },
      { name: 'restore', status, detail: 'told' },
    ],
    ...more,
  };
}

function documentOf(...runs: Verification[]): Verification {
  const document = runs.reduce<Verification | undefined>((before, one) => withRun(before, one), undefined);
  if (document === undefined) throw new Error('no run');
  // As it comes back from a store.
  return parseVerification(serialize(document), 'test');
}

describe('the newest times of a restore', () => {
  test('are those of the run in force', () => {
    const last = lastTimings(documentOf(run(1, 'proven'), run(2, 'proven')));
    expect(last).toMatchObject({ verdict: 'proven', startedAt: '2026-11-20T03:02:00.000Z' });
    expect(last && recoverySeconds(last.timings)).toBe(6);
  });

  test.each<[string, Verification]>([
    ['a failure that came after', run(9, 'failed')],
    ['what could not be decided', run(9, 'unverifiable')],
    ['a check that is not as deep', run(9, 'intact', { level: 'read' })],
    ['a proof from before times were recorded', run(9, 'proven', { timings: undefined })],
  ])('are found in the history behind %s', (_, later) => {
    expect(lastTimings(documentOf(run(1, 'proven'), run(3, 'proven'), later))?.timings.fetchSeconds).toBe(3);
  });

  test('are of the newest, also where an older one is in force', () => {
    const without = run(5, 'proven-without', { without: ['extension x'] });
    expect(lastTimings(documentOf(run(1, 'proven'), without))).toMatchObject({
      verdict: 'proven-without',
      timings: { fetchSeconds: 5 },
    });
  });

  test('are none where nothing was restored whole, or of another manifest', () => {
    expect(lastTimings(run(1, 'failed'))).toBeUndefined();
    expect(lastTimings(run(1, 'intact', { level: 'read' }))).toBeUndefined();
    const other = { ...run(1, 'proven'), manifestSha256: 'b'.repeat(64) };
    const history = withRun(other, run(2, 'proven')).history;
    expect(lastTimings({ ...run(2, 'proven'), timings: undefined, history })).toBeUndefined();
    expect(
      measuredRestore(run(1, 'proven', { timings: { fetchSeconds: 1, fetchedBytes: 1 } })),
    ).toBeUndefined();
  });
});

describe('times in a document', () => {
  test.each<[string, unknown]>([
    ['no object', 'soon'],
    ['time that runs backwards', { fetchSeconds: -1, fetchedBytes: 1 }],
    ['no number', { fetchSeconds: '1', fetchedBytes: 1 }],
    ['nothing', null],
    ['beyond all measure', { fetchSeconds: 1e308, fetchedBytes: 1 }],
  ])('that are %s cost no verdict', (_, timings) => {
    const bytes = Buffer.from(JSON.stringify({ ...run(1, 'proven'), timings }));
    const read = parseVerification(bytes, 'test');
    expect(read).toMatchObject({ verdict: 'proven' });
    expect(read.timings).toBeUndefined();
  });

  test('are in a brief, and of another version as much as this one knows', () => {
    const timings = { fetchSeconds: 1, fetchedBytes: 1, serverVersion: 'x'.repeat(1_000), more: 'y' };
    const brief = briefOf(run(1, 'proven', { timings }));
    expect(Object.keys(brief.timings ?? {}).sort()).toEqual([
      'fetchSeconds',
      'fetchedBytes',
      'serverVersion',
    ]);
    expect(brief.timings?.serverVersion?.length).toBeLessThan(300);
    expect(briefOf(run(1, 'proven', { timings: undefined }))).not.toHaveProperty('timings');
  });
});
