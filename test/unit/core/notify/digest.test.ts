import fc from 'fast-check';
import { expect, test } from 'vitest';
import { composeAlert, type Outcome } from '../../../../core/notify/alert.ts';
import { collectingNotifier, composeDigest, fairShare } from '../../../../core/notify/digest.ts';

const outcome = (more: Partial<Outcome> = {}): Outcome => ({
  result: 'failed',
  work: 'backup',
  source: 'shop',
  database: 'app',
  store: 'file:///backups',
  at: new Date('2026-11-27T02:00:00Z'),
  what: 'The server does not answer',
  fix: 'Start it.',
  ...more,
});
const good = outcome({ result: 'good', what: '3 tables', fix: undefined });

test('of nothing, or of what nobody wants to hear, there is no message', () => {
  expect(composeDigest([], 'all')).toBeUndefined();
  expect(composeDigest([good], 'failures')).toBeUndefined();
});

test('one outcome is the message that it always was', () => {
  expect(composeDigest([good, outcome()], 'failures')).toEqual(composeAlert(outcome()));
  expect(composeDigest([good], 'all')).toEqual(composeAlert(good));
});

test('of several the worst is first, and what to do stands with each', () => {
  const prune = outcome({ work: 'prune', database: 'crm', what: 'It is locked', fix: 'Wait.' });
  const bad = outcome({
    work: 'verification',
    result: 'unverifiable',
    database: 'b',
    what: 'No room',
    fix: 'Make room.',
  });
  const alert = composeDigest([good, bad, prune, outcome()], 'failures');
  expect(alert?.subject).toBe(
    '3 problems: BACKUP FAILED shop/app; NOT PRUNED shop/crm; BACKUP NOT VERIFIED shop/b',
  );
  const text = alert?.text ?? '';
  for (const part of [
    'What to do: Start it.',
    'What to do: Wait.',
    'What to do: Make room.',
    '- NOT PRUNED shop/crm: It is locked',
  ])
    expect(text).toContain(part);
  expect(text.indexOf('Start it.')).toBeLessThan(text.indexOf('Wait.'));
  expect(text).not.toContain('3 tables');
  expect(alert?.chat.content.nextSteps).toBeUndefined();
  expect(composeDigest([good, good], 'all')?.subject).toBe(
    'All went well: 2 messages; Backup done shop/app; Backup done shop/app',
  );
});

test('is never too long, and the short ones stay whole beside a long one', () => {
  const long = outcome({ words: 'x'.repeat(100_000), what: 'Long' });
  const short = outcome({ database: 'small', words: 'the whole of it', fix: 'Do this at last.' });
  const text = composeDigest([long, short], 'failures')?.text ?? '';
  expect(text.length).toBeLessThanOrEqual(16_000);
  expect(text.length).toBeGreaterThan(15_000);
  expect(text).toContain('the whole of it');
  expect(text).toContain('Do this at last.');
  const many = Array.from({ length: 700 }, (_, index) =>
    outcome({ database: `db${index}`, words: 'y'.repeat(500) }),
  );
  const crowd = composeDigest(many, 'failures');
  expect(crowd?.text.length).toBeLessThanOrEqual(16_000);
  expect(crowd?.text).toContain('and 650 more');
  expect(crowd?.text).toContain('What to do: Start it.');
  expect(crowd?.subject).toMatch(/^700 problems: BACKUP FAILED shop\/db0; .*\.\.\.$/);
  expect(crowd?.subject.length).toBeLessThanOrEqual(99);
});

test('whatever is told, SNS takes it', () => {
  const arbitrary = fc
    .record({
      database: fc.string(),
      what: fc.string(),
      words: fc.string({ maxLength: 3_000 }),
      fix: fc.string(),
    })
    .map((parts) => outcome(parts));
  fc.assert(
    fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 40 }), (outcomes) => {
      const alert = composeDigest(outcomes, 'failures');
      expect(alert?.subject).toMatch(/^[\x20-\x7e]{1,99}$/);
      expect(alert?.text.length).toBeLessThanOrEqual(16_000);
    }),
    { numRuns: 50 },
  );
});

test('a share is the most that has room', () => {
  expect(fairShare([10, 10], 100)).toBe(10);
  expect(fairShare([10, 1_000, 1_000], 110)).toBe(50);
  expect(fairShare([], 100)).toBe(0);
  fc.assert(
    fc.property(fc.array(fc.nat(10_000)), fc.nat(20_000), (lengths, room) => {
      const share = fairShare(lengths, room);
      expect(lengths.reduce((sum, length) => sum + Math.min(length, share), 0)).toBeLessThanOrEqual(room);
    }),
  );
});

test('what is collected is kept in order', async () => {
  const notifier = collectingNotifier();
  await notifier.tell(outcome());
  await notifier.tell(good);
  expect(notifier.outcomes).toEqual([outcome(), good]);
});
