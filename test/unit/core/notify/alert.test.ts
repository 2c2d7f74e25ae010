import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { composeAlert, type Outcome } from '../../../../core/notify/alert.ts';

const outcome: Outcome = {
  result: 'failed',
  work: 'backup',
  source: 'orders-prod',
  database: 'app',
  store: 's3://bucket/prefix',
  at: new Date('2026-11-20T02:03:00Z'),
  what: 'pg_dump ended with exit status 1: connection lost',
  words: 'pg_dump: error: server closed the connection unexpectedly',
  fix: "Look at the server's log.",
  reached: { bytes: 57_000_000, tables: 12 },
  schedule: 'nightly',
};

describe('an alert', () => {
  it('tells source, database, what happened, the words, how far, and what to do', () => {
    const { subject, text } = composeAlert(outcome);
    expect(subject).toBe('BACKUP FAILED orders-prod/app: pg_dump ended with exit status 1: connection lost');
    for (const part of [
      'orders-prod',
      'app',
      's3://bucket/prefix',
      '57 MB',
      '12 tables',
      'nightly',
      outcome.words,
      outcome.fix,
    ]) {
      expect(text).toContain(part);
    }
  });

  it('has a subject that SNS takes, whatever the names and errors are', () => {
    const any = fc.string({ maxLength: 300, unit: 'binary' });
    fc.assert(
      fc.property(any, any, any, (source, database, what) => {
        const { subject } = composeAlert({ ...outcome, source, database, what });
        expect(subject).toMatch(/^[\x20-\x7e]{1,99}$/);
        expect(subject).toMatch(/^[A-Za-z]/);
      }),
    );
  });

  it('keeps the letters under accents', () => {
    expect(composeAlert({ ...outcome, database: 'Ünïcode' }).subject).toContain('orders-prod/Unicode');
  });

  it('stays one message however long the words are', () => {
    const { text, chat } = composeAlert({ ...outcome, words: 'x'.repeat(500_000) });
    expect(JSON.stringify({ text, chat }).length).toBeLessThan(100_000);
  });

  it('is what Amazon Q Developer shows in a chat', () => {
    const { chat } = composeAlert(outcome);
    expect(chat).toMatchObject({
      version: '1.0',
      source: 'custom',
      content: { textType: 'client-markdown', nextSteps: [outcome.fix] },
    });
    expect(chat.content.title).toContain('BACKUP FAILED orders-prod/app');
  });
});
