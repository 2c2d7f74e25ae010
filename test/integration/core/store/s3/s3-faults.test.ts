import { describe, expect, it } from 'vitest';
import type { S3StoreSettings } from '../../../../../core/store/s3/s3-settings.ts';
import { s3Store } from '../../../../../core/store/s3/s3-store.ts';
import {
  ObjectChanged,
  ObjectExists,
  readSmall,
  type Store,
  StoreUnusable,
} from '../../../../../core/store/store.ts';
import { testClient } from '../../../../support/aws/s3-client.ts';
import { type S3Server, type S3ServerOptions, withS3Server } from '../../../../support/aws/s3-server.ts';
import { bytesOf, collect, sha256, sourceOf } from '../../../../support/store/byte-source.ts';

const mebibyte = 1024 * 1024;

async function inBucket(
  use: (store: Store, server: S3Server) => Promise<void>,
  settings: Partial<S3StoreSettings> = {},
  options: S3ServerOptions = {},
): Promise<void> {
  await withS3Server({ buckets: ['backups'], ...options }, async (server) => {
    const client = testClient(server.url, settings);
    try {
      await use(s3Store({ bucket: 'backups', prefix: 'p', ...settings, client }), server);
    } finally {
      client.destroy();
    }
  });
}

function expectNothing(server: S3Server): void {
  expect(server.keys('backups')).toEqual([]);
  expect(server.uploads()).toEqual([]);
}

describe('an upload outlives', () => {
  const content = bytesOf(20 * mebibyte);
  it.each([
    ['throttling', { operation: 'UploadPart', times: 3, action: 'slowDown' }],
    ['an internal error', { operation: 'CreateMultipartUpload', action: 'internalError' }],
    [
      'a reset in the middle of a part',
      { operation: 'UploadPart', times: 2, action: 'reset', afterBytes: 3e6 },
    ],
    ['a reset before the first byte', { operation: 'UploadPart', action: 'reset' }],
    ['a stall', { operation: 'UploadPart', action: 'stall', afterBytes: 1e6 }],
    [
      'a byte damaged on the way',
      { operation: 'UploadPart', times: 2, action: 'corruptByte', afterBytes: 5e6 },
    ],
    ['an answer lost after a part', { operation: 'UploadPart', action: 'lostResponse' }],
    ['an answer lost after the commit', { operation: 'CompleteMultipartUpload', action: 'lostResponse' }],
    ['throttling of the commit', { operation: 'CompleteMultipartUpload', times: 2, action: 'slowDown' }],
  ] as const)('%s', async (_, fault) => {
    await inBucket(
      async (store, server) => {
        server.misbehave(fault);
        await (await store.stage('k', sourceOf(content))).commit();
        const stored = await server.object('backups', 'p/k')?.content();
        expect(sha256(stored ?? Buffer.alloc(0))).toBe(sha256(content));
        expect(server.uploads()).toEqual([]);
      },
      { idleTimeoutMs: 400 },
    );
  });

  it('a damaged byte without CRC checksums too: the signature covers the part', async () => {
    await inBucket(
      async (store, server) => {
        server.misbehave({ operation: 'UploadPart', action: 'corruptByte', afterBytes: 100 });
        await (await store.stage('k', sourceOf(content))).commit();
        expect(sha256((await server.object('backups', 'p/k')?.content()) ?? Buffer.alloc(0))).toBe(
          sha256(content),
        );
        expect(server.calls('UploadPart')).toBe(4);
      },
      { requestChecksumCalculation: 'WHEN_REQUIRED' },
    );
  });
});

describe('an upload fails, and leaves nothing, where', () => {
  it.each([
    ['a part is damaged every time', 'corruptByte', 'damaged'],
    ['parts stall every time', 'stall', 'did not answer in time'],
    ['connections break every time', 'reset', 'broke'],
    ['it is throttled without end', 'slowDown', 'throttles'],
    ['parts are denied', 'accessDenied', 'denied'],
  ] as const)('%s', async (_, action, said) => {
    await inBucket(
      async (store, server) => {
        server.misbehave({ operation: 'UploadPart', times: 1000, action, afterBytes: 1000 });
        const source = sourceOf(bytesOf(20 * mebibyte));
        const failure = await store.stage('k', source).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(StoreUnusable);
        expect(String(failure)).toContain(said);
        expect(source.destroyed).toBe(true);
        expectNothing(server);
      },
      { idleTimeoutMs: 300, maxAttempts: 2 },
    );
  });

  it('the server dies in the middle', async () => {
    await inBucket(
      async (store, server) => {
        const source = sourceOf(bytesOf(20 * mebibyte), () => server.kill());
        await expect(store.stage('k', source)).rejects.toThrow(StoreUnusable);
        expect(server.keys('backups')).toEqual([]);
      },
      { maxAttempts: 2 },
    );
  });

  it('the source errors while parts are stuck, without waiting for them', async () => {
    await inBucket(async (store, server) => {
      server.misbehave({ operation: 'UploadPart', times: 1000, action: 'stall' });
      const failure = new Error('pg_dump was killed');
      const source = sourceOf(bytesOf(17 * mebibyte), () => {
        throw failure;
      });
      await expect(store.stage('k', source)).rejects.toBe(failure);
      expectNothing(server);
    });
  });

  it('the signal aborts while parts are stuck and every buffer is full', async () => {
    await inBucket(async (store, server) => {
      server.misbehave({ operation: 'UploadPart', times: 1000, action: 'stall' });
      const reason = new Error('the deadline');
      const content = bytesOf(8 * mebibyte);
      async function* endless(): AsyncGenerator<Buffer> {
        for (;;) yield content;
      }
      const { Readable } = await import('node:stream');
      const stopping = new AbortController();
      const staging = store.stage('k', Readable.from(endless()), { signal: stopping.signal });
      const stuck = setInterval(() => {
        if (server.calls('UploadPart') >= 5) stopping.abort(reason);
      }, 10);
      await expect(staging).rejects.toBe(reason);
      clearInterval(stuck);
      expectNothing(server);
    });
  });

  it('the abort fails as well: the first error is told', async () => {
    await inBucket(async (store, server) => {
      server.misbehave({ operation: 'UploadPart', times: 1000, action: 'accessDenied' });
      server.misbehave({ operation: 'AbortMultipartUpload', times: 1000, action: 'accessDenied' });
      await expect(store.stage('k', sourceOf(bytesOf(mebibyte)))).rejects.toThrow('denied');
      expect(server.keys('backups')).toEqual([]);
    });
  });
});

describe('conditional writes', () => {
  it('take a conflict for a key that is taken', async () => {
    await inBucket(async (store, server) => {
      const staged = await store.stage('k', sourceOf(bytesOf(1000)));
      server.misbehave({ operation: 'CompleteMultipartUpload', action: 'conflict' });
      await expect(staged.commit()).rejects.toThrow(ObjectExists);
      await staged.abort();
      expectNothing(server);
    });
  });

  it('know their own object where the answer was lost', async () => {
    await inBucket(async (store, server) => {
      server.misbehave({ operation: 'PutObject', action: 'lostResponse' });
      await store.create('manifest.json', Buffer.from('{"ours":1}'));
      expect((await readSmall(store, 'manifest.json')).toString()).toBe('{"ours":1}');
    });
  });

  it('are sent once more where S3 says that one is under way, as that may be ours', async () => {
    await inBucket(async (store, server) => {
      server.misbehave({ operation: 'PutObject', action: 'internalError' });
      server.misbehave({ operation: 'PutObject', action: 'conflict' });
      await store.create('manifest.json', Buffer.from('{"ours":1}'));
      expect((await readSmall(store, 'manifest.json')).toString()).toBe('{"ours":1}');
      const staged = await store.stage('k', sourceOf(bytesOf(1000)));
      server.misbehave({ operation: 'CompleteMultipartUpload', action: 'internalError' });
      server.misbehave({ operation: 'CompleteMultipartUpload', action: 'conflict' });
      await staged.commit();
      expect(server.keys('backups')).toEqual(['p/k', 'p/manifest.json']);
      expect(server.uploads()).toEqual([]);
    });
  });

  it("do not take another's object for their own after a retry", async () => {
    await inBucket(async (store, server) => {
      await server.put('backups', 'p/manifest.json', '{"theirs":1}');
      await server.put('backups', 'p/k', 'theirs');
      server.misbehave({ operation: 'PutObject', action: 'slowDown' });
      await expect(store.create('manifest.json', Buffer.from('{"ours":1}'))).rejects.toThrow(ObjectExists);
      const staged = await store.stage('k', sourceOf(bytesOf(1000)));
      server.misbehave({ operation: 'CompleteMultipartUpload', action: 'slowDown' });
      await expect(staged.commit()).rejects.toThrow(ObjectExists);
      await staged.abort();
      expect(server.uploads()).toEqual([]);
    });
  });

  it.each([
    ['nothing lies there', undefined],
    ["another's object lies there", 'theirs'],
  ])('do not take an upload that was aborted meanwhile for a finished one: %s', async (_, content) => {
    await inBucket(async (store, server) => {
      const staged = await store.stage('k', sourceOf(bytesOf(1000)));
      if (content !== undefined) await server.put('backups', 'p/k', content);
      for (const { id } of server.uploads()) server.forget(id);
      server.misbehave({ operation: 'CompleteMultipartUpload', action: 'slowDown' });
      await expect(staged.commit()).rejects.toThrow('The upload is gone');
    });
  });

  it('refuse a damaged small object', async () => {
    await inBucket(async (store, server) => {
      server.misbehave({ operation: 'PutObject', action: 'corruptByte' });
      await expect(store.create('manifest.json', Buffer.from('{}'))).rejects.toThrow('damaged');
      expectNothing(server);
    });
  });
});

describe('a read', () => {
  const content = bytesOf(12 * mebibyte);

  it.each([
    ['resets', 'reset'],
    ['stalls', 'stall'],
  ] as const)('goes on after %s, with the rest of the same object', async (_, action) => {
    await inBucket(
      async (store, server) => {
        await server.put('backups', 'p/k', content);
        for (const afterBytes of [3e6, 2e6, 0])
          server.misbehave({ operation: 'GetObject', action, afterBytes });
        expect(sha256(await collect(await store.read('k')))).toBe(sha256(content));
        expect(server.calls('GetObject')).toBe(4);
      },
      { idleTimeoutMs: 400 },
    );
  });

  it('waits for a reader that takes longer than the idle limit', async () => {
    await inBucket(
      async (store, server) => {
        await server.put('backups', 'p/k', content);
        const chunks: Buffer[] = [];
        for await (const chunk of await store.read('k')) {
          if (chunks.length === 1) await new Promise((resolve) => setTimeout(resolve, 1000));
          chunks.push(chunk);
        }
        expect(sha256(Buffer.concat(chunks))).toBe(sha256(content));
      },
      { idleTimeoutMs: 200 },
    );
  });

  it('never mixes two versions of an object', async () => {
    await inBucket(async (store, server) => {
      await server.put('backups', 'p/k', content);
      server.misbehave({ operation: 'GetObject', action: 'reset', afterBytes: 3e6 });
      const stream = await store.read('k');
      await server.put('backups', 'p/k', content.subarray(1));
      await expect(collect(stream)).rejects.toThrow('was replaced while it was read');
    });
  });

  it('fails as unusable, not as damaged, where the connection breaks every time', async () => {
    await inBucket(
      async (store, server) => {
        await server.put('backups', 'p/k', content);
        server.misbehave({ operation: 'GetObject', times: 1000, action: 'reset', afterBytes: 0 });
        const reading = (async () => await collect(await store.read('k')))();
        await expect(reading).rejects.toThrow(StoreUnusable);
      },
      { maxAttempts: 2 },
    );
  });

  it('stops at the signal between two tries', async () => {
    await inBucket(async (store, server) => {
      await server.put('backups', 'p/k', content);
      server.misbehave({ operation: 'GetObject', action: 'reset', afterBytes: 1e6 });
      server.misbehave({ operation: 'GetObject', times: 1000, action: 'slowDown' });
      const stopping = new AbortController();
      const stream = await store.read('k', { signal: stopping.signal });
      const watching = setInterval(() => {
        if (server.calls('GetObject') >= 3) stopping.abort();
      }, 10);
      await expect(collect(stream)).rejects.toMatchObject({ name: 'AbortError' });
      clearInterval(watching);
    });
  });
});

describe('a service that does not know If-None-Match, as Backblaze B2', () => {
  const content = bytesOf(100);
  const inB2 = (use: (store: Store, server: S3Server) => Promise<void>): Promise<void> =>
    inBucket(use, {}, { knowsIfNoneMatch: false });

  it('takes small objects and uploads, and is asked once whether it knows it', () =>
    inB2(async (store, server) => {
      for (const key of ['a', 'b']) await store.create(key, content);
      await (await store.stage('c', sourceOf(content))).commit();
      expect(server.keys('backups')).toEqual(['p/a', 'p/b', 'p/c']);
      expect(server.uploads()).toEqual([]);
      expect([server.calls('PutObject'), server.calls('CompleteMultipartUpload')]).toEqual([3, 1]);
    }));

  it('overwrites nothing', () =>
    inB2(async (store, server) => {
      const other = bytesOf(50);
      for (const key of ['p/a', 'p/b']) await server.put('backups', key, other);
      await expect(store.create('a', content)).rejects.toThrow(ObjectExists);
      const staged = await store.stage('b', sourceOf(content));
      await expect(staged.commit()).rejects.toThrow(ObjectExists);
      await staged.abort();
      for (const key of ['p/a', 'p/b'])
        expect((await server.object('backups', key)?.content())?.equals(other)).toBe(true);
      expect(server.uploads()).toEqual([]);
      // A key that begins with it is another one.
      await server.put('backups', 'p/manifest.json.old', other);
      await store.create('manifest.json', content);
    }));

  it('outlives a lost answer', () =>
    inB2(async (store, server) => {
      server.misbehave({ operation: 'PutObject', skip: 1, action: 'lostResponse' });
      await store.create('a', content);
      server.misbehave({ operation: 'CompleteMultipartUpload', action: 'lostResponse' });
      await (await store.stage('b', sourceOf(content))).commit();
      expect(server.keys('backups')).toEqual(['p/a', 'p/b']);
    }));
});

describe('replacing what was read', () => {
  const key = 'verification.json';
  const replaced = async (store: Store): Promise<void> => {
    await store.replaceIf(key, Buffer.from('1'), undefined);
    await store.replaceIf(key, Buffer.from('two'), (await store.readVersion(key))?.version);
  };

  it('is done where the answer to a write is lost', () =>
    inBucket(async (store, server) => {
      server.misbehave({ operation: 'PutObject', times: 1, action: 'lostResponse' });
      server.misbehave({ operation: 'PutObject', times: 1, skip: 1, action: 'lostResponse' });
      await replaced(store);
      expect((await readSmall(store, key)).toString()).toBe('two');
    }));

  it('is refused where another writes at the same moment', () =>
    inBucket(async (store, server) => {
      server.misbehave({ operation: 'PutObject', action: 'conflict' });
      await expect(store.replaceIf(key, Buffer.from('1'), undefined)).rejects.toThrow(ObjectChanged);
      expect(server.keys('backups')).toEqual([]);
    }));

  it('works without the condition on a service that does not know it', () =>
    inBucket(
      async (store, server) => {
        await replaced(store);
        expect((await readSmall(store, key)).toString()).toBe('two');
        // If-None-Match, If-Match, and once more without.
        expect(server.calls('PutObject')).toBe(3);
      },
      {},
      { knowsIfMatch: false },
    ));
});
