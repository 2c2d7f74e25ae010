import { once } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../core/errors.ts';
import { documentLimits } from '../../../../core/manifest/document.ts';
import {
  ObjectChanged,
  ObjectExists,
  ObjectMissing,
  ObjectTooLarge,
  readSmall,
  type Store,
  type StoredObject,
} from '../../../../core/store/store.ts';
import { bytesOf, collect, sha256, sourceOf } from '../../../support/store/byte-source.ts';

export type OpenedStore = {
  readonly store: Store;
  /** Another way into the same store, as another process would have. */
  readonly other: Store;
  /** Whatever lies in the store that no key shows: staging files, uploads. */
  leftovers(): Promise<string[]>;
};

export async function keysOf(store: Store, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

const mebibyte = 1024 * 1024;

/** What every store promises, tried on one of them. `open` runs a test with a fresh, empty store. */
export function describeStore(
  name: string,
  open: (use: (opened: OpenedStore) => Promise<void>) => Promise<void>,
): void {
  const inStore = (title: string, use: (opened: OpenedStore) => Promise<void>): void =>
    it(title, () => open(use));

  describe(`${name}: staging`, () => {
    inStore('shows an object only after its commit, whole', async ({ store, other, leftovers }) => {
      const content = bytesOf(21 * mebibyte + 17);
      const staged = await store.stage('s/d/t/archive.dump', sourceOf(content), {
        expectedBytes: content.length,
      });
      expect(staged).toMatchObject({ key: 's/d/t/archive.dump', bytes: content.length });
      expect(await keysOf(other)).toEqual([]);
      await expect(other.read('s/d/t/archive.dump')).rejects.toThrow(ObjectMissing);
      await staged.commit();
      expect(sha256(await collect(await other.read('s/d/t/archive.dump')))).toBe(sha256(content));
      const listed: StoredObject[] = [];
      for await (const object of other.list('')) listed.push(object);
      expect(listed).toMatchObject([{ key: 's/d/t/archive.dump', bytes: content.length }]);
      expect(Math.abs(Date.now() - (listed[0]?.modifiedAt.getTime() ?? 0))).toBeLessThan(120_000);
      expect(await leftovers()).toEqual([]);
    });

    inStore('takes an empty object', async ({ store }) => {
      const staged = await store.stage('empty', sourceOf(Buffer.alloc(0)));
      expect(staged.bytes).toBe(0);
      await staged.commit();
      expect(await collect(await store.read('empty'))).toHaveLength(0);
    });

    inStore('takes text chunks', async ({ store }) => {
      await (await store.stage('text', Readable.from(['SELECT ', "'é';\n"]))).commit();
      expect((await readSmall(store, 'text')).toString()).toBe("SELECT 'é';\n");
    });

    inStore('reads no document that is larger than the limit', async ({ store }) => {
      await store.create('large', Buffer.alloc(documentLimits.bytes + 1, ' '));
      await expect(readSmall(store, 'large')).rejects.toThrow(ObjectTooLarge);
      // Its beginning, which no parser takes, so that it can be replaced.
      const { content, version } = (await store.readVersion('large')) ?? {};
      expect(content).toHaveLength(documentLimits.bytes + 1);
      await store.replaceIf('large', Buffer.from('small'), version);
      expect(String(await readSmall(store, 'large'))).toBe('small');
    });

    inStore('leaves nothing after an abort, which may come twice', async ({ store, leftovers }) => {
      const staged = await store.stage('a/b/c', sourceOf(bytesOf(mebibyte)));
      expect(await leftovers()).not.toEqual([]);
      await staged.abort();
      await staged.abort();
      expect(await keysOf(store)).toEqual([]);
      expect(await leftovers()).toEqual([]);
      await expect(staged.commit()).rejects.toThrow('cannot be committed');
    });

    inStore('keeps what is committed when abort follows', async ({ store }) => {
      const staged = await store.stage('a/b', sourceOf(Buffer.from('kept')));
      await staged.commit();
      await staged.abort();
      expect((await readSmall(store, 'a/b')).toString()).toBe('kept');
    });

    inStore('does not overwrite', async ({ store, leftovers }) => {
      await store.create('taken', Buffer.from('first'));
      const staged = await store.stage('taken', sourceOf(Buffer.from('second')));
      await expect(staged.commit()).rejects.toThrow(ObjectExists);
      await staged.abort();
      expect((await readSmall(store, 'taken')).toString()).toBe('first');
      expect(await leftovers()).toEqual([]);
    });

    inStore('lets exactly one of two writers of a key win, whole', async ({ store, other, leftovers }) => {
      const contents = [bytesOf(6 * mebibyte, 1), bytesOf(6 * mebibyte, 2)];
      const staged = await Promise.all(
        [store, other].map((one, index) => one.stage('race/d', sourceOf(contents[index] ?? Buffer.alloc(0)))),
      );
      const results = await Promise.allSettled(staged.map((one) => one.commit()));
      const won = results.findIndex(({ status }) => status === 'fulfilled');
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(results.find((result) => result.status === 'rejected')?.reason).toBeInstanceOf(ObjectExists);
      await Promise.all(staged.map((one) => one.abort()));
      expect(sha256(await collect(await store.read('race/d')))).toBe(
        sha256(contents[won] ?? Buffer.alloc(0)),
      );
      expect(await leftovers()).toEqual([]);
    });

    inStore("rejects with the source's error, and leaves nothing", async ({ store, leftovers }) => {
      const failure = new Error('pg_dump exited with status 1');
      const source = sourceOf(bytesOf(17 * mebibyte), () => {
        throw failure;
      });
      await expect(store.stage('s/d/t/archive.dump', source)).rejects.toBe(failure);
      expect(await keysOf(store)).toEqual([]);
      expect(await leftovers()).toEqual([]);
    });

    inStore('rejects where the source has failed before it is read', async ({ store, leftovers }) => {
      const failure = new Error('spawn pg_dump ENOENT');
      const source = new Readable({ read() {} });
      const staging = store.stage('k', source);
      source.destroy(failure);
      await expect(staging).rejects.toBe(failure);
      const failed = new Readable({ read() {} });
      const closed = new Promise((resolve) => failed.once('close', resolve));
      failed.once('error', () => {});
      failed.destroy(failure);
      await closed;
      await expect(store.stage('k', failed)).rejects.toBe(failure);
      expect(await leftovers()).toEqual([]);
    });

    inStore('rejects where the source is cut off without an error', async ({ store, leftovers }) => {
      const source = new Readable({ read() {} });
      source.push(bytesOf(mebibyte));
      const staging = store.stage('k', source);
      setImmediate(() => source.destroy());
      await expect(staging).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
      expect(await leftovers()).toEqual([]);
    });

    inStore("stops at the signal, with the signal's reason", async ({ store, leftovers }) => {
      const stopping = new AbortController();
      const reason = new Error('the deadline');
      const source = sourceOf(bytesOf(9 * mebibyte), async () => {
        stopping.abort(reason);
        await new Promise(() => {});
      });
      await expect(store.stage('k', source, { signal: stopping.signal })).rejects.toBe(reason);
      expect(source.destroyed).toBe(true);
      expect(await leftovers()).toEqual([]);
      await expect(
        store.stage('k', sourceOf(Buffer.from('x')), { signal: AbortSignal.abort(reason) }),
      ).rejects.toBe(reason);
      await expect(store.prepare({ expectedBytes: 1, signal: AbortSignal.abort(reason) })).rejects.toBe(
        reason,
      );
    });
  });

  describe(`${name}: small objects`, () => {
    inStore('creates once and replaces any number of times', async ({ store, leftovers }) => {
      await store.create('s/d/t/manifest.json', Buffer.from('{}'));
      await expect(store.create('s/d/t/manifest.json', Buffer.from('[]'))).rejects.toThrow(ObjectExists);
      expect((await readSmall(store, 's/d/t/manifest.json')).toString()).toBe('{}');
      await store.replace('s/d/t/verification.json', Buffer.from('1'));
      await store.replace('s/d/t/verification.json', Buffer.from('two'));
      expect((await readSmall(store, 's/d/t/verification.json')).toString()).toBe('two');
      expect(await leftovers()).toEqual([]);
    });

    inStore('lets exactly one of many creators win', async ({ store, other }) => {
      const results = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) =>
          (index % 2 ? store : other).create('s/m', Buffer.from(`${index}`)),
        ),
      );
      const won = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
      expect(won).toHaveLength(1);
      expect((await readSmall(store, 's/m')).toString()).toBe(`${won[0]}`);
    });
  });

  describe(`${name}: replacing what was read`, () => {
    const key = 's/d/t/verification.json';
    inStore(
      'writes where nothing has changed since, and nowhere else',
      async ({ store, other, leftovers }) => {
        expect(await store.readVersion(key)).toBeUndefined();
        await store.replaceIf(key, Buffer.from('1'), undefined);
        await expect(other.replaceIf(key, Buffer.from('lost'), undefined)).rejects.toThrow(ObjectChanged);
        const first = await store.readVersion(key);
        expect(first?.content.toString()).toBe('1');
        await other.replaceIf(key, Buffer.from('two'), first?.version);
        await expect(store.replaceIf(key, Buffer.from('lost'), first?.version)).rejects.toThrow(
          ObjectChanged,
        );
        expect((await readSmall(store, key)).toString()).toBe('two');
        expect((await store.readVersion(key))?.version).not.toBe(first?.version);
        await expect(store.replaceIf('s/gone', Buffer.from('lost'), first?.version)).rejects.toThrow(
          ObjectChanged,
        );
        expect(await keysOf(store)).toEqual([key]);
        expect(await leftovers()).toEqual([]);
      },
    );

    inStore('loses nothing of many that add to it at once', async ({ store, other, leftovers }) => {
      let refused = 0;
      const add = async (one: Store, word: string): Promise<void> => {
        for (;;) {
          const before = await one.readVersion(key);
          const content = Buffer.from(`${before?.content.toString() ?? ''}${word} `);
          try {
            return await one.replaceIf(key, content, before?.version);
          } catch (error) {
            if (!(error instanceof ObjectChanged)) throw error;
            refused += 1;
          }
        }
      };
      const words = Array.from({ length: 8 }, (_, index) => `w${index}`);
      await Promise.all(words.map((word, index) => add(index % 2 ? store : other, word)));
      const written = (await readSmall(store, key)).toString().trim().split(' ');
      expect(written.sort()).toEqual(words);
      // Else they came one after the other, and nothing was tried.
      expect(refused).toBeGreaterThan(0);
      expect(await leftovers()).toEqual([]);
    });
  });

  describe(`${name}: reading and listing`, () => {
    inStore('says from the call that an object is missing', async ({ store }) => {
      await store.create('s/d/t/manifest.json', Buffer.from('{}'));
      await expect(store.read('s/d/t/other')).rejects.toThrow(ObjectMissing);
      await expect(store.read('s/d/t')).rejects.toThrow(ObjectMissing);
      await expect(store.read('s/d/t/manifest.json/x')).rejects.toThrow(ObjectMissing);
    });

    inStore('stops reading at the signal, and when the reader goes', async ({ store }) => {
      await (await store.stage('big', sourceOf(bytesOf(12 * mebibyte)))).commit();
      const stopping = new AbortController();
      const stream = await store.read('big', { signal: stopping.signal });
      await once(stream, 'readable');
      stopping.abort();
      await expect(collect(stream)).rejects.toMatchObject({ name: 'AbortError' });
      const left = await store.read('big');
      await once(left, 'readable');
      left.destroy();
      await once(left, 'close');
      expect(left.errored).toBeNull();
    });

    inStore('gives all bytes to a reader that pauses', async ({ store }) => {
      const content = bytesOf(9 * mebibyte);
      await (await store.stage('big', sourceOf(content))).commit();
      const chunks: Buffer[] = [];
      for await (const chunk of await store.read('big')) {
        chunks.push(chunk);
        await new Promise(setImmediate);
      }
      expect(sha256(Buffer.concat(chunks))).toBe(sha256(content));
    });

    inStore('takes a prefix as plain text, and sorts as S3 does', async ({ store }) => {
      const keys = [
        'app-x/1',
        'app/1',
        'app/2/a',
        'app/2/b',
        'app/2.txt',
        'app_staging/1',
        'apple',
        'b',
        'app0',
      ];
      for (const key of keys) await store.create(key, Buffer.from(key));
      expect(await keysOf(store)).toEqual([...keys].sort());
      expect(await keysOf(store, 'app/')).toEqual(['app/1', 'app/2.txt', 'app/2/a', 'app/2/b']);
      expect(await keysOf(store, 'app/2')).toEqual(['app/2.txt', 'app/2/a', 'app/2/b']);
      expect(await keysOf(store, 'app/2/')).toEqual(['app/2/a', 'app/2/b']);
      expect(await keysOf(store, 'app-')).toEqual(['app-x/1']);
      expect(await keysOf(store, 'nothing/here')).toEqual([]);
    });

    inStore('lists more than a thousand objects', async ({ store }) => {
      const keys = Array.from({ length: 1105 }, (_, index) => `many/${index % 7}/${index}`);
      for (let start = 0; start < keys.length; start += 64)
        await Promise.all(keys.slice(start, start + 64).map((key) => store.replace(key, Buffer.from('x'))));
      expect(await keysOf(store)).toEqual([...keys].sort());
    });

    inStore('stops listing at the signal', async ({ store }) => {
      for (const key of ['a', 'b', 'c']) await store.create(key, Buffer.from(key));
      const stopping = new AbortController();
      const seen: string[] = [];
      const listing = (async () => {
        for await (const { key } of store.list('', { signal: stopping.signal })) {
          seen.push(key);
          stopping.abort(new Error('enough'));
        }
      })();
      await expect(listing).rejects.toThrow('enough');
      expect(seen).toEqual(['a']);
    });

    inStore('takes names as data', async ({ store }) => {
      const keys = [
        'host%3Devil%20dbname%3Dx/1',
        '-Fp/1',
        'Ünïcode "quoted"/a b',
        'new\nline/+&=?#',
        '%2E%2E/x',
      ];
      for (const key of keys) await store.create(key, Buffer.from(key));
      for (const key of keys) expect((await readSmall(store, key)).toString()).toBe(key);
      expect((await keysOf(store)).sort()).toEqual([...keys].sort());
      expect(await keysOf(store, 'new\nline/+&')).toEqual(['new\nline/+&=?#']);
    });

    inStore('refuses keys that would leave the store', async ({ store, leftovers }) => {
      for (const key of [
        '../x',
        'a/../../x',
        '/etc/passwd',
        'a//b',
        '',
        'a/',
        '.staging/x',
        'a/.b',
        'a\0b',
        '.',
      ]) {
        await expect(store.stage(key, sourceOf(Buffer.from('x')))).rejects.toThrow(UsageError);
        await expect(store.create(key, Buffer.from('x'))).rejects.toThrow(UsageError);
        await expect(store.replace(key, Buffer.from('x'))).rejects.toThrow(UsageError);
        await expect(store.replaceIf(key, Buffer.from('x'), undefined)).rejects.toThrow(UsageError);
        await expect(store.read(key)).rejects.toThrow(UsageError);
      }
      expect(await keysOf(store)).toEqual([]);
      expect(await leftovers()).toEqual([]);
    });

    inStore('is prepared without a trace', async ({ store, leftovers }) => {
      await store.prepare({ expectedBytes: 1000 });
      expect(await keysOf(store)).toEqual([]);
      expect(await leftovers()).toEqual([]);
    });
  });
}
