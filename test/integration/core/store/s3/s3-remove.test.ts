import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import type { PrunableStore } from '../../../../../core/store/prunable.ts';
import { prunableS3Store } from '../../../../../core/store/s3/prunable-s3-store.ts';
import { StoreUnusable } from '../../../../../core/store/store.ts';
import { testClient } from '../../../../support/aws/s3-client.ts';
import { type S3Server, type S3ServerOptions, withS3Server } from '../../../../support/aws/s3-server.ts';

const bucket = 'backups';
let client: S3Client | undefined;

afterEach(() => client?.destroy());

async function inBucket(
  options: S3ServerOptions,
  use: (store: PrunableStore, server: S3Server) => Promise<void>,
  settings: Parameters<typeof testClient>[1] = {},
): Promise<void> {
  await withS3Server({ buckets: [bucket], ...options }, async (server) => {
    client = testClient(server.url, { maxAttempts: 3, ...settings });
    await use(prunableS3Store({ bucket, prefix: 'p', client }), server);
  });
}

async function fill(server: S3Server, count: number): Promise<string[]> {
  const keys = Array.from(
    { length: count },
    (_, index) => `s/d/${String(index).padStart(5, '0')}/manifest.json`,
  );
  for (const key of keys) await server.put(bucket, `p/${key}`, 'x');
  await server.put(bucket, 'p/s/d2/kept', 'x');
  await server.put(bucket, 's/d/00000/manifest.json', 'of another store');
  return keys;
}

const untouched = ['p/s/d2/kept', 's/d/00000/manifest.json'];

describe('many objects', () => {
  it('go a thousand at a time', async () => {
    await inBucket({}, async (store, server) => {
      const keys = await fill(server, 5001);
      expect(await store.remove(keys)).toEqual([]);
      expect(server.keys(bucket)).toEqual(untouched);
      expect(server.calls('DeleteObjects')).toBe(6);
      expect(server.calls('DeleteObject')).toBe(0);
    });
  });

  it('go one after the other where the service has no batches, which is asked once', async () => {
    await inBucket({ knowsDeleteObjects: false }, async (store, server) => {
      const keys = await fill(server, 1200);
      server.refuseDelete((key) => (key.endsWith('00007/manifest.json') ? 'AccessDenied' : undefined));
      const left = await store.remove(keys);
      expect(left.map(({ key }) => key)).toEqual(['s/d/00007/manifest.json']);
      expect(server.keys(bucket)).toEqual([...untouched, 'p/s/d/00007/manifest.json'].sort());
      expect(server.calls('DeleteObjects')).toBe(1);
      expect(server.calls('DeleteObject')).toBe(1200);
    });
  });
});

describe('what S3 says of single keys in an answer that is well', () => {
  it('is told of each, and the others go', async () => {
    await inBucket({}, async (store, server) => {
      const keys = await fill(server, 20);
      server.refuseDelete((key) => (/0000[37]/.test(key) ? 'AccessDenied' : undefined));
      const left = await store.remove(keys);
      expect(left.map(({ key }) => key)).toEqual(['s/d/00003/manifest.json', 's/d/00007/manifest.json']);
      expect(left[0]?.why).toBeInstanceOf(StoreUnusable);
      expect(left[0]?.why.message).toContain('s3://backups/p/s/d/00003/manifest.json');
      expect(left[0]?.why.message).toContain('s3:DeleteObject');
      expect(server.keys(bucket)).toHaveLength(4);
    });
  });

  it.each(['InternalError', 'SlowDown'])('is tried again where it passes: %s', async (code) => {
    await inBucket({}, async (store, server) => {
      const keys = await fill(server, 10);
      const tried = new Map<string, number>();
      server.refuseDelete((key) => {
        const times = (tried.get(key) ?? 0) + 1;
        tried.set(key, times);
        return times < 3 && key.includes('00004') ? code : undefined;
      });
      expect(await store.remove(keys)).toEqual([]);
      expect(server.keys(bucket)).toEqual(untouched);
      // Those that went are not asked for again.
      expect([...tried.values()].filter((times) => times === 1)).toHaveLength(9);
      expect(server.calls('DeleteObjects')).toBe(3);
    });
  });

  it('is told in the end where it does not pass', async () => {
    await inBucket({}, async (store, server) => {
      const keys = await fill(server, 3);
      server.refuseDelete((key) => (key.includes('00001') ? 'SlowDown' : undefined));
      const left = await store.remove(keys);
      expect(left).toHaveLength(1);
      expect(left[0]?.why.message).toContain('throttles');
    });
  });
});

describe('a call that', () => {
  it.each([
    ['is throttled', { action: 'slowDown' }],
    ['meets an internal error', { action: 'internalError' }],
    ['is cut in the middle of its body', { action: 'reset', afterBytes: 300 }],
    ['is cut when half of the work is done', { action: 'halfway' }],
    ['is answered into the void', { action: 'lostResponse' }],
  ] as const)('%s is made again', async (_, fault) => {
    await inBucket({}, async (store, server) => {
      const keys = await fill(server, 1500);
      server.misbehave({ operation: 'DeleteObjects', ...fault });
      expect(await store.remove(keys)).toEqual([]);
      expect(server.keys(bucket)).toEqual(untouched);
      expect(server.calls('DeleteObjects')).toBe(3);
    });
  });

  it('is denied leaves every key, says so of each, and asks no more', async () => {
    await inBucket({}, async (store, server) => {
      const keys = await fill(server, 2500);
      server.misbehave({ operation: 'DeleteObjects', action: 'accessDenied', skip: 1, times: 9 });
      const left = await store.remove(keys);
      expect(left.map(({ key }) => key)).toEqual(keys.slice(1000));
      expect(left[0]?.why.message).toContain('s3:DeleteObject');
      expect(server.calls('DeleteObjects')).toBe(2);
      expect(server.calls('DeleteObject')).toBe(0);
    });
  });

  it('fails for good leaves what may be there still, and says so', async () => {
    await inBucket({}, async (store, server) => {
      const keys = await fill(server, 10);
      server.misbehave({ operation: 'DeleteObjects', action: 'halfway', times: 9 });
      const left = await store.remove(keys);
      expect(left.map(({ key }) => key)).toEqual(keys);
      expect(server.keys(bucket)).toHaveLength(7);
    });
  });

  it('finds no bucket is told', async () => {
    await withS3Server({}, async (server) => {
      client = testClient(server.url);
      const left = await prunableS3Store({ bucket, prefix: '', client }).remove(['a', 'b']);
      expect(left).toHaveLength(2);
      expect(left[0]?.why.message).toContain('bucket does not exist');
    });
  });
});

describe('an answer that passes a key over in silence', () => {
  it('does not count: it is deleted by itself', async () => {
    await inBucket({ hushes: (key) => key.includes('00002') }, async (store, server) => {
      const keys = await fill(server, 5);
      expect(await store.remove(keys)).toEqual([]);
      expect(server.keys(bucket)).toEqual(untouched);
      expect(server.calls('DeleteObject')).toBe(1);
    });
  });
});
