import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type InventoryCache, tagOf } from '../../../../core/inventory/cache.ts';
import { openFileCache } from '../../../../core/inventory/file-cache.ts';
import { listBackups } from '../../../../core/inventory/list-backups.ts';
import { formatId, keyOf } from '../../../../core/manifest/backup-id.ts';
import type { Store, StoredObject } from '../../../../core/store/store.ts';
import { listedDocuments, nightly } from '../../../support/backup/listed.ts';

const url = 's3://bucket/prefix';
let parent: string;
let directory: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
  directory = join(parent, 'not there yet');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

const open = (): Promise<InventoryCache> => openFileCache(directory, url);

async function remembered(): Promise<string> {
  const cache = await open();
  cache.put('a', 'tag', { n: 1 });
  await cache.save();
  const [name = ''] = await readdir(directory);
  return join(directory, name);
}

test('what was put is known to the next run, by key and tag, and to this user only', async () => {
  const path = await remembered();
  const cache = await open();
  expect(cache.get('a', 'tag')).toEqual({ n: 1 });
  expect([cache.get('a', 'other'), cache.get('b', 'tag'), cache.get('a', undefined)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(directory)).mode & 0o777).toBe(0o700);
  expect((await openFileCache(directory, 's3://other')).get('a', 'tag')).toBeUndefined();
});

test('what has no tag is not remembered, and what changed takes the place of what was', async () => {
  expect(tagOf({ bytes: 1, modifiedAt: new Date() })).toBeUndefined();
  const path = await remembered();
  const cache = await open();
  cache.put('b', undefined, { n: 2 });
  cache.put('a', 'new', { n: 3 });
  await cache.save();
  expect(await readFile(path, 'utf8')).toBe('a\tnew\t{"n":3}\n');
});

test('two runs at once: one is remembered whole, and nothing else is left', async () => {
  const [one, other] = [await open(), await open()];
  one.put('a', 'tag', { n: 1 });
  other.put('a', 'tag', { n: 2 });
  await Promise.all([one.save(), other.save()]);
  expect([{ n: 1 }, { n: 2 }]).toContainEqual((await open()).get('a', 'tag'));
  expect(await readdir(directory)).toHaveLength(1);
});

describe('a cache that is of no use', () => {
  test.each<[string, (path: string) => Promise<unknown>]>([
    ['of random bytes', (path) => writeFile(path, Buffer.from([0xff, 9, 0x7b, 10, 9, 9, 10]))],
    ['cut off', (path) => writeFile(path, 'a\ttag\t{"n":')],
    ['of a terabyte', (path) => truncate(path, 1024 ** 4)],
    ['that is a directory', (path) => rm(path).then(() => mkdir(path))],
    ['that is a named pipe', (path) => rm(path).then(async () => spawnSync('mkfifo', [path]))],
  ])('%s is as if it were empty', async (_, damage) => {
    await damage(await remembered());
    const cache = await open();
    expect(cache.get('a', 'tag')).toBeUndefined();
    cache.put('a', 'tag', { n: 2 });
    await cache.save();
  });

  test('a directory that cannot be made, or written: nothing is remembered, and nothing fails', async () => {
    await writeFile(directory, 'a file');
    const cache = await open();
    cache.put('a', 'tag', { n: 1 });
    await cache.save();
    expect(cache.get('a', 'tag')).toEqual({ n: 1 });
    await rm(directory);
    await mkdir(directory);
    await chmod(directory, 0o500);
    const readOnly = await open();
    readOnly.put('a', 'tag', { n: 1 });
    await readOnly.save();
    await chmod(directory, 0o700);
  });
});

test('it is bounded: an entry, a store, and how many stores', async () => {
  const cache = await open();
  cache.put('large', 'tag', { text: 'x'.repeat(20_000) });
  for (let n = 0; n < 2_000; n += 1) cache.put(`key ${n}`, 'tag', { text: 'x'.repeat(15_000) });
  await cache.save();
  const [name = ''] = await readdir(directory);
  expect((await stat(join(directory, name))).size).toBeLessThanOrEqual(16 * 1024 * 1024);
  expect((await open()).get('large', 'tag')).toBeUndefined();
  expect((await open()).get('key 0', 'tag')).toBeDefined();
  for (let n = 0; n < 20; n += 1) {
    const other = await openFileCache(directory, `s3://bucket/${n}`);
    other.put('a', 'tag', {});
    await other.save();
  }
  expect(await readdir(directory)).toHaveLength(16);
});

test('what stands in it counts for no more than a summary in the store: of another backup or size, it is read anew', async () => {
  const documents = listedDocuments({ id: nightly(0) });
  const other = listedDocuments({ id: nightly(1) });
  const reads: string[] = [];
  const store = {
    url,
    folders: () => [] as unknown as AsyncIterable<string>,
    async *list(): AsyncGenerator<StoredObject> {
      for (const [key, bytes] of documents)
        yield { key, bytes: bytes.length, modifiedAt: new Date(0), tag: `"${key}"` };
    },
    read: async (key: string) => {
      reads.push(key);
      return [documents.get(key)];
    },
  } as unknown as Store;
  const lies = [
    JSON.parse(String(other.get(keyOf(nightly(1), 'summary.json')))),
    { id: formatId(nightly(0)), level: 'restore', verdict: 'sworn' },
    'text',
    null,
    7,
  ];
  for (const lie of lies) {
    reads.length = 0;
    const cache: InventoryCache = { get: () => lie, put: () => undefined, save: async () => undefined };
    const [entry] = await listBackups(store, {}, { cache });
    expect(entry).toMatchObject({
      summary: { id: formatId(nightly(0)) },
      verification: { verdict: 'intact', level: 'checksum' },
    });
    expect(reads).toHaveLength(2);
  }
});
