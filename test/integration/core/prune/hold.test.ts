import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BackupNotFound } from '../../../../core/inventory/read-backup.ts';
import { AlreadyHeld, BeingPruned, holdBackup } from '../../../../core/prune/hold.ts';
import { prune } from '../../../../core/prune/prune.ts';
import { NothingToRelease, releaseBackup } from '../../../../core/prune/release.ts';
import { policyOf } from '../../../../core/retention/policy.ts';
import { prunableFileStore } from '../../../../core/store/file/prunable-file-store.ts';
import type { PrunableStore } from '../../../../core/store/prunable.ts';
import { nightly, writePast } from '../../../support/backup/history.ts';

const signal = new AbortController().signal;
const today = new Date('2026-11-27T06:00:00Z');
const by = 'anna@workstation';

async function withHistory(
  rows: (night: number) => number,
  use: (store: PrunableStore, ids: readonly string[]) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-hold-'));
  try {
    const store = prunableFileStore({ directory });
    const ids: string[] = [];
    for (const past of nightly(30, '2026-11-27', (night) => ({ rows: rows(night) })))
      ids.push(await writePast(store, past));
    await use(store, ids);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function gone(store: PrunableStore, now = today): Promise<string[]> {
  const policy = policyOf({ keep: { last: 3 }, verified: true });
  const { groups } = await prune({ store, policy, apply: true, sweep: false, clock: () => now, signal });
  return groups
    .flatMap(({ lines }) => lines.filter(({ outcome }) => outcome?.kind === 'gone'))
    .map(({ id }) => id)
    .sort();
}

const hold = (
  store: PrunableStore,
  backup: string,
  until?: Date,
  now = today,
): ReturnType<typeof holdBackup> =>
  holdBackup({ backup, reason: 'the audit', by, until }, { store, clock: () => now, signal });

const release = (store: PrunableStore, backup: string, now = today): ReturnType<typeof releaseBackup> =>
  releaseBackup({ backup, by, reason: undefined }, { store, clock: () => now, signal });

test('what is held stays until it is released, or until its day', () =>
  withHistory(
    () => 100,
    async (store, ids) => {
      const [first = '', second = ''] = ids;
      await hold(store, first);
      await hold(store, second, new Date('2026-12-24T00:00:00Z'));
      expect(await gone(store)).toEqual(ids.slice(2, 27));
      await expect(hold(store, first, new Date('2030-01-01T00:00:00Z'))).rejects.toThrow(AlreadyHeld);
      // Said again, as after a first time that was cut off.
      expect((await hold(store, first)).hold.heldAt).toBe(today.toISOString());
      const later = new Date('2026-12-24T00:00:01Z');
      expect(await gone(store, later)).toEqual([second]);
      expect(await release(store, first)).toMatchObject({ id: first, from: 'hold' });
      expect(await gone(store, later)).toEqual([first]);
    },
  ));

test('a hold that is over gives way to another', () =>
  withHistory(
    () => 100,
    async (store, [first = '']) => {
      await hold(store, first, new Date('2026-11-28T00:00:00Z'));
      const again = await hold(store, first, undefined, new Date('2026-11-29T00:00:00Z'));
      expect(again.hold.until).toBeUndefined();
    },
  ));

test('the last backup before a sudden loss stays until somebody says that it is meant', () =>
  withHistory(
    (night) => (night < 10 ? 1_000_000 : 12),
    async (store, ids) => {
      const [before = '', after = ''] = ids.slice(9, 11);
      const pair = new Set([before, after]);
      expect(await gone(store)).toEqual(ids.slice(0, 27).filter((id) => !pair.has(id)));
      // Who was told of the one after is led to the one before.
      await expect(release(store, after)).rejects.toThrow(`pgproof release ${before}`);
      expect(await release(store, before)).toMatchObject({ from: 'pin', wasReleased: false });
      expect(await gone(store)).toEqual([...pair]);
    },
  ));

test('nobody releases beforehand what nothing has happened to', () =>
  withHistory(
    () => 100,
    async (store, [first = '']) => {
      await expect(release(store, first)).rejects.toThrow(NothingToRelease);
    },
  ));

test('who holds what prune is about to delete is told so, and no hold is left behind', () =>
  withHistory(
    () => 100,
    async (store, [first = '']) => {
      const told: unknown[] = [];
      const holding: PrunableStore = {
        ...store,
        remove: async (keys, options) => {
          const all = [...keys];
          const isNext = all.some((key) => key === `${first}/manifest.json`);
          if (isNext || all.includes(`${first}/archive.dump`))
            await hold(store, first).catch((error: unknown) => told.push(error));
          return await store.remove(all, options);
        },
      };
      expect(await gone(holding)).toContain(first);
      // The second time it is no backup any more.
      expect(told).toEqual([expect.any(BeingPruned), expect.any(BackupNotFound)]);
      for await (const { key } of store.list(`${first}/`)) expect.unreachable(key);
    },
  ));
