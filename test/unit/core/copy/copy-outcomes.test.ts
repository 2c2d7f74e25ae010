import { expect, test } from 'vitest';
import { copyOutcomes, wholeFailure } from '../../../../core/copy/copy-outcomes.ts';
import type { CopyLine, CopyReport } from '../../../../core/copy/request.ts';
import { PgproofError } from '../../../../core/errors.ts';
import { composeAlert } from '../../../../core/notify/alert.ts';

const at = new Date('2026-11-27T03:00:00Z');
const report = (backups: readonly CopyLine[]): CopyReport => ({
  from: 'file:///backups',
  to: 's3://copies/pg',
  startedAt: at.toISOString(),
  finishedAt: at.toISOString(),
  backups,
  there: 0,
  left: [],
  newest: [],
});
const copied = { kind: 'copied', bytes: 1_000_000, seconds: 2, checked: 'read-back' } as const;

test('a hundred backups that failed are one message for each database, which names the worst of it once', () => {
  const failed = Array.from({ length: 100 }, (_, index): CopyLine => {
    const second = String(index % 60).padStart(2, '0');
    const hour = String(Math.floor(index / 60)).padStart(2, '0');
    const error = index === 0 ? 'The store is full. Make room.' : 'Not tried. The store is full. Make room.';
    return { id: `prod/app/2026-11-20T${hour}-00-${second}Z`, kind: 'failed', error };
  });
  const other: CopyLine = { id: 'prod/%D1%88/2026-11-20T00-00-00Z', ...copied };
  const [bad, good, ...more] = copyOutcomes(report([...failed, other]), at);
  expect(more).toEqual([]);
  expect(bad).toMatchObject({ result: 'failed', source: 'prod', database: 'app', store: 's3://copies/pg' });
  expect(good).toMatchObject({ result: 'good', database: 'ш', bytes: 1_000_000, seconds: 2 });
  if (bad === undefined) throw new Error('no outcome');
  const { subject, text } = composeAlert(bad);
  expect(subject).toBe('NOT COPIED prod/app: The store is full. Make room.');
  expect(text).toContain('100 backups could not be copied from file:///backups');
  expect(text.match(/The store is full/g)?.length).toBeLessThan(4);
  expect(text).toContain('pgproof copy --all-missing --store file:///backups --to s3://copies/pg');
});

test('nothing new is no message', () => {
  expect(copyOutcomes(report([]), at)).toEqual([]);
  const brought: CopyLine = { id: 'prod/app/2026-11-20T00-00-00Z', kind: 'there', verdictBrought: true };
  expect(copyOutcomes(report([brought]), at)).toEqual([]);
});

test('a place that could not even be looked at is told with what to do', () => {
  const error = new PgproofError({
    what: 'The bucket does not exist',
    got: 'NoSuchBucket',
    fix: 'Create it.',
  });
  const places = { from: 'file:///backups', to: 's3://copies/pg', source: undefined };
  const { text } = composeAlert(wholeFailure(error, places, at));
  expect(text).toContain('NOT COPIED all sources');
  expect(text).toContain('copied from file:///backups');
  expect(text).toContain('Create it.');
});
