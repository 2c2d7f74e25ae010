import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { listBackups } from '../../../../core/inventory/list-backups.ts';
import { type RunRecord, runRecordKey } from '../../../../core/manifest/run-record.ts';
import { lastRuns, removeOldRecords, writeRunRecord } from '../../../../core/night/run-records.ts';
import { prunableFileStore } from '../../../../core/store/file/prunable-file-store.ts';
import type { PrunableStore } from '../../../../core/store/prunable.ts';

const now = new Date('2026-11-27T12:00:00Z');

const record = (startedAt: string, more: Partial<RunRecord> = {}): RunRecord => ({
  formatVersion: 1,
  source: 'shop',
  schedule: 'nightly',
  startedAt: new Date(startedAt).toISOString(),
  finishedAt: new Date(startedAt).toISOString(),
  ok: true,
  problems: [],
  backups: [],
  last: {},
  ...more,
});

async function withStore(
  use: (store: PrunableStore, keys: () => Promise<string[]>) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'records-'));
  try {
    await use(prunableFileStore({ directory }), async () =>
      (await readdir(directory, { recursive: true })).filter((name) => name.endsWith('.json')).sort(),
    );
  } finally {
    await rm(directory, { recursive: true });
  }
}

const known = async (store: PrunableStore): Promise<Record<string, string>> =>
  Object.fromEntries(
    [...(await lastRuns(store, 'shop', now, {}))].map(([name, time]) => [name, time.toISOString()]),
  );

test('of a store that is empty, or not there, nobody knows anything', () =>
  withStore(async (store) => {
    expect(await known(store)).toEqual({});
    expect(await known(prunableFileStore({ directory: '/nowhere/at/all' }))).toEqual({});
  }));

test('the newest says when each was last begun, of schedules that ran long ago too', () =>
  withStore(async (store) => {
    for (let hour = 0; hour < 30; hour += 1)
      await writeRunRecord(
        store,
        record(new Date(now.getTime() - (30 - hour) * 3_600_000).toISOString(), {
          schedule: 'hourly',
          last: { yearly: '2026-01-01T00:00:00.000Z' },
        }),
      );
    await writeRunRecord(store, record('2026-11-27T02:00:00Z'));
    await writeRunRecord(store, record('2026-11-27T03:00:00Z', { source: 'shop2', schedule: 'other' }));
    expect(await known(store)).toEqual({
      hourly: '2026-11-27T11:00:00.000Z',
      nightly: '2026-11-27T02:00:00.000Z',
      yearly: '2026-01-01T00:00:00.000Z',
    });
  }));

test('a damaged one, one of the future and what is not ours keep nothing from being due', () =>
  withStore(async (store) => {
    await writeRunRecord(store, record('2026-11-26T02:00:00Z'));
    await store.create(runRecordKey('shop', new Date('2026-11-27T02:00:00Z')), Buffer.from('{"half'));
    await writeRunRecord(store, record('2031-01-01T02:00:00Z'));
    await store.create('status/runs/shop/notes.json', Buffer.from('{}'));
    await writeRunRecord(
      store,
      record('2026-11-26T03:00:00Z', { schedule: 'x', last: { nightly: '2031-01-01T00:00:00.000Z' } }),
    );
    expect(await known(store)).toEqual({
      nightly: '2026-11-26T02:00:00.000Z',
      x: '2026-11-26T03:00:00.000Z',
    });
  }));

test('two of one millisecond are two, and those of a hundred days ago go', () =>
  withStore(async (store, keys) => {
    await Promise.all([1, 2, 3].map(() => writeRunRecord(store, record('2026-11-27T02:00:00Z'))));
    expect(await keys()).toHaveLength(3);
    await writeRunRecord(store, record('2026-08-01T02:00:00Z'));
    await writeRunRecord(store, record('2026-08-20T02:00:00Z'));
    await removeOldRecords(store, 'shop', now, {});
    expect(await keys()).toHaveLength(4);
    // None of them is taken for a backup.
    expect(await listBackups(store)).toEqual([]);
  }));
