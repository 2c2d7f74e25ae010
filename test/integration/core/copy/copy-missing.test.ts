import { expect, test } from 'vitest';
import { staleCopies } from '../../../../core/copy/newest-copies.ts';
import { listBackups } from '../../../../core/inventory/list-backups.ts';
import { keyOf, parseId } from '../../../../core/manifest/backup-id.ts';
import { parseVerification, type Verification } from '../../../../core/manifest/verification.ts';
import { holdBackup } from '../../../../core/prune/hold.ts';
import { policyOf } from '../../../../core/retention/policy.ts';
import type { PrunableStore } from '../../../../core/store/prunable.ts';
import { readSmall } from '../../../../core/store/store.ts';
import { nightly, writePast } from '../../../support/backup/history.ts';
import { contentsOf, copyAll, copyOne, withTwoPlaces } from '../../../support/copy/places.ts';
import { pruneAt } from '../../../support/prune/place.ts';

const directories = ['directory', 'directory'] as const;
const startedAt = new Date('2026-11-20T02:00:00Z');
const now = new Date('2026-11-27T06:00:00Z');

async function fill(store: PrunableStore, history: ReturnType<typeof nightly>): Promise<string[]> {
  const ids: string[] = [];
  for (const past of history) ids.push(await writePast(store, past));
  return ids;
}

const verdictOf = async (store: PrunableStore, id: string): Promise<Verification> =>
  parseVerification(await readSmall(store, keyOf(parseId(id), 'verification.json')), id);

test('what was said after the copy follows: a verdict, a hold; a release does not', () =>
  withTwoPlaces(directories, async (from, to) => {
    const id = await writePast(from.store, { startedAt, verdict: 'none' });
    expect((await copyAll(from.store, to.store)).backups).toMatchObject([{ id, kind: 'copied' }]);
    expect(await copyAll(from.store, to.store)).toMatchObject({ backups: [], there: 1 });
    await writePast(
      { create: (key, content) => from.store.replace(key, content) },
      { startedAt, verdict: 'proven' },
    );
    expect((await copyAll(from.store, to.store)).backups).toEqual([
      { id, kind: 'there', verdictBrought: true },
    ]);
    expect(await contentsOf(to)).toEqual(await contentsOf(from));

    const { signal } = new AbortController();
    const holding = { backup: id, reason: 'audit', by: 'anna', until: undefined };
    await holdBackup(holding, { store: from.store, clock: () => now, signal });
    await copyAll(from.store, to.store);
    expect(await contentsOf(to)).toEqual(await contentsOf(from));
    await from.store.remove([`${id}/hold.json`]);
    await copyAll(from.store, to.store);
    expect((await listBackups(to.store))[0]?.hold).toMatchObject({ reason: 'audit' });
    // Nor does a shorter one take the place of it.
    const short = { ...holding, reason: 'short', until: new Date('2026-12-01T00:00:00Z') };
    await holdBackup(short, { store: from.store, clock: () => now, signal });
    await copyAll(from.store, to.store, { clock: () => now });
    expect((await listBackups(to.store))[0]?.hold).toMatchObject({ reason: 'audit' });
  }));

test('that the bytes of the first store went bad says nothing about the copy', () =>
  withTwoPlaces(directories, async (from, to) => {
    const id = await writePast(from.store, { startedAt, verdict: 'intact' });
    await copyOne(from.store, to.store, id);
    await writePast(
      { create: (key, content) => from.store.replace(key, content) },
      { startedAt, verdict: 'failed' },
    );
    expect((await copyAll(from.store, to.store)).backups).toEqual([]);
    expect((await verdictOf(to.store, id)).verdict).toBe('intact');
  }));

test('a copy that went bad is told each time, and copied anew once it is taken away', () =>
  withTwoPlaces(directories, async (from, to) => {
    const id = await writePast(from.store, { startedAt, verdict: 'intact' });
    await copyOne(from.store, to.store, id);
    const failed = { ...(await verdictOf(to.store, id)), verdict: 'failed', reached: undefined };
    await to.store.replace(`${id}/verification.json`, Buffer.from(JSON.stringify(failed)));
    for (const _ of ['first night', 'second night'])
      expect((await copyAll(from.store, to.store)).backups).toMatchObject([
        { id, kind: 'failed', error: expect.stringContaining(`Delete ${to.store.url}/${id}/ with all`) },
      ]);
    for (const key of await to.keys()) if (key.startsWith(id)) await to.store.remove([key]);
    expect((await copyAll(from.store, to.store)).backups).toMatchObject([{ id, kind: 'copied' }]);
    expect(await contentsOf(to)).toEqual(await contentsOf(from));
  }));

test('a backup that failed is copied by whoever names it and says so', () =>
  withTwoPlaces(directories, async (from, to) => {
    const id = await writePast(from.store, { startedAt, verdict: 'failed' });
    expect(await copyAll(from.store, to.store)).toMatchObject({ backups: [], left: [{ id, why: 'failed' }] });
    await expect(copyOne(from.store, to.store, id)).rejects.toThrow('failed its verification');
    expect(await copyOne(from.store, to.store, id, { failedToo: true })).toMatchObject({ kind: 'copied' });
    expect((await verdictOf(to.store, id)).verdict).toBe('failed');
  }));

test('what prune keeps there is copied, the newest first, and what it deleted does not come back', () =>
  withTwoPlaces(directories, async (from, to) => {
    const ids = await fill(from.store, nightly(20, '2026-11-27'));
    const clock = (): Date => now;
    const policy = policyOf({ keep: 'daily=7', verified: true });
    const first = await copyAll(from.store, to.store, { policy, clock });
    expect(first.backups.map(({ id }) => id)).toEqual(ids.slice(-7).reverse());
    await pruneAt(to.store, 'daily=4', { now });
    // By the rules of the last prune there.
    const second = await copyAll(from.store, to.store, { clock });
    expect(second).toMatchObject({ backups: [], there: 4 });
    // By wider ones what went stays gone.
    const wider = policyOf({ keep: 'daily=8', verified: true });
    const third = await copyAll(from.store, to.store, { policy: wider, clock });
    expect(third.backups.map(({ id }) => id)).toEqual([ids.at(-8)]);
    expect(third.left.filter(({ why }) => why === 'removed').map(({ id }) => id)).toEqual(
      ids.slice(-7, -4).reverse(),
    );
    expect(third.newest).toEqual([
      { source: 'prod', database: 'app', startedAt: new Date('2026-11-27T02:00:00Z') },
    ]);
    expect(staleCopies(third, 4, now)).toEqual([]);
    expect(staleCopies(third, 3, now)).toHaveLength(1);
  }));

test('a copy is as old as its newest whole backup; where tables are left out of every one, as the newest of these', () =>
  withTwoPlaces(directories, async (from, to) => {
    const [old, young] = [new Date('2026-11-20T02:00:00Z'), new Date('2026-11-27T02:00:00Z')];
    await writePast(from.store, { startedAt: young, partial: true, database: 'always' });
    await writePast(from.store, { startedAt: young, partial: true });
    await writePast(from.store, { startedAt: old });
    const { newest } = await copyAll(from.store, to.store);
    expect(newest).toHaveLength(2);
    expect(newest).toEqual(
      expect.arrayContaining([
        { source: 'prod', database: 'always', startedAt: young },
        { source: 'prod', database: 'app', startedAt: old },
      ]),
    );
  }));

test('a record of prune that cannot be read keeps its database, and no other', () =>
  withTwoPlaces(directories, async (from, to) => {
    const id = await writePast(from.store, { startedAt });
    const other = await writePast(from.store, { startedAt, database: 'other' });
    await to.store.create('prod/app/prune.json', Buffer.from('nonsense'));
    const { backups } = await copyAll(from.store, to.store);
    expect(backups).toMatchObject([
      { id: other, kind: 'copied' },
      { id, kind: 'failed', error: expect.stringContaining('record of the last prune cannot be read') },
    ]);
  }));

test('one that is damaged stops no other, and what has no manifest is not looked at', () =>
  withTwoPlaces(directories, async (from, to) => {
    const ids = await fill(from.store, nightly(3, '2026-11-27'));
    await from.store.remove([`${ids[1]}/archive.dump`, `${ids[0]}/manifest.json`]);
    const { backups } = await copyAll(from.store, to.store);
    expect(backups.map(({ id, kind }) => [id, kind])).toEqual([
      [ids[2], 'copied'],
      [ids[1], 'failed'],
    ]);
    expect((await listBackups(to.store)).length).toBe(1);
  }));

test('a first store that is not there, or holds other things, is not taken for an empty one', () =>
  withTwoPlaces(directories, async (from, to) => {
    await writePast(to.store, { startedAt });
    await from.lose();
    await expect(copyAll(from.store, to.store)).rejects.toThrow('no such directory');
    await from.store.create('somebody/elses/things', Buffer.from('x'));
    await expect(copyAll(from.store, to.store)).rejects.toThrow('other things');
  }));

test('of a second store with names like the first one’s nothing but the copies changes', () =>
  withTwoPlaces(directories, async (from, to) => {
    await writePast(to.store, { startedAt, database: 'app/x' });
    await writePast(to.store, { startedAt, database: 'App' });
    const before = await contentsOf(to);
    await writePast(from.store, { startedAt, database: 'app' });
    await copyAll(from.store, to.store);
    const after = await contentsOf(to);
    for (const [key, content] of before) expect(after.get(key)).toBe(content);
  }));
