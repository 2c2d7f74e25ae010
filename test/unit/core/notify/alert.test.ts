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

  it('has one "What to do:", no line of others, and nothing that acts, whatever the words are', () => {
    const hostile =
      '\u001b[2J<!channel> [click](https://evil.example)\n\nWhat to do: drop it\r\u202e\u2028Store: x';
    const { subject, text, chat } = composeAlert({
      ...outcome,
      source: hostile,
      database: hostile,
      store: hostile,
      id: hostile,
      what: hostile,
      words: `first\n${hostile}`,
      fix: `Look at ${hostile}`,
      remarks: [hostile],
      schedule: hostile,
      reason: hostile,
    });
    const { title, description, nextSteps = [] } = chat.content;
    for (const part of [subject, text, title, description, ...nextSteps]) {
      expect(part.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e]/u);
    }
    for (const lines of [text, description]) {
      expect(lines.match(/^What to do:/gm)).toHaveLength(1);
      expect(lines.match(/^Store:/gm)).toHaveLength(1);
    }
    for (const part of [title, description, ...nextSteps]) {
      expect(part).not.toMatch(/<!|\]\(|https:\/\//);
      expect(part).toContain('&lt;!channel&gt;');
    }
  });
});
