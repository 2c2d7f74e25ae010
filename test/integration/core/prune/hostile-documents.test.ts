import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { listBackups } from '../../../../core/inventory/list-backups.ts';
import { serialize } from '../../../../core/manifest/document.ts';
import { classesOf } from '../../../../core/prune/classes.ts';
import { problemsOf } from '../../../../core/prune/incomplete.ts';
import type { PruneReport } from '../../../../core/prune/report.ts';
import type { PruneRequest } from '../../../../core/prune/request.ts';
import type { PrunableStore } from '../../../../core/store/prunable.ts';
import { readSmall } from '../../../../core/store/store.ts';
import { nightly, writePast } from '../../../support/backup/history.ts';
import { fill, gone, pruneAt, withPlace } from '../../../support/prune/place.ts';

type History = {
  readonly store: PrunableStore;
  readonly ids: readonly string[];
  readonly put: (key: string, content: string | Uint8Array) => Promise<void>;
};

/** Eight nights, of which the fifth is the first to hold a tenth of the rows. */
function withHistory(use: (history: History) => Promise<void>): Promise<void> {
  return withPlace(async ({ store, directory }) => {
    const ids = await fill(
      store,
      nightly(8, '2026-11-27', (night) => ({ rows: night < 4 ? 1_000 : 100 })),
    );
    const put: History['put'] = async (key, content) => {
      await mkdir(dirname(join(directory, key)), { recursive: true });
      await writeFile(join(directory, key), content);
    };
    await use({ store, ids, put });
  });
}

const pruneNow = (store: PrunableStore, changes: Partial<PruneRequest> = {}): Promise<PruneReport> =>
  pruneAt(store, 'last=3', changes);

type Lie = Record<string, unknown>;

test.each<[string, (night: number, ids: readonly string[]) => Lie]>([
  ['that nothing was lost', () => ({ rows: 1_000 })],
  ['that the newest are partial', (night) => (night > 4 ? { partial: true } : {})],
  [
    'that each is of another cluster',
    (night) => ({ server: { version: '17', systemIdentifier: `70${night}` } }),
  ],
  [
    'that another was before',
    (_, [id]) => ({ previous: { id, rows: 1, bytes: 1, format: 'custom', compression: 'none' } }),
  ],
])('a summary that says %s changes nothing of what goes', (_, lie) =>
  withHistory(async ({ store, ids }) => {
    for (const [night, id] of ids.entries()) {
      const key = `${id}/summary.json`;
      const summary = JSON.parse((await readSmall(store, key)).toString()) as object;
      await store.replace(key, serialize({ ...summary, ...lie(night, ids) }));
    }
    // The fourth and the fifth are the pair of the cliff.
    expect(gone(await pruneNow(store))).toEqual(ids.slice(0, 3));
  }),
);

const record = (prunedAt: string): string =>
  JSON.stringify({
    formatVersion: 1,
    source: 'prod',
    database: 'app',
    prunedAt,
    policy: { keep: 'last=3', min: 3, timeZone: 'UTC', verified: true },
    removed: [],
  });

test.each([
  ['larger than any document', Buffer.alloc(64 * 1024 * 1024 + 1, ' ')],
  ['of a year that no calendar has', record('0000-01-01T00:00:00Z')],
  ['of the last day of all', record('9999-12-31T23:59:59Z')],
  ['of another database', record('2026-11-26T00:00:00Z').replace('"app"', '"other"')],
])('a record of the last prune that is %s keeps its database, and neither others nor a list', (_, content) =>
  withHistory(async ({ store, put }) => {
    for (const past of nightly(4, '2026-11-27')) await writePast(store, { ...past, database: 'other' });
    await put('prod/app/prune.json', content);
    const report = await pruneNow(store);
    expect(gone(report)).toEqual(['prod/other/2026-11-24T02-00-00Z']);
    expect(report.groups.find(({ database }) => database === 'app')?.refusal?.kind).toBe('record');
    const { signal } = new AbortController();
    const now = new Date('2026-11-27T06:00:00Z');
    const classes = await classesOf(await listBackups(store), { store, policy: undefined, now, signal });
    expect([...classes.keys()].every((id) => id.startsWith('prod/other/'))).toBe(true);
  }),
);

test.each([
  ['larger than any document', () => Buffer.alloc(64 * 1024 * 1024 + 1, ' ')],
  ['of another backup', ([, other]: readonly string[]) => ({ id: other, objects: ['archive.dump'] })],
  [
    'of what is not its own',
    ([id, other]: readonly string[]) => ({
      id,
      objects: [
        'archive.dump',
        `../../../${other}/manifest.json`,
        `../${other}/archive.dump`,
        'notes.txt',
        'hold.json',
      ],
    }),
  ],
])('word of a prune that is %s takes nothing of others', (_, contentOf) =>
  withHistory(async ({ store, ids, put }) => {
    const [first = ''] = ids;
    const content = contentOf(ids);
    await put(
      `${first}/pruned.json`,
      content instanceof Buffer
        ? content
        : serialize({ formatVersion: 1, prunedAt: '2026-11-20T00:00:00Z', ...content }),
    );
    await put(`${first}/notes.txt`, 'not ours');
    await store.remove([`${first}/manifest.json`]);
    const before = await keysOf(store);
    const report = await pruneNow(store, { policy: undefined, sweep: true });
    const isOfFirst = (key: string): boolean => key.startsWith(`${first}/`);
    const after = await keysOf(store);
    expect(after.filter((key) => !isOfFirst(key))).toEqual(before.filter((key) => !isOfFirst(key)));
    expect(after).toContain(`${first}/notes.txt`);
    expect(problemsOf(report)).toEqual([]);
  }),
);

test('word of a prune that was cut off, and knew less, gives way to that of the next', () =>
  withHistory(async ({ store, ids, put }) => {
    const [first = ''] = ids;
    await put(
      `${first}/pruned.json`,
      serialize({ formatVersion: 1, id: first, prunedAt: '2026-11-20T00:00:00Z', objects: [] }),
    );
    // Its word, and the manifests; then it is cut off.
    const cut: PrunableStore = {
      ...store,
      remove: async (keys, options) => {
        const all = [...keys];
        if (all.some((key) => key.endsWith('/archive.dump'))) throw new Error('cut off');
        return await store.remove(all, options);
      },
    };
    await expect(pruneNow(cut)).rejects.toThrow('cut off');
    await pruneNow(store, { sweep: true });
    expect((await keysOf(store)).filter((key) => key.startsWith(`${first}/`))).toEqual([]);
  }));

async function keysOf(store: PrunableStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}
