import { expect, test } from 'vitest';
import type { InventoryEntry } from '../../../../core/inventory/read-entry.ts';
import { Unreadable } from '../../../../core/manifest/document.ts';
import type { Verification } from '../../../../core/manifest/verification.ts';
import { factsOf } from '../../../../core/report/one-backup.ts';
import { periodOf } from '../../../../core/report/period.ts';

const period = periodOf('2026-11', 'UTC', new Date('2026-11-20T12:00:00Z'));
const id = { source: 's', database: 'd', startedAt: new Date('2026-11-20T02:00:00Z') };

const proof: Verification = {
  formatVersion: 1,
  id: 's/d/2026-11-20T02-00-00Z',
  startedAt: '2026-11-20T03:00:00Z',
  finishedAt: '2026-11-20T03:10:00Z',
  level: 'restore',
  verdict: 'proven',
  manifestSha256: 'one',
  checks: [{ name: 'checksum', status: 'passed', detail: '' }],
};

function entry(more: object = {}, verification: Verification | undefined = proof): InventoryEntry {
  const manifest = {
    startedAt: '2026-11-20T02:00:00.000Z',
    finishedAt: '2026-11-20T02:03:00.000Z',
    objects: [],
    databaseBytes: 1,
    ...more,
  };
  return { id, manifest, verification, read: {} } as unknown as InventoryEntry;
}

test('a good backup counts; one that is partial or dated in the future is told, and does not', () => {
  expect(factsOf(entry(), period).backup).toMatchObject({ good: true, counts: true, future: false });
  expect(factsOf(entry({ partial: true }), period).backup).toMatchObject({ good: true, counts: false });
  const ahead = { ...entry(), id: { ...id, startedAt: new Date('2026-11-21T02:00:00Z') } };
  expect(factsOf(ahead, period).backup).toMatchObject({ good: true, counts: false, future: true });
  expect(factsOf({ ...entry(), verification: undefined }, period).backup).toMatchObject({
    verdict: null,
    counts: false,
  });
});

test('a manifest that says it ended before it began ended at once', () => {
  const { startedAt, finishedAt } = factsOf(entry({ finishedAt: '2020-01-01T00:00:00.000Z' }), period);
  expect(finishedAt).toBe(startedAt);
});

test('runs that began in the month, also those that are not in force; the times of another manifest are told as such', () => {
  const past = { ...proof, checks: undefined, notPassed: [] };
  const history = [
    { ...past, startedAt: '2026-11-20T02:30:00Z', manifestSha256: 'other' },
    { ...past, startedAt: '2026-10-31T23:59:59Z' },
    { ...past, startedAt: '2026-12-01T00:00:00Z' },
    // Of this month, and later than the report is made: nobody measured that.
    { ...past, startedAt: '2026-11-20T12:00:01Z' },
  ];
  const { proofs } = factsOf(entry({}, { ...proof, history }), period);
  expect(
    proofs.map(({ startedAt, inForce, ofOtherManifest }) => [startedAt, inForce, ofOtherManifest]),
  ).toEqual([
    ['2026-11-20T03:00:00.000Z', true, false],
    ['2026-11-20T02:30:00.000Z', false, true],
  ]);
});

test('when it was proven is the latest of the runs that restored this manifest', () => {
  const past = { ...proof, checks: undefined, notPassed: [] };
  const failed: Verification = {
    ...proof,
    verdict: 'failed',
    finishedAt: '2026-11-20T09:00:00Z',
    history: [past, { ...past, finishedAt: '2026-11-20T08:00:00Z', manifestSha256: 'other' }],
  };
  expect(factsOf(entry({}, failed), period).backup).toMatchObject({
    verdict: 'failed',
    provenAt: '2026-11-20T03:10:00.000Z',
  });
  expect(
    factsOf(entry({}, { ...proof, level: 'read', verdict: 'intact' }), period).backup.provenAt,
  ).toBeNull();
});

test('what cannot be read is a line, and nothing is made up in its place', () => {
  const unread = { ...entry(), manifest: new Unreadable('not JSON'), hold: new Unreadable('frozen') };
  expect(factsOf(unread, period)).toMatchObject({
    backup: { finishedAt: null, archiveBytes: null, verdict: null, counts: false, held: { by: 'unknown' } },
    proofs: [],
    unreadable: [
      { key: 's/d/2026-11-20T02-00-00Z/manifest.json', why: 'not JSON' },
      { key: 's/d/2026-11-20T02-00-00Z/hold.json', why: 'frozen' },
    ],
  });
});
