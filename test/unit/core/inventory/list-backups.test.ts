import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isGoodEntry, type ListEntry } from '../../../../core/inventory/entry.ts';
import { listBackups } from '../../../../core/inventory/list-backups.ts';
import { readBackup } from '../../../../core/inventory/read-backup.ts';
import { formatId, keyOf } from '../../../../core/manifest/backup-id.ts';
import { Unreadable } from '../../../../core/manifest/document.ts';
import { serialize } from '../../../../core/manifest/manifest.ts';
import { parseSummary, type Summary } from '../../../../core/manifest/summary.ts';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import type { Store } from '../../../../core/store/store.ts';
import { type ListedContent, listedDocuments, nightly } from '../../../support/backup/listed.ts';
import { watchedStore } from '../../../support/store/faulty-store.ts';

let directory: string;
let store: Store;
let reads: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
  ({ store, reads } = watchedStore(fileStore({ directory })));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function write(key: string, content: string | Buffer): Promise<void> {
  await mkdir(join(directory, dirname(key)), { recursive: true });
  await writeFile(join(directory, key), content);
}

async function put(content: ListedContent): Promise<Map<string, Buffer>> {
  const documents = listedDocuments(content);
  for (const [key, bytes] of documents) await write(key, bytes);
  return documents;
}

const manifests = (): string[] => reads.filter((key) => key.endsWith('/manifest.json'));

async function only(): Promise<ListEntry> {
  const [entry, ...more] = await listBackups(store);
  if (entry === undefined || more.length > 0) throw new Error(`${more.length + 1} entries`);
  return entry;
}

test('the newest first over all databases, each once, and of one second in one order', async () => {
  const other = { source: 'a', database: 'app-x' };
  for (const night of [3, 0, 7]) await put({ id: nightly(night) });
  for (const night of [0, 5]) await put({ id: nightly(night, other) });
  const ids = (await listBackups(store)).map(({ id }) => formatId(id));
  expect(ids).toEqual(
    [nightly(0, other), nightly(0), nightly(3), nightly(5, other), nightly(7)].map(formatId),
  );
  // The same by pages.
  const pages: string[] = [];
  for (let before: ListEntry['id'] | undefined; ; ) {
    const page = await listBackups(store, { limit: 2, before });
    pages.push(...page.map(({ id }) => formatId(id)));
    before = page.at(-1)?.id;
    if (before === undefined) break;
  }
  expect(pages).toEqual(ids);
  expect(manifests()).toEqual([]);
});

test('databases whose names begin alike, or hold a slash, are told apart', async () => {
  for (const database of ['app', 'app-x', 'app_staging', 'app/x'])
    await put({ id: nightly(1, { database }) });
  for (const database of ['app', 'app-x', 'app_staging', 'app/x'])
    for (const limit of [undefined, 9])
      expect((await listBackups(store, { database, limit })).map(({ id }) => id.database)).toEqual([
        database,
      ]);
});

describe('a summary', () => {
  const id = nightly(0);
  const key = keyOf(id, 'summary.json');

  async function changed(change: (summary: Summary) => object): Promise<void> {
    const documents = await put({ id });
    const summary = parseSummary(documents.get(key) ?? Buffer.alloc(0), key);
    await write(key, serialize(change(summary)));
  }

  test('stands for the manifest, which is not read', async () => {
    await put({ id, manifestBytes: 100_000 });
    expect(await only()).toMatchObject({ summary: { rows: 400_000 }, verification: { verdict: 'intact' } });
    expect(manifests()).toEqual([]);
  });

  test.each<[string, (summary: Summary) => object]>([
    ['of another backup', (summary) => ({ ...summary, id: formatId(nightly(1)), rows: 1 })],
    ['of another source', (summary) => ({ ...summary, source: 'x', rows: 1 })],
    ['of another database', (summary) => ({ ...summary, database: 'x', rows: 1 })],
    [
      'of a longer manifest',
      (summary) => ({ ...summary, rows: 1, manifest: { ...summary.manifest, bytes: 9 } }),
    ],
    ['of a newer pgproof', (summary) => ({ ...summary, rows: 1, formatVersion: 2 })],
    ['with rows that are no number', (summary) => ({ ...summary, rows: 'many' })],
    ['larger than ours are', (summary) => ({ ...summary, rows: 1, more: 'x'.repeat(70_000) })],
    [
      'with an identifier that is none',
      (summary) => ({ ...summary, server: { version: '1', systemIdentifier: 'x' } }),
    ],
  ])('%s is as if there were none', async (_, change) => {
    await changed(change);
    expect(await only()).toMatchObject({ summary: { id: formatId(id), rows: 400_000 } });
    expect(manifests()).toHaveLength(1);
  });

  test('without one, or of random bytes, the manifest is read', async () => {
    await put({ id, hasSummary: false });
    expect(isGoodEntry(await only())).toBe(true);
    await write(key, Buffer.from([0xff, 0, 0x7b]));
    expect(isGoodEntry(await only())).toBe(true);
    expect(manifests()).toHaveLength(2);
  });

  test('alone is no backup', async () => {
    await put({ id });
    await rm(join(directory, keyOf(id, 'manifest.json')));
    expect(await listBackups(store)).toEqual([]);
  });

  test('keeps nothing in memory that a list does not show, however much is in it', async () => {
    await changed((summary) => ({
      ...summary,
      more: 'x'.repeat(30_000),
      server: { version: 'v'.repeat(20_000), more: 1 },
    }));
    expect(JSON.stringify((await only()).summary).length).toBeLessThan(3_000);
    expect(manifests()).toEqual([]);
  });

  test('of a manifest that was exchanged for one as long: the list says what it knew, show finds out', async () => {
    const documents = await put({ id });
    const manifest = keyOf(id, 'manifest.json');
    await write(manifest, String(documents.get(manifest)).replace('"rows": 400000', '"rows": 400001'));
    expect(isGoodEntry(await only())).toBe(true);
    const { verification, notCounted } = await readBackup(store, formatId(id));
    expect({ verification, notCounted }).toEqual({
      verification: undefined,
      notCounted: expect.stringContaining('of another manifest'),
    });
  });
});

test('a verification is compared with the manifest that the summary knows', async () => {
  const id = nightly(0);
  await put({ id });
  const other = listedDocuments({ id, manifestBytes: 9_000 }).get(keyOf(id, 'verification.json'));
  await write(keyOf(id, 'verification.json'), other ?? '');
  expect(await only()).toMatchObject({
    verification: undefined,
    notCounted: expect.stringContaining('it is of another manifest'),
  });
});

describe('a hold', () => {
  const id = nightly(0);
  const hold = {
    formatVersion: 1,
    id: formatId(id),
    reason: 'an audit',
    by: 'me',
    heldAt: '2026-11-20T02:00:00Z',
  };

  test('and a release are in the entry', async () => {
    await put({ id });
    await write(keyOf(id, 'hold.json'), JSON.stringify(hold));
    const release = { formatVersion: 1, id: formatId(id), by: 'me', releasedAt: '2026-11-20T02:00:00Z' };
    await write(keyOf(id, 'release.json'), JSON.stringify(release));
    expect(await only()).toMatchObject({ hold, release });
  });

  test.each([
    ['of another backup', JSON.stringify({ ...hold, id: formatId(nightly(1)) })],
    ['of no bytes', ''],
    ['of a megabyte', JSON.stringify({ ...hold, reason: 'x'.repeat(1_000_000) })],
  ])('%s holds all the same', async (_, content) => {
    await put({ id });
    await write(keyOf(id, 'hold.json'), content);
    expect((await only()).hold).toBeInstanceOf(Unreadable);
  });

  test('of which only so much is kept as people read', async () => {
    await put({ id });
    await write(keyOf(id, 'hold.json'), JSON.stringify({ ...hold, reason: 'x'.repeat(50_000) }));
    expect(JSON.stringify((await only()).hold).length).toBeLessThan(2_000);
  });
});

test('in a directory a file has a tag once it has lain a while, and another after every change', async () => {
  const path = join(directory, 'a/b/c');
  const tag = async (): Promise<string | undefined> => {
    for await (const found of store.list('')) return found.tag;
    throw new Error('nothing is listed');
  };
  await write('a/b/c', 'one');
  // Within one tick of the file system's clock it could change again, and nobody would see.
  expect(await tag()).toBeUndefined();
  await utimes(path, new Date(0), new Date(0));
  expect(await tag()).toBeUndefined();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5_000 });
  try {
    const before = await tag();
    expect(before).toMatch(/^\d/);
    expect(await tag()).toBe(before);
    await writeFile(path, 'two');
    await utimes(path, new Date(0), new Date(0));
    expect(await tag()).not.toBe(before);
  } finally {
    vi.useRealTimers();
  }
});
