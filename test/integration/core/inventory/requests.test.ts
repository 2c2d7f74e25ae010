import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isGoodEntry } from '../../../../core/inventory/entry.ts';
import { openFileCache } from '../../../../core/inventory/file-cache.ts';
import { listBackups } from '../../../../core/inventory/list-backups.ts';
import { findBackup, readBackup } from '../../../../core/inventory/read-backup.ts';
import { formatId, keyOf } from '../../../../core/manifest/backup-id.ts';
import { chooseBackup } from '../../../../core/restore/choose-backup.ts';
import { s3StoreAsOf } from '../../../../core/store/s3/s3-as-of.ts';
import { s3Store } from '../../../../core/store/s3/s3-store.ts';
import type { Store } from '../../../../core/store/store.ts';
import { type S3Server, type S3ServerOptions, withS3Server } from '../../../support/aws/s3-server.ts';
import { type ListedContent, listedDocuments, nightly } from '../../../support/backup/listed.ts';

let cacheDirectory: string;
beforeEach(async () => {
  cacheDirectory = await mkdtemp(join(tmpdir(), 'pgproof-cache-'));
});
afterEach(() => rm(cacheDirectory, { recursive: true, force: true }));

type Counted = {
  readonly store: Store;
  readonly server: S3Server;
  readonly put: (content: ListedContent, files?: number) => Promise<void>;
  /** Requests since the last time, by kind. */
  readonly requests: () => { readonly lists: number; readonly gets: number };
};

function counted<T>(options: S3ServerOptions, use: (scene: Counted) => Promise<T>): Promise<T> {
  return withS3Server({ buckets: ['bucket'], ...options }, async (server) => {
    const store = s3Store({
      bucket: 'bucket',
      prefix: 'some/prefix',
      endpoint: server.url,
      forcePathStyle: true,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    const seen = { ListObjectsV2: 0, GetObject: 0 };
    const since = (operation: keyof typeof seen): number => {
      const before = seen[operation];
      seen[operation] = server.calls(operation);
      return seen[operation] - before;
    };
    await use({
      store,
      server,
      put: async (content, files = 0) => {
        for (const [key, bytes] of listedDocuments(content))
          await server.put('bucket', `some/prefix/${key}`, bytes);
        for (let file = 0; file < files; file += 1)
          await server.put('bucket', `some/prefix/${keyOf(content.id, `archive/${3_000 + file}.dat`)}`, 'x');
      },
      requests: () => ({ lists: since('ListObjectsV2'), gets: since('GetObject') }),
    });
  }) as Promise<T>;
}

test('a list of nights with hundreds of files each does not list the files, and reads no manifest', () =>
  counted({ pageSize: 50 }, async ({ store, put, requests, server }) => {
    for (let night = 0; night < 20; night += 1) await put({ id: nightly(night), manifestBytes: 20_000 }, 300);
    // Sorts behind the archive: what comes after a folder that is passed over is not lost.
    await server.put('bucket', `some/prefix/${keyOf(nightly(3), 'hold.json')}`, hold(formatId(nightly(3))));
    requests();
    const entries = await listBackups(store);
    const { lists, gets } = requests();
    expect(entries.map(({ id }) => formatId(id))).toEqual(
      Array.from({ length: 20 }, (_, night) => formatId(nightly(night))),
    );
    expect(entries[3]?.hold).toMatchObject({ reason: 'an audit' });
    expect(entries.every(isGoodEntry)).toBe(true);
    // 6,060 objects on pages of 50 would be 122.
    expect(lists).toBeLessThanOrEqual(2 * 20 + 1);
    // Summary and verification of each, and one hold.
    expect(gets).toBe(41);
  }));

function hold(id: string): string {
  return JSON.stringify({
    formatVersion: 1,
    id,
    reason: 'an audit',
    by: 'me',
    heldAt: '2026-11-20T02:00:00Z',
  });
}

test('the newest ten of many cost what ten cost', () =>
  counted({}, async ({ store, put, requests }) => {
    for (let night = 0; night < 120; night += 1) await put({ id: nightly(night) }, 3);
    requests();
    const entries = await listBackups(store, { limit: 10 });
    expect(entries.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, night) => nightly(night)));
    // Sources, databases, ids; then one each. Some are read in advance.
    expect(requests().lists).toBeLessThanOrEqual(3 + 20);
    const next = await listBackups(store, { limit: 10, before: nightly(9) });
    expect(next.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, night) => nightly(10 + night)));
    const recent = await listBackups(store, { since: nightly(4).startedAt });
    expect(recent).toHaveLength(5);
  }));

test('what was read once is known by its tag: again a list costs the listing only, until something changes', () =>
  counted({}, async ({ store, put, requests, server }) => {
    const old = { hasSummary: false, manifestBytes: 50_000 };
    for (let night = 0; night < 30; night += 1) await put({ id: nightly(night), ...(night > 9 ? old : {}) });
    const list = async (): ReturnType<typeof listBackups> => {
      const cache = await openFileCache(cacheDirectory, store.url);
      const entries = await listBackups(store, {}, { cache });
      await cache.save();
      return entries;
    };
    requests();
    const first = await list();
    expect(requests()).toEqual({ lists: 1, gets: 60 });
    expect(await list()).toEqual(first);
    expect(requests()).toEqual({ lists: 1, gets: 0 });

    await put({ id: nightly(20), verdict: 'failed', ...old });
    const key = `some/prefix/${keyOf(nightly(21), 'verification.json')}`;
    server.remove('bucket', key);
    const changed = await list();
    expect(changed.filter((entry) => !isGoodEntry(entry)).map(({ id }) => id)).toEqual([
      nightly(20),
      nightly(21),
    ]);
    expect((await readdir(cacheDirectory)).length).toBe(1);
  }));

test('latest of three hundred nights is found in a dozen requests, and no manifest but its own is read', () =>
  counted({}, async ({ store, put, requests }) => {
    for (let night = 0; night < 300; night += 1)
      await put({ id: nightly(night), manifestBytes: 5_000, systemIdentifier: '7300' }, 4);
    requests();
    expect((await chooseBackup(store, 'orders-prod/app/latest')).id).toEqual(nightly(0));
    const chosen = requests();
    expect(chosen.lists + chosen.gets).toBeLessThanOrEqual(14);
    expect((await findBackup(store, 'orders-prod/app/latest')).id).toEqual(nightly(0));
    expect((await readBackup(store, 'orders-prod/app/latest')).id).toEqual(nightly(0));
    const both = requests();
    expect(both.lists + both.gets).toBeLessThanOrEqual(28);
  }));

test('of an archive in many objects the class that has to be thawed is told, now and as of then', () =>
  counted({ pageSize: 50 }, async ({ put, server }) => {
    server.createBucket('versions', { versioning: 'Enabled' });
    const settings = {
      bucket: 'versions',
      prefix: 'p',
      endpoint: server.url,
      forcePathStyle: true,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    };
    await put({ id: nightly(9) });
    for (const night of [0, 1])
      for (const [key, bytes] of listedDocuments({ id: nightly(night) })) {
        await server.put('versions', `p/${key}`, bytes);
        for (let file = 0; file < 20; file += 1)
          await server.put('versions', `p/${keyOf(nightly(night), `archive/${3_000 + file}.dat`)}`, 'x');
      }
    for (let file = 5; file < 20; file += 1)
      server.freeze('versions', `p/${keyOf(nightly(1), `archive/${3_000 + file}.dat`)}`, 'DEEP_ARCHIVE');
    const then = new Date(Date.now() + 60_000);
    for (const store of [s3Store(settings), s3StoreAsOf(settings, then)]) {
      const all = await listBackups(store);
      expect(all.map(({ archiveClass }) => archiveClass)).toEqual(['STANDARD', 'DEEP_ARCHIVE']);
    }
  }));

test('a service that knows no StartAfter is read whole, and nothing is told twice', () =>
  counted({ pageSize: 20, knowsStartAfter: false }, async ({ store, put }) => {
    for (let night = 0; night < 3; night += 1) await put({ id: nightly(night) }, 70);
    const keys: string[] = [];
    for await (const { key } of store.list('', { skips: (folder) => folder.endsWith('/archive/') }))
      keys.push(key);
    expect(keys).toHaveLength(9);
    expect(new Set(keys).size).toBe(9);
  }));

test('a folder of other people, with names behind ours, is passed over to its end', () =>
  counted({ pageSize: 10 }, async ({ store, put, server }) => {
    await put({ id: nightly(0) }, 30);
    for (let file = 0; file < 35; file += 1)
      await server.put('bucket', `some/prefix/${keyOf(nightly(0), `archive/~é${file}`)}`, 'x');
    expect(await listBackups(store)).toHaveLength(1);
  }));
