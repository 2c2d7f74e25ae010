import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PgproofError } from '../../../../core/errors.ts';
import { serialize } from '../../../../core/manifest/document.ts';
import { holdBackup } from '../../../../core/prune/hold.ts';
import { problemsOf } from '../../../../core/prune/incomplete.ts';
import type { PrunableStore } from '../../../../core/store/prunable.ts';
import { nightly } from '../../../support/backup/history.ts';
import { fill, gone, listed, morning, type Place, pruneAt, withPlace } from '../../../support/prune/place.ts';
import { CutOff, cutOff } from '../../../support/store/cut-off.ts';

test('without being told to it deletes nothing, and writes nothing', () =>
  withPlace(async (place) => {
    await fill(place.store, nightly(20, '2026-11-27'));
    const before = await place.keys();
    const report = await pruneAt(place.store, 'daily=7', { apply: false });
    expect(await place.keys()).toEqual(before);
    const [group] = report.groups;
    expect(group?.lines.filter(({ action }) => action === 'remove')).toHaveLength(13);
    expect(group?.lines.filter(({ action }) => action === 'keep')).toHaveLength(7);
  }));

test('it deletes what no rule keeps, whole, and nothing else', () =>
  withPlace(async (place) => {
    const { store, directory } = place;
    const names = ['app', 'app-x', 'app_staging', 'app/x', 'App'];
    for (const database of names)
      await fill(
        store,
        nightly(12, '2026-11-27', () => ({ database })),
      );
    // Other people's: in a backup's folder, beside it, and above.
    const foreign = [
      'prod/app/2026-11-16T02-00-00Z/notes.txt',
      'prod/app/readme.txt',
      'prod/app/2026-11-16/manifest.json',
      'other/thing',
    ];
    for (const key of foreign) {
      await mkdir(join(directory, key, '..'), { recursive: true });
      await writeFile(join(directory, key), 'not ours');
    }
    const report = await pruneAt(store, 'daily=7', { database: 'app' });
    expect(problemsOf(report)).toEqual([]);
    expect(gone(report)).toEqual([16, 17, 18, 19, 20].map((date) => `prod/app/2026-11-${date}T02-00-00Z`));
    const left = await place.keys();
    expect(left).toEqual(expect.arrayContaining(foreign));
    expect(left.filter((key) => key.startsWith('prod/app/2026-11-16T'))).toEqual([
      'prod/app/2026-11-16T02-00-00Z/notes.txt',
    ]);
    for (const other of ['app-x', 'app_staging', 'app%2Fx', 'App'])
      expect((await listed(place)).filter((id) => id.startsWith(`prod/${other}/`))).toHaveLength(12);
    const again = await pruneAt(store, 'daily=7', { database: 'app' });
    expect(gone(again)).toEqual([]);
    expect(await place.keys()).toEqual(left);
  }));

test('cut off after any step, every listed backup is whole, and the next run with --sweep ends what it began', () =>
  withPlace(async (whole) => {
    const history = [
      ...nightly(4, '2026-11-27'),
      { startedAt: new Date('2026-11-01T02:00:00Z'), files: 3 },
      { startedAt: new Date('2026-11-02T02:00:00Z'), verdict: 'intact' as const, summary: false },
    ];
    await fill(whole.store, history);
    await pruneAt(whole.store, 'last=3');
    const expected = (await whole.keys()).filter((key) => !key.endsWith('/prune.json'));
    let steps = 0;
    for (let isCut = true; isCut; steps += 1) {
      await withPlace(async (place) => {
        const ids = await fill(place.store, history);
        // That it is over is known to a sweep too, which has no manifest any more to go by.
        await holdUntil(place.store, ids[4] ?? '', new Date('2026-11-20T00:00:00Z'));
        const cut = cutOff(place.store, steps);
        await pruneAt(cut.store, 'last=3').catch((error: unknown) => {
          if (!(error instanceof CutOff)) throw error;
        });
        const still = await listed(place);
        expect(ids.slice(1, 4).every((id) => still.includes(id))).toBe(true);
        isCut = cut.isCut();
        // A minute later: not even the day that other orphans are given has to pass.
        const report = await pruneAt(place.store, 'last=3', {
          sweep: true,
          now: new Date(morning.getTime() + 60_000),
        });
        expect(problemsOf(report)).toEqual([]);
        const left = await place.keys();
        expect(
          left.filter((key) => !key.endsWith('/prune.json')),
          `after ${steps} steps`,
        ).toEqual(expected);
      });
    }
    expect(steps).toBeGreaterThan(20);
  }));

test('a key that cannot be deleted is told, and what could not go stays listed or is swept another time', () =>
  withPlace(async (place) => {
    const { store } = place;
    const [first = '', second = ''] = await fill(store, nightly(5, '2026-11-27'));
    const refusing: PrunableStore = {
      ...store,
      remove: async (keys, options) => {
        const refused = [`${first}/manifest.json`, `${second}/archive.dump`];
        const all = [...keys];
        const why = new PgproofError({ what: 'Access denied', fix: 'Allow it.' });
        const left = await store.remove(
          all.filter((key) => !refused.includes(key)),
          options,
        );
        return [...left, ...all.filter((key) => refused.includes(key)).map((key) => ({ key, why }))];
      },
    };
    const report = await pruneAt(refusing, 'last=3');
    expect(gone(report)).toEqual([]);
    expect(problemsOf(report).map(({ what }) => what)).toEqual([
      expect.stringMatching(`^${second} could not be deleted to its end`),
      expect.stringMatching(`^${first} could not be deleted, and is whole`),
    ]);
    expect(await listed(place)).toContain(first);
    expect((await place.keys()).filter((key) => key.startsWith(first))).not.toContain(`${first}/pruned.json`);
    const swept = await pruneAt(store, 'last=3', { sweep: true });
    expect(problemsOf(swept)).toEqual([]);
    expect(gone(swept)).toEqual([first]);
    expect(swept.orphans).toMatchObject([{ id: second, origin: 'pruned', outcome: { kind: 'gone' } }]);
    expect((await place.keys()).filter((key) => key.startsWith(second))).toEqual([]);
  }));

test('where a manifest is gone though its deletion seemed to fail, what is left can be swept', () =>
  withPlace(async (place) => {
    const { store } = place;
    const [first = ''] = await fill(store, nightly(4, '2026-11-27'));
    const lying: PrunableStore = {
      ...store,
      remove: async (keys, options) => {
        const all = [...keys];
        const left = await store.remove(all, options);
        const why = new PgproofError({ what: 'The connection was lost', fix: 'Try again.' });
        return [...left, ...all.filter((key) => key.endsWith('/manifest.json')).map((key) => ({ key, why }))];
      },
    };
    expect(gone(await pruneAt(lying, 'last=3'))).toEqual([]);
    const swept = await pruneAt(store, 'last=3', { sweep: true });
    expect(swept.orphans).toMatchObject([{ id: first, origin: 'pruned', outcome: { kind: 'gone' } }]);
  }));

async function holdUntil(store: PrunableStore, backup: string, until: Date): Promise<void> {
  const hold = { reason: 'the audit', by: 'anna', backup, until };
  const clock = (): Date => new Date('2026-11-19T00:00:00Z');
  await holdBackup(hold, { store, clock, signal: new AbortController().signal });
}

describe('what lies under an id without a manifest', () => {
  const killed = async ({ directory }: Place): Promise<string> => {
    const id = 'prod/app/2026-11-20T03-00-00Z';
    await mkdir(join(directory, id), { recursive: true });
    for (const name of ['archive.dump', 'summary.json', 'mine.txt'])
      await writeFile(join(directory, id, name), 'x');
    return id;
  };

  test('is listed after a day, and goes by id only', () =>
    withPlace(async (place) => {
      const id = await killed(place);
      await fill(place.store, nightly(1, '2026-11-27'));
      expect((await pruneAt(place.store, 'last=1', { sweep: true, now: new Date() })).orphans).toEqual([]);
      const later = new Date(Date.now() + 25 * 60 * 60 * 1_000);
      const told = await pruneAt(place.store, 'last=1', { sweep: true, now: later });
      expect(told.orphans).toMatchObject([
        { id, objects: 2, bytes: 2, origin: 'unknown', outcome: undefined },
      ]);
      const taken = await pruneAt(place.store, 'last=1', { orphans: [id], now: later });
      expect(taken.orphans).toMatchObject([{ id, outcome: { kind: 'gone' } }]);
      expect((await place.keys()).filter((key) => key.startsWith(id))).toEqual([`${id}/mine.txt`]);
    }));

  test('is told where what somebody named is none', () =>
    withPlace(async (place) => {
      const young = await killed(place);
      const [backup = ''] = await fill(place.store, nightly(1, '2026-11-27'));
      const other = 'other/app/2026-11-20T03-00-00Z';
      const orphans = [young, backup, other];
      const report = await pruneAt(place.store, 'last=1', { orphans, source: 'prod', now: new Date() });
      expect(problemsOf(report).map(({ what }) => what)).toEqual([
        expect.stringContaining(
          `${young} is no orphan: nothing of a backup lies there, or not yet for a day`,
        ),
        expect.stringContaining(`${backup} is no orphan: it has a manifest`),
        expect.stringContaining(`${other} is no orphan: it is of another source`),
      ]);
      expect(await place.keys()).toContain(`${young}/archive.dump`);
      expect(await listed(place)).toEqual([backup]);
    }));

  test('is left where somebody holds it', () =>
    withPlace(async (place) => {
      const id = await killed(place);
      await writeFile(join(place.directory, id, 'hold.json'), '{}');
      const later = new Date(Date.now() + 25 * 60 * 60 * 1_000);
      const { orphans } = await pruneAt(place.store, 'last=1', { orphans: [id], now: later });
      expect(orphans).toMatchObject([{ id, outcome: { kind: 'left' } }]);
      expect(await place.keys()).toContain(`${id}/archive.dump`);
    }));
});

test('a backup that is held after the store was listed is left', () =>
  withPlace(async (place) => {
    const { store } = place;
    const [first = ''] = await fill(store, nightly(5, '2026-11-27'));
    const late: PrunableStore = {
      ...store,
      readVersion: store.readVersion,
      list: (prefix, options) => {
        const whole = store.list(prefix, options);
        if (prefix !== `${first}/`) return whole;
        return (async function* () {
          await store.create(`${first}/hold.json`, Buffer.from('{}'));
          yield* whole;
        })();
      },
    };
    const report = await pruneAt(late, 'last=3');
    expect(gone(report)).toHaveLength(1);
    expect(report.groups[0]?.lines.find(({ id }) => id === first)?.outcome).toEqual({
      kind: 'left',
      why: 'it was held meanwhile',
    });
    expect(await listed(place)).toContain(first);
  }));

test('thirty failing nights after ten good ones leave the good ones', () =>
  withPlace(async (place) => {
    const ids = await fill(
      place.store,
      nightly(40, '2026-11-27', (night) => ({ verdict: night < 10 ? 'proven' : 'failed' })),
    );
    const report = await pruneAt(place.store, 'daily=7');
    expect(gone(report)).toEqual([]);
    expect(problemsOf(report)).toHaveLength(1);
    expect(await listed(place)).toEqual(ids);
  }));

test('a record of the last prune that cannot be read, or is of later, lets nothing go', () =>
  withPlace(async (place) => {
    const { store } = place;
    await fill(store, nightly(9, '2026-11-27'));
    await store.create('prod/app/prune.json', Buffer.from('{"formatVersion": 1'));
    const damaged = await pruneAt(store, 'last=3');
    expect(gone(damaged)).toEqual([]);
    expect(problemsOf(damaged)[0]?.what).toContain('prune.json');
    const policy = { keep: 'last=3', min: 3, timeZone: 'UTC', verified: true };
    const later = {
      formatVersion: 1,
      source: 'prod',
      database: 'app',
      prunedAt: '2027-01-01T00:00:00.000Z',
      policy,
      removed: [],
    };
    await store.replace('prod/app/prune.json', serialize(later));
    const early = await pruneAt(store, 'last=3');
    expect(gone(early)).toEqual([]);
    expect(problemsOf(early)[0]?.what).toContain('2027-01-01');
    expect(await listed(place)).toHaveLength(9);
  }));

test('clusters that shared a name are pruned apart', () =>
  withPlace(async (place) => {
    const { store } = place;
    const old = nightly(10, '2026-11-10', () => ({ systemIdentifier: '7000000000000000001' }));
    const young = nightly(10, '2026-11-27', () => ({ systemIdentifier: '7000000000000000002' }));
    await fill(store, [...old, ...young]);
    const report = await pruneAt(store, 'last=4');
    expect(report.groups.map(({ systemIdentifier, lines }) => [systemIdentifier, lines.length])).toEqual(
      expect.arrayContaining([
        ['7000000000000000001', 10],
        ['7000000000000000002', 10],
      ]),
    );
    expect(gone(report)).toHaveLength(12);
    // Nothing newer comes of the old one: no day is told on which its backups would go.
    const untils = report.groups.map(({ systemIdentifier, lines }) => [
      systemIdentifier,
      lines.some(({ until, action }) => action === 'keep' && until !== undefined),
    ]);
    expect(untils).toContainEqual(['7000000000000000001', false]);
  }));
