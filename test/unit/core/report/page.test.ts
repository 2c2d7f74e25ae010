import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Report } from '../../../../core/report/document.ts';
import { html, htmlTable, Markup } from '../../../../core/report/page/markup.ts';
import { reportPage } from '../../../../core/report/page/page.ts';

const hostile = `"><img src=x onerror=alert(1)>&amp;'\u202e`;

const report: Report = {
  formatVersion: 1,
  month: '2026-11',
  timeZone: 'UTC',
  from: '2026-11-01T00:00:00.000Z',
  to: '2026-12-01T00:00:00.000Z',
  until: '2026-12-01T00:00:00.000Z',
  complete: true,
  madeAt: '2026-12-01T08:00:00.000Z',
  madeBy: { pgproof: '0.1.0', by: hostile },
  store: `s3://${hostile}`,
  only: { source: hostile, database: null },
  totals: { databases: 1, backups: 1, good: 0, proofs: 1, gapDays: 1, failedRuns: 1, unreadable: 1 },
  hasGaps: true,
  isWhole: true,
  databases: [
    {
      source: hostile,
      database: hostile,
      backups: [
        {
          id: hostile,
          startedAt: '2026-11-02T00:00:00.000Z',
          finishedAt: null,
          archiveBytes: null,
          databaseBytes: null,
          verdict: null,
          level: null,
          reached: null,
          verifiedAt: null,
          provenAt: null,
          good: false,
          partial: true,
          future: true,
          counts: false,
          held: { reason: hostile, by: hostile, until: null },
        },
      ],
      proofs: [
        {
          backup: `a/b/${hostile}`,
          startedAt: '2026-11-02T01:00:00.000Z',
          finishedAt: '2026-11-02T01:10:00.000Z',
          level: 'restore',
          verdict: 'failed',
          inForce: false,
          ofOtherManifest: true,
          notPassed: [{ name: hostile, detail: hostile }],
          timings: { fetchSeconds: 1, fetchedBytes: 2 },
        },
      ],
      gaps: { days: [{ date: '2026-11-02', backups: 1 }], removedDays: [], longest: null, beforeFirst: null },
      recoveryTime: null,
      recoveryPoint: null,
      vanished: { lastBackup: hostile, othersUntil: '2026-11-20T00:00:00.000Z' },
      rememberedSince: null,
      gone: [{ id: hostile, removedByPrune: false }],
      restsOn: [
        { backup: hostile, manifest: { key: hostile, bytes: 1, sha256: hostile }, verification: null },
      ],
    },
  ],
  failedRuns: [
    {
      source: hostile,
      schedule: hostile,
      startedAt: '2026-11-02T00:00:00.000Z',
      finishedAt: '2026-11-02T00:00:00.000Z',
      problems: [hostile],
    },
  ],
  unreadable: [{ key: hostile, why: hostile }],
};

const page = [...reportPage(report)].join('');

describe('the page', () => {
  test('has other people’s text as text only', () => {
    expect(page).not.toContain('<img');
    expect(page).not.toContain('\u202e');
    expect(page).toContain('&quot;&gt;&lt;img src=x onerror=alert(1)&gt;&amp;amp;&#39;\\u202e');
    // Every attribute stays within its quotes.
    expect(page.replaceAll(/<[a-z!/][^<>]*>/g, '')).not.toMatch(/[<>]/);
  });

  test('runs nothing, fetches nothing, and says so to the browser', () => {
    expect(page).not.toMatch(
      /<(?:script|link|iframe|object|embed|form|a)\b|<[^<>]*\s(?:src|href|action|on[a-z]+)=|url\(|@import/,
    );
    const [, style = ''] = /<style>(.*)<\/style>/s.exec(page) ?? [];
    const hash = createHash('sha256').update(style).digest('base64');
    expect(page).toContain(
      `content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'"`,
    );
    // Another one in an attribute would be refused.
    expect(page).not.toMatch(/\sstyle=/);
  });

  test('has headings in order, one of the first rank', () => {
    const ranks = [...page.matchAll(/<h(\d)/g)].map(([, rank]) => Number(rank));
    expect(ranks.filter((rank) => rank === 1)).toHaveLength(1);
    for (const [index, rank] of ranks.entries())
      expect(rank - (ranks[index - 1] ?? 0)).toBeLessThanOrEqual(1);
    expect(page).toMatch(/^<!doctype html>\n<html lang="en">/);
  });

  test('closes every element that it opens', () => {
    const open: string[] = [];
    const empty = new Set(['meta', 'br']);
    for (const [, end, name = ''] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)\b/g)) {
      if (empty.has(name)) continue;
      if (end === '') open.push(name);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });

  test('says that there is nothing where there is nothing', () => {
    const none = { ...report, databases: [], failedRuns: [], unreadable: [] };
    expect([...reportPage(none)].join('')).toContain('There was no database in it to report on.');
  });
});

test('what is put into a template is escaped once, markup never', () => {
  expect(html`<b>${'<&>'}</b>${new Markup('<i>')}${['a', ['<', 1]]}`.html).toBe(
    '<b>&lt;&amp;&gt;</b><i>a&lt;1',
  );
  expect(htmlTable('c', [{ head: '<' }], [['>']]).html).toContain('data-head="&lt;"><div>&gt;</div>');
});
