import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { listBackups } from '../../../../core/inventory/list-backups.ts';
import { classesOf } from '../../../../core/prune/classes.ts';
import { problemsOf } from '../../../../core/prune/incomplete.ts';
import { fromFileSystem } from '../../../../core/store/file/file-error.ts';
import type { PrunableStore } from '../../../../core/store/prunable.ts';
import { nightly, writePast } from '../../../support/backup/history.ts';
import { fill, gone, listed, morning, pruneAt, withPlace } from '../../../support/prune/place.ts';

test.each([
  ['before the first manifest goes', 'create', 0],
  ['while manifests go', 'remove', 2],
] as const)('stopped %s it leaves nothing half done', (_, change, goes) =>
  withPlace(async (place) => {
    const { store } = place;
    const ids = await fill(store, nightly(5, '2026-11-27'));
    const stop = new AbortController();
    const stopping: PrunableStore = {
      ...store,
      [change]: async (...args: [never, never]) => {
        stop.abort(new Error('stopped'));
        return await store[change](...args);
      },
    };
    const { signal } = stop;
    await expect(pruneAt(stopping, 'last=3', { signal })).rejects.toThrow('stopped');
    expect(await listed(place)).toEqual(ids.slice(goes));
    const left = await place.keys();
    expect(left.filter((key) => ids.slice(0, goes).some((id) => key.startsWith(id)))).toEqual([]);
    expect(left.filter((key) => key.endsWith('/pruned.json'))).toEqual([]);
  }),
);

test('a folder that nobody may write in is told, and keeps no other', () =>
  withPlace(async (place) => {
    const { store } = place;
    const [first = '', second = '', ...others] = await fill(store, nightly(5, '2026-11-27'));
    const refusing: PrunableStore = {
      ...store,
      create: async (key, content) => {
        const problem = { code: 'EACCES', syscall: 'open' };
        if (key.startsWith(first))
          throw fromFileSystem(Object.assign(new Error('permission denied'), problem), key, 'write');
        await store.create(key, content);
      },
    };
    const report = await pruneAt(refusing, 'last=3');
    expect(gone(report)).toEqual([second]);
    expect(problemsOf(report).map(({ what }) => what)).toEqual([
      expect.stringMatching(`^${first} could not be deleted, and is whole: .*permission denied`),
    ]);
    expect(await listed(place)).toEqual([first, ...others]);
  }));

test('a record that cannot be written is told, and keeps neither the report nor other databases', () =>
  withPlace(async (place) => {
    const { store } = place;
    const ids = await fill(store, nightly(5, '2026-11-27'));
    const others = await fill(
      store,
      nightly(5, '2026-11-27').map((past) => ({ ...past, database: 'other' })),
    );
    const refusing: PrunableStore = {
      ...store,
      replace: async (key, content) => {
        const problem = { code: 'EACCES', syscall: 'rename' };
        if (key === 'prod/app/prune.json')
          throw fromFileSystem(Object.assign(new Error('permission denied'), problem), key, 'write');
        await store.replace(key, content);
      },
    };
    const report = await pruneAt(refusing, 'last=3');
    expect(gone(report)).toEqual([...ids.slice(0, 2), ...others.slice(0, 2)]);
    expect(report.unrecorded).toEqual([
      { source: 'prod', database: 'app', why: expect.stringContaining('permission denied') as string },
    ]);
    expect(problemsOf(report)).toMatchObject([{ kind: 'failed', database: 'app' }]);
  }));

test('a disk that is full is pruned all the same', () =>
  withPlace(async (place) => {
    const { store } = place;
    const ids = await fill(store, nightly(5, '2026-11-27'));
    let isFull = true;
    const whileFull = async (write: () => Promise<void>): Promise<void> => {
      const problem = { code: 'ENOSPC', syscall: 'write' };
      if (isFull)
        throw fromFileSystem(Object.assign(new Error('no space left'), problem), store.url, 'write');
      await write();
    };
    const full: PrunableStore = {
      ...store,
      create: (key, content) => whileFull(() => store.create(key, content)),
      replace: (key, content) => whileFull(() => store.replace(key, content)),
      remove: async (keys, options) => {
        const all = [...keys];
        if (all.some((key) => key.endsWith('/manifest.json'))) isFull = false;
        return await store.remove(all, options);
      },
    };
    const report = await pruneAt(full, 'last=3');
    expect(gone(report)).toEqual(ids.slice(0, 2));
    expect(problemsOf(report)).toEqual([]);
    expect(await listed(place)).toEqual(ids.slice(2));
  }));

test('of many databases some are asked for at once', () =>
  withPlace(async ({ store }) => {
    const [past] = nightly(1, '2026-11-27');
    if (past === undefined) throw new Error('there is a night');
    for (let number = 0; number < 20; number += 1)
      await writePast(store, { ...past, database: `app${number}` });
    let most = 0;
    let now = 0;
    const watched: PrunableStore = {
      ...store,
      read: async (key, options) => {
        now += 1;
        if (key.endsWith('/prune.json')) most = Math.max(most, now);
        await sleep(5);
        now -= 1;
        return await store.read(key, options);
      },
    };
    expect((await pruneAt(watched, 'last=1', { apply: false })).groups).toHaveLength(20);
    expect(most).toBe(8);
    const { signal } = new AbortController();
    const options = { store: watched, policy: undefined, now: morning, signal };
    most = 0;
    await classesOf(await listBackups(store), options);
    expect(most).toBe(16);
  }));
