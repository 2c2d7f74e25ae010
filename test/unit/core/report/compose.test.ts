import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { composeReport, type Part, partOf } from '../../../../core/report/compose.ts';
import { type Report, reportJsonSchema, reportSchema } from '../../../../core/report/document.ts';
import type { BackupFacts } from '../../../../core/report/one-backup.ts';
import { periodOf } from '../../../../core/report/period.ts';

const now = new Date('2026-12-05T00:00:00Z');
const period = periodOf('2026-11', 'UTC', now);

function facts(source: string, database: string, startedAt: string, counts = true): BackupFacts {
  const time = Date.parse(startedAt);
  const id = `${source}/${database}/${startedAt}`;
  return {
    startedAt: time,
    finishedAt: time + 60_000,
    backup: {
      id,
      startedAt: new Date(time).toISOString(),
      finishedAt: new Date(time + 60_000).toISOString(),
      archiveBytes: 1,
      databaseBytes: 1,
      verdict: 'proven',
      level: 'restore',
      reached: 'restore',
      verifiedAt: new Date(time + 120_000).toISOString(),
      provenAt: null,
      good: true,
      partial: !counts,
      future: false,
      counts,
      held: null,
    },
    proofs: [],
    restsOn: { backup: id, manifest: null, verification: null },
    unreadable: [],
  };
}

/** A database with backups at these times; `day` stands for two in the morning of it. */
function part(source: string, database: string, days: readonly number[]): Part {
  const backups = days.map((day) =>
    facts(source, database, new Date(Date.UTC(2026, 10, day, 2)).toISOString()),
  );
  const times = backups.map(({ startedAt }) => startedAt);
  const lastAt = Math.max(...times);
  return partOf(
    {
      source,
      database,
      backups,
      firstAt: Math.min(...times),
      lastAt,
      lastId: backups.find(({ startedAt }) => startedAt === lastAt)?.backup.id ?? '',
      gone: [],
    },
    period,
  );
}

function compose(...parts: Part[]): Report {
  return composeReport(
    { parts, failedRuns: [], unreadable: [], isWhole: true },
    {
      period,
      madeAt: now,
      madeBy: { pgproof: '0.1.0', by: 'anna@workstation' },
      store: 's3://bucket/prefix',
      only: { source: null, database: null },
    },
  );
}

const all = [...Array(30).keys()].map((index) => index + 1);

describe('a report', () => {
  test('of a month in which each night had one has no gaps', () => {
    expect(compose(part('a', 'x', all), part('a', 'y', all))).toMatchObject({
      complete: true,
      hasGaps: false,
      totals: { databases: 2, backups: 60, good: 60, gapDays: 0 },
      databases: [{ vanished: null }, { vanished: null }],
    });
  });

  test('tells a database that others of its source were backed up without', () => {
    const [x, y, other] = compose(
      part('a', 'x', all.slice(0, 20)),
      part('a', 'y', all),
      part('b', 'x', all.slice(0, 5)),
    ).databases;
    expect(x?.vanished).toEqual({
      lastBackup: 'a/x/2026-11-20T02:00:00.000Z',
      othersUntil: '2026-11-30T02:00:00.000Z',
    });
    expect(y?.vanished).toBeNull();
    // Nothing of that source was backed up any more: those are days without a backup.
    expect(other).toMatchObject({ vanished: null, gaps: { days: { length: 25 } } });
  });

  test('does not take one that missed the last night only for one that vanished', () => {
    expect(compose(part('a', 'x', all.slice(0, 29)), part('a', 'y', all))).toMatchObject({
      hasGaps: true,
      totals: { gapDays: 1 },
      databases: [{ vanished: null }, {}],
    });
  });

  test('of nothing has a gap', () => {
    expect(compose()).toMatchObject({ hasGaps: true, totals: { databases: 0, gapDays: 0 } });
  });

  test('of 1 000 databases of one source is made in no time', () => {
    const parts = [...Array(1_000).keys()].map((index) => part('a', `d${index}`, [1, 2]));
    const began = performance.now();
    compose(...parts);
    expect(performance.now() - began).toBeLessThan(500);
  });
});

test('the published schema is up to date, and takes a report', () => {
  const file = path.join(import.meta.dirname, '../../../../schema/report.schema.json');
  const published = JSON.parse(readFileSync(file, 'utf8')) as object;
  expect(published).toEqual(JSON.parse(JSON.stringify(reportJsonSchema())));
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const isValid = ajv.compile(published);
  const report = compose(part('a', 'x', all));
  expect(isValid(report), JSON.stringify(isValid.errors)).toBe(true);
  expect(reportSchema.parse(report)).toEqual(report);
  expect(isValid({ ...report, hasGaps: 'no' })).toBe(false);
  const { hasGaps: _, ...without } = report;
  expect(isValid(without)).toBe(false);
});
