import { expect, test } from 'vitest';
import { composeAlert } from '../../../../core/notify/alert.ts';
import type { PruneReport } from '../../../../core/prune/report.ts';
import { responseOf, SourcesNotPruned } from '../../../../functions/prune/lambda-output.ts';
import { troublesOf } from '../../../../functions/prune/troubles.ts';

const now = new Date('2026-11-27T12:00:00Z');
const id = (database: string, day: number): string => `shop/${database}/2026-11-${day}T02-00-00Z`;

function reportOf(changes: Partial<PruneReport> = {}): PruneReport {
  return {
    store: 's3://bucket/pg',
    applied: true,
    now,
    policy: undefined,
    groups: [],
    orphans: [],
    leftovers: [],
    extensions: [],
    notReached: [],
    ...changes,
  };
}

const troubles = (changes: Partial<PruneReport>): ReturnType<typeof troublesOf> =>
  troublesOf({ source: 'shop', reports: [reportOf(changes)] });

const failed = { kind: 'failed', why: 'AccessDenied', isListed: false } as const;

test('where all was done there is nothing to tell', () => {
  expect(troubles({})).toEqual([]);
});

test('what failed is told by database, its ids in the words, not all of hundreds', () => {
  const newestAt = now;
  const orphans = Array.from({ length: 12 }, (_, index) => ({
    id: id('app', 10 + index),
    bytes: 1,
    objects: 1,
    newestAt,
    origin: 'pruned' as const,
    outcome: failed,
  }));
  const leftovers = [{ name: `${id('%C3%9C%20x', 10)}/archive.dump`, bytes: 1, newestAt, outcome: failed }];
  const found = troubles({ orphans, leftovers });
  expect(found.map(({ source, database }) => [source, database])).toEqual([
    ['shop', 'app'],
    ['shop', 'Ü x'],
  ]);
  expect(found[0]?.what).toBe('12 things could not be deleted or locked');
  expect(found[0]?.words?.split('\n')).toHaveLength(6);
  expect(found[0]?.words).toMatch(/: AccessDenied\n[\s\S]*and 7 more$/);
});

test('a lock that was not made longer, and databases that were not come to', () => {
  const [locks, time] = troubles({
    extensions: [
      { id: id('app', 20), until: now },
      { id: id('app', 21), until: now, error: 'denied' },
    ],
    notReached: [{ source: 'shop', database: 'late "one"' }],
  });
  expect(locks?.words).toBe(`${id('app', 21)}: its lock could not be made longer: denied`);
  expect(time?.what).toContain('"late \\"one\\""');
  expect(time?.database).toBeUndefined();
});

test('a source that could not be read is a trouble, what was done before it is told too', () => {
  const run = { source: 'shop', reports: [reportOf()], error: new Error('no such bucket') };
  expect(troublesOf(run)).toMatchObject([
    { source: 'shop', what: expect.stringContaining('no such bucket') },
  ]);
});

test('the alert says what, where and what to do; the error has all of them', () => {
  const found = troubles({ notReached: [{ source: 'shop', database: 'app' }] });
  const [first] = found;
  if (first === undefined) throw new Error('there is one');
  const { subject, text } = composeAlert({
    result: 'failed',
    work: 'prune',
    store: 's3://bucket/pg',
    at: now,
    ...first,
  });
  expect(subject).toMatch(/^NOT PRUNED shop: Time was up before 1 database had its turn/);
  expect(text).toContain('What to do: Nothing is half done.');
  expect(new SourcesNotPruned(found).message).toContain('shop: Time was up');
});

test('the answer counts what went; what failed or was left stays', () => {
  const line = (day: number, kind: 'gone' | 'left' | 'failed' | undefined): object => ({
    id: id('app', day),
    action: kind === undefined ? 'keep' : 'remove',
    reasons: [],
    until: undefined,
    startedAt: now,
    standing: 'good',
    bytes: 100,
    ...(kind === undefined ? {} : { outcome: { kind, why: 'so', isListed: true } }),
  });
  const lines = [line(27, undefined), line(26, 'left'), line(25, 'failed'), line(24, 'gone')];
  const group = {
    source: 'shop',
    database: 'app',
    systemIdentifier: '7',
    lines,
    refusal: undefined,
  } as never;
  const runs = [{ source: 'shop', reports: [reportOf({ groups: [group] })] }];
  expect(responseOf('s3://bucket/pg', false, runs).databases).toEqual([
    {
      source: 'shop',
      database: 'app',
      systemIdentifier: '7',
      kept: 3,
      removed: [id('app', 24)],
      failed: [id('app', 25)],
      freedBytes: 100,
    },
  ]);
});
