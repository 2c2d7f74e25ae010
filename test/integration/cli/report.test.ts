import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Report, ReportedDatabase } from '../../../core/report/document.ts';
import { reportSchema } from '../../../core/report/document.ts';
import { sha256Of } from '../../../core/store/meter.ts';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { withFileStore } from '../../support/cli/stores.ts';
import { put, restoreTimings, writeEvidence } from '../../support/report/evidence.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(async () => {
  await cli.close();
});

const app = (startedAt: string, database = 'app'): { source: string; database: string; startedAt: Date } => ({
  source: 'shop',
  database,
  startedAt: new Date(startedAt),
});

/** Nights of March 2026, in which clocks were put forward on the 29th. */
async function writeMarch(directory: string, days: readonly number[]): Promise<void> {
  for (const day of days) {
    const startedAt = `2026-03-${String(day).padStart(2, '0')}T01:00:00Z`;
    await writeEvidence(directory, {
      id: app(startedAt),
      runs: [{ verdict: 'proven', timings: restoreTimings(2, day) }],
    });
  }
}

const march = [...Array(31).keys()].map((index) => index + 1);
const arguments_ = ['--month', '2026-03', '--time-zone', 'Europe/Berlin'];

function withStore(
  use: (store: {
    directory: string;
    run: (...args: string[]) => Promise<CliResult>;
    report: (...args: string[]) => Promise<Report>;
  }) => Promise<void>,
): Promise<void> {
  return withFileStore(async ({ directory, url }) => {
    await mkdir(directory, { recursive: true });
    const run = (...args: string[]): Promise<CliResult> => cli.run(['report', '--store', url, ...args]);
    const report = async (...args: string[]): Promise<Report> => {
      const result = await run(...arguments_, '--json', ...args);
      expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: '' });
      return reportSchema.parse(JSON.parse(result.stdout));
    };
    await use({ directory, run, report });
  });
}

const gapDates = (database: ReportedDatabase | undefined): string[] | undefined =>
  database?.gaps.days.map(({ date }) => date);

describe('a month', () => {
  test('in which every night had a proven backup: no gaps, measured times, hashes of what is there', () =>
    withStore(async ({ directory, run, report }) => {
      await writeMarch(directory, march);
      await writeEvidence(directory, { id: app('2026-02-28T01:00:00Z'), runs: [{ verdict: 'proven' }] });
      const found = await report('--fail-on-gaps');
      expect(found).toMatchObject({
        month: '2026-03',
        from: '2026-02-28T23:00:00.000Z',
        to: '2026-03-31T22:00:00.000Z',
        complete: true,
        store: expect.stringMatching(/^file:\/\//),
        hasGaps: false,
        totals: { databases: 1, backups: 31, good: 31, proofs: 31, gapDays: 0, unreadable: 0 },
      });
      const [database] = found.databases;
      expect(database?.recoveryTime).toMatchObject({
        proofs: 31,
        medianSeconds: 18,
        last: { seconds: 33 },
        worst: { backup: 'shop/app/2026-03-31T01-00-00Z', seconds: 33 },
      });
      // From the snapshot of one night to the end of the next one's backup, three minutes later.
      expect(database?.recoveryPoint).toMatchObject({
        worst: { seconds: 86_400 + 180 },
        withoutAnySeconds: 0,
      });
      // The one of before is read for what there was when the month began.
      expect(database?.restsOn).toHaveLength(32);
      for (const { manifest, verification } of database?.restsOn ?? [])
        for (const one of [manifest, verification])
          expect(sha256Of(await readFile(join(directory, one?.key ?? '')))).toBe(one?.sha256);
      expect((await run(...arguments_)).stdout).toMatch(/^ +31 +31 +31 +0 +33 s +24 h 3 min +shop\/app$/m);
    }));

  test('with gaps says which days, and what else is amiss; one bad document is a line', () =>
    withStore(async ({ directory, run, report }) => {
      await writeMarch(
        directory,
        march.filter((day) => ![5, 6, 10, 20].includes(day)),
      );
      // In Berlin it is the 6th already.
      await writeEvidence(directory, {
        id: app('2026-03-05T23:30:00Z'),
        runs: [{ verdict: 'proven', at: '2026-03-07T03:00:00Z', timings: restoreTimings(1, 2) }],
      });
      // Failed, after it was proven; its proof still measured something.
      await writeEvidence(directory, {
        id: app('2026-03-10T01:00:00Z'),
        runs: [
          { verdict: 'failed', at: '2026-03-11T02:00:00Z', detail: 'ERROR: <b>broken</b>' },
          { verdict: 'proven', at: '2026-03-10T02:00:00Z', timings: restoreTimings(50, 50) },
        ],
      });
      await put(directory, 'shop/app/2026-03-20T01-00-00Z/manifest.json', '{"formatVersion": 1');
      await put(directory, 'shop/app/2026-03-21T01-00-00Z/verification.json', 'no JSON');
      await writeEvidence(directory, {
        id: app('2026-03-02T01:00:00Z', 'lost'),
        runs: [{ verdict: 'intact' }],
      });
      await put(
        directory,
        'status/runs/shop/2026-03-05T01-00-00.000Z.json',
        JSON.stringify({
          formatVersion: 1,
          source: 'shop',
          schedule: 'nightly',
          startedAt: '2026-03-05T01:00:00.000Z',
          finishedAt: '2026-03-05T01:00:09.000Z',
          ok: false,
          problems: ['app: the server did not answer'],
          backups: ['shop/app/2026-03-05T01-00-00Z', 'shop/gone/2026-03-05T01-00-00Z'],
          last: {},
        }),
      );
      const found = await report();
      const [database, gone, lost] = found.databases;
      expect(gapDates(database)).toEqual(['2026-03-05', '2026-03-10', '2026-03-20', '2026-03-21']);
      expect(database).toMatchObject({
        recoveryTime: { worst: { backup: 'shop/app/2026-03-10T01-00-00Z', seconds: 100 } },
        gone: [{ id: 'shop/app/2026-03-05T01-00-00Z', removedByPrune: false }],
      });
      const failed = database?.proofs.find(({ verdict }) => verdict === 'failed');
      expect(failed).toMatchObject({ inForce: true, notPassed: [{ name: 'checksum' }, { name: 'restore' }] });
      // All that is left of it is what a run wrote down.
      expect(gone).toMatchObject({ database: 'gone', backups: [], gaps: { days: { length: 27 } } });
      expect(lost?.vanished).toMatchObject({ lastBackup: 'shop/lost/2026-03-02T01-00-00Z' });
      expect(found.failedRuns).toMatchObject([
        { schedule: 'nightly', problems: ['app: the server did not answer'] },
      ]);
      expect(found.unreadable.map(({ key }) => key)).toEqual([
        'shop/app/2026-03-20T01-00-00Z/manifest.json',
        'shop/app/2026-03-21T01-00-00Z/verification.json',
      ]);
      const told = await run(...arguments_, '--fail-on-gaps');
      expect(told).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('There are gaps in the backups'),
      });
      expect(told.stdout).toContain(
        'shop/app: no backup that counts on 2026-03-05, 2026-03-10, 2026-03-20 to 2026-03-21',
      );
      // The report stays the one document on standard output.
      const json = await run(...arguments_, '--json', '--fail-on-gaps');
      expect(json.status).toBe(1);
      expect(JSON.parse(json.stdout)).toMatchObject({ hasGaps: true });
    }));

  test('of which retention took days: they are told, and are no gaps', () =>
    withStore(async ({ directory, run, report }) => {
      await writeMarch(
        directory,
        march.filter((day) => day % 7 === 0),
      );
      const removed = march.filter((day) => day % 7 !== 0 && day !== 12);
      const writeRecord = (removedBefore: number): Promise<string> =>
        put(
          directory,
          'shop/app/prune.json',
          JSON.stringify({
            formatVersion: 1,
            source: 'shop',
            database: 'app',
            prunedAt: '2026-04-01T03:00:00Z',
            policy: { keep: 'weekly=8', min: 3, timeZone: 'UTC', verified: true },
            removed: [
              ...removed.map((day) => ({
                id: `shop/app/2026-03-${String(day).padStart(2, '0')}T01-00-00Z`,
                at: '2026-04-01T03:00:00Z',
              })),
              ...[...Array(removedBefore).keys()].map((hour) => ({
                id: `shop/app/2026-01-01T${String(hour % 24).padStart(2, '0')}-00-00Z`,
                at: '2026-03-20T03:00:00Z',
              })),
            ],
          }),
        );
      await writeRecord(0);
      const [database] = (await report()).databases;
      expect(gapDates(database)).toEqual(['2026-03-12']);
      expect(database?.gaps).toMatchObject({ removedDays: { length: 26 }, beforeFirst: { seconds: 7_200 } });
      // A recovery point of a week is none of that month: nights that were taken away are not in it.
      expect(database).toMatchObject({
        rememberedSince: null,
        recoveryPoint: { worst: { seconds: 604_980 } },
      });
      const taken = 'prune removed 26 backups of the month';
      const left = 'gaps and recovery point are of those that are left';
      expect((await run(...arguments_)).stdout).toContain(`shop/app: ${taken}: ${left}`);

      // Its record has room for a hundred: what went before the oldest of them may be any night.
      await writeRecord(74);
      const [forgetting] = (await report()).databases;
      expect(forgetting?.rememberedSince).toBe('2026-03-20T03:00:00.000Z');
      expect((await run(...arguments_)).stdout).toContain(
        `${taken}, and what prune removed before 2026-03-20T03:00:00.000Z nobody remembers: ${left}`,
      );
    }));

  test('before and after which there are backups, and none in it', () =>
    withStore(async ({ directory, run, report }) => {
      await writeEvidence(directory, {
        id: app('2026-02-10T01:00:00Z'),
        // Verified in the month, after it was made.
        runs: [{ verdict: 'proven', at: '2026-03-15T12:00:00Z' }],
      });
      await writeEvidence(directory, { id: app('2026-04-10T01:00:00Z'), runs: [{ verdict: 'proven' }] });
      await writeEvidence(directory, {
        id: app('2026-04-10T01:00:00Z', 'later'),
        runs: [{ verdict: 'proven' }],
      });
      const found = await report();
      expect(found).toMatchObject({
        hasGaps: true,
        totals: { databases: 1, backups: 0, gapDays: 31, proofs: 1 },
      });
      expect(found.databases).toMatchObject([
        {
          proofs: [{ backup: 'shop/app/2026-02-10T01-00-00Z' }],
          gaps: { longest: { from: '2026-02-10T01:00:00.000Z' } },
        },
      ]);
      expect((await run(...arguments_)).stdout).toContain('No backup was taken in it.');
    }));

  test('of an empty store is a report too; a place that is no store is none', () =>
    withStore(async ({ directory, run, report }) => {
      expect(await report()).toMatchObject({ hasGaps: true, databases: [] });
      expect(await run(...arguments_, '--fail-on-gaps')).toMatchObject({ status: 1 });
      await put(directory, 'holiday/photo.jpg', 'x');
      expect(await run(...arguments_)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('There are no backups in'),
      });
      await rm(directory, { recursive: true });
      expect((await run(...arguments_)).status).toBe(1);
    }));

  test('of one source, of one database', () =>
    withStore(async ({ directory, report }) => {
      await writeEvidence(directory, { id: app('2026-03-10T01:00:00Z') });
      await writeEvidence(directory, { id: app('2026-03-10T01:00:00Z', 'other') });
      await writeEvidence(directory, { id: { ...app('2026-03-10T01:00:00Z'), source: 'a/b' } });
      const names = async (...args: string[]): Promise<string[]> =>
        (await report(...args)).databases.map(({ source, database }) => `${source} ${database}`);
      expect(await names()).toEqual(['a/b app', 'shop app', 'shop other']);
      expect(await names('--name', 'shop')).toEqual(['shop app', 'shop other']);
      expect(await names('--database', 'app')).toEqual(['a/b app', 'shop app']);
      expect(await names('--name', 'a/b', '--database', 'other')).toEqual([]);
    }));
});

describe('files', () => {
  test('--out has both, and the page is whole or as it was', () =>
    withStore(async ({ directory, run }) => {
      await writeMarch(directory, [1, 2]);
      const out = join(cli.directory, 'evidence', '2026');
      const made = await run(...arguments_, '--out', out);
      expect(made).toMatchObject({
        status: 0,
        stderr: expect.stringContaining('pgproof-report-2026-03.html'),
      });
      expect((await readdir(out)).sort()).toEqual([
        'pgproof-report-2026-03.html',
        'pgproof-report-2026-03.json',
      ]);
      const json = JSON.parse(await readFile(join(out, 'pgproof-report-2026-03.json'), 'utf8')) as unknown;
      expect(reportSchema.parse(json).totals.backups).toBe(2);
      const page = join(out, 'page.html');
      await writeFile(page, 'the one of before');
      expect((await run(...arguments_, '--html', page, '--json')).status).toBe(0);
      const text = await readFile(page, 'utf8');
      expect(text).toMatch(/^<!doctype html>[\s\S]*<h2>shop \/ app<\/h2>[\s\S]*<\/html>\n$/);
      expect(await readdir(out)).toHaveLength(3);
    }));

  test('that cannot be written fail the command, and leave nothing', () =>
    withStore(async ({ directory, run }) => {
      await writeMarch(directory, [1]);
      const file = join(cli.directory, 'a file');
      await writeFile(file, 'x');
      for (const args of [
        ['--html', join(file, 'page.html')],
        ['--html', cli.directory],
        ['--out', file],
      ])
        expect(await run(...arguments_, ...args)).toMatchObject({
          status: 1,
          stderr: expect.stringContaining('cannot be written'),
        });
      expect(await readFile(file, 'utf8')).toBe('x');
    }));
});

test.each([
  [['--month', '2026-13'], 'The month is none'],
  [['--month', '2999-01'], '2999-01 has not begun'],
  [['--month', '2026-03', '--time-zone', 'Mars/Base'], 'The time zone is not known'],
  [[], "equired option '--month <month>'"],
  [['--month', '2026-03', '--name', ''], 'A name cannot be empty'],
])('%j is a wrong call', (args, words) =>
  withStore(async ({ run }) => {
    expect(await run(...args)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(words),
      stdout: '',
    });
  }),
);
