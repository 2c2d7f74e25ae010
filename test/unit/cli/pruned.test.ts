import { expect, test } from 'vitest';
import { prunedLines } from '../../../cli/output/pruned.ts';
import { styleFor } from '../../../cli/output/style.ts';
import { decide } from '../../../core/retention/decide.ts';
import { policyOf } from '../../../core/retention/policy.ts';
import type { RetainedBackup } from '../../../core/retention/shapes.ts';

const policy = policyOf({ keep: 'daily=2,weekly=2,monthly=12', verified: true });
const now = new Date('2026-11-27T06:00:00Z');

/** Of six nights the third is the first to hold a tenth of the rows. */
const backups = Array.from({ length: 6 }, (_, night): RetainedBackup => {
  const startedAt = new Date(Date.UTC(2026, 10, 21 + night, 2));
  return {
    id: `prod/app/${startedAt.toISOString().slice(0, 10)}T02-00-00Z`,
    startedAt,
    standing: night === 4 ? 'bad' : 'good',
    volume: { rows: night < 2 ? 1_000 : 100, bytes: 1_000, form: 'custom, zstd' },
    isPartial: false,
    hold: night === 1 ? { reason: 'the audit of the year that comes', until: undefined } : undefined,
  };
});

function linesOf(width?: number, at = now): string[] {
  const { lines, refusal } = decide(backups, policy, at);
  const group = {
    source: 'prod',
    database: 'app',
    systemIdentifier: undefined,
    refusal,
    lines: lines.map((line, index) => ({
      ...line,
      startedAt: backups[index]?.startedAt ?? at,
      standing: 'good' as const,
      bytes: 1_000,
    })),
  };
  const none = { orphans: [], leftovers: [], extensions: [], notReached: [] };
  const report = { store: 'file:///x', applied: false, now: at, policy, groups: [group], ...none };
  return prunedLines(report, styleFor(process.stdout, { NO_COLOR: '1' }), width);
}

test('on a terminal of 80 columns a table stays a table', () => {
  const lines = linesOf(80);
  const rows = lines.slice(
    0,
    lines.findIndex((line) => line.startsWith('!')),
  );
  expect(rows.filter((line) => line.length > 80)).toEqual([]);
  expect(rows.join('\n')).toMatch(/daily 1\/2, weekly 1\/2,\n {40,}monthly 1\/12/);
});

test('elsewhere there is a line for each, with all that is known', () => {
  const lines = linesOf();
  expect(lines.filter((line) => /^2026-/.test(line))).toHaveLength(6);
  expect(lines.join('\n')).toContain('daily 1 of 2 (2026-11-26), weekly 1 of 2 (2026-W48)');
});

test('a sudden loss is told with the command that releases the last before it', () => {
  expect(linesOf()).toContainEqual(
    '! 2026-11-23T02-00-00Z holds much less than 2026-11-22T02-00-00Z, and both are kept. If that was meant: pgproof release prod/app/2026-11-22T02-00-00Z',
  );
});

test('a backup of the future is told with its id, and how to be rid of it', () => {
  const told = linesOf(undefined, new Date('2026-11-20T00:00:00Z')).join('\n');
  expect(told).toContain('delete all below prod/app/2026-11-26T02-00-00Z/ by hand, its manifest.json first');
});
