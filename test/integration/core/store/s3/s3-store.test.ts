import { describe, expect, it } from 'vitest';
import { openStore } from '../../../../../core/store/open-store.ts';
import type { S3StoreSettings } from '../../../../../core/store/s3/s3-settings.ts';
import { s3Store } from '../../../../../core/store/s3/s3-store.ts';
import { ObjectMissing, type Store, StoreUnusable } from '../../../../../core/store/store.ts';
import { testClient } from '../../../../support/aws/s3-client.ts';
import { type S3Server, type S3ServerOptions, withS3Server } from '../../../../support/aws/s3-server.ts';
import { bytesOf, sourceOf } from '../../../../support/store/byte-source.ts';
import { keysOf } from '../contract.ts';

const mebibyte = 1024 * 1024;
const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

async function inBucket(
  use: (store: Store, server: S3Server) => Promise<void>,
  settings: Partial<S3StoreSettings> = {},
  options: S3ServerOptions = {},
): Promise<void> {
  await withS3Server({ buckets: ['backups'], ...options }, async (server) => {
    const client = testClient(server.url, settings);
    try {
      await use(s3Store({ bucket: 'backups', prefix: '/p/', ...settings, client }), server);
    } finally {
      client.destroy();
    }
  });
}

describe('parts', () => {
  it('grow where an object outgrows its estimate', async () => {
    await inBucket(
      async (store, server) => {
        await (await store.stage('k', sourceOf(bytesOf(60 * mebibyte)), { expectedBytes: 1000 })).commit();
        expect(server.object('backups', 'p/k')?.partBytes).toEqual(
          [8, 8, 8, 8, 16, 12].map((size) => size * mebibyte),
        );
      },
      { partLimit: 8 },
      { maxParts: 8 },
    );
  });

  it('follow the estimate and the part limit', async () => {
    await inBucket(
      async (store, server) => {
        const staged = await store.stage('k', sourceOf(bytesOf(30 * mebibyte)), {
          expectedBytes: 30 * mebibyte,
        });
        await staged.commit();
        expect(server.object('backups', 'p/k')?.partBytes).toEqual(
          [10, 10, 10].map((size) => size * mebibyte),
        );
      },
      { partLimit: 4 },
      { maxParts: 4 },
    );
  });

  it('end with a clear message where the limit does not suffice', async () => {
    await inBucket(
      async (store, server) => {
        await expect(store.stage('k', sourceOf(bytesOf(9 * mebibyte)))).rejects.toThrow('outgrew the parts');
        expect(server.uploads()).toEqual([]);
        await expect(store.prepare({ expectedBytes: 6 * 1024 ** 4 })).rejects.toThrow(
          /would not fit .*6 TiB/,
        );
      },
      { partLimit: 1 },
    );
    await inBucket(
      async (store, server) => {
        await expect(store.stage('k', sourceOf(bytesOf(25 * mebibyte)))).rejects.toThrow(/part limit/);
        expect(server.uploads()).toEqual([]);
      },
      {},
      { maxParts: 2 },
    );
  });
});

describe('objects', () => {
  it('are encrypted with the key; archives get the storage class, small objects do not', async () => {
    await inBucket(
      async (store, server) => {
        await (await store.stage('archive.dump', sourceOf(bytesOf(10)))).commit();
        await store.create('manifest.json', Buffer.from('{}'));
        await store.replace('verification.json', Buffer.from('{}'));
        const kms = { serverSideEncryption: 'aws:kms', kmsKeyId: 'arn:aws:kms:us-east-1:123456789012:key/k' };
        expect(server.object('backups', 'p/archive.dump')).toMatchObject({
          ...kms,
          storageClass: 'GLACIER_IR',
        });
        expect(server.object('backups', 'p/manifest.json')).toMatchObject({
          ...kms,
          storageClass: 'STANDARD',
        });
        expect(server.object('backups', 'p/verification.json')).toMatchObject({
          ...kms,
          storageClass: 'STANDARD',
        });
      },
      { kmsKeyArn: 'arn:aws:kms:us-east-1:123456789012:key/k', storageClass: 'GLACIER_IR' },
    );
  });

  it('are listed over many pages; what is not ours is left out', async () => {
    await inBucket(
      async (store, server) => {
        const keys = Array.from({ length: 10 }, (_, index) => `s/${index}`);
        for (const key of keys) await server.put('backups', `p/${key}`, 'x');
        await server.put('backups', 'p/.hidden', 'x');
        await server.put('backups', 'p/folder/', '');
        await server.put('backups', 'p-other/s/1', 'x');
        expect(await keysOf(store)).toEqual(keys);
        expect(server.calls('ListObjectsV2')).toBe(4);
      },
      {},
      { pageSize: 3 },
    );
  });
});

describe('prepare', () => {
  it('lets a role pass that may only write', async () => {
    await inBucket(async (store, server) => {
      server.misbehave({ operation: 'ListObjectsV2', action: 'accessDenied' });
      await store.prepare({ expectedBytes: 1 });
    });
  });

  const problems: [string, Partial<S3StoreSettings>, RegExp][] = [
    [
      'a bucket that is not there',
      { bucket: 'nowhere' },
      /bucket does not exist \(.*s3:\/\/nowhere\/p\).* Create it/,
    ],
    ['another region', { region: 'eu-west-1' }, /another region .*region us-east-1\).*AWS_REGION=us-east-1/],
    [
      'an unknown access key',
      { credentials: { accessKeyId: 'who', secretAccessKey: 's' } },
      /access key is unknown/,
    ],
    [
      'no credentials',
      {
        credentials: async () => {
          throw Object.assign(new Error('Could not load credentials'), { name: 'CredentialsProviderError' });
        },
      },
      /no AWS credentials .*AWS_ACCESS_KEY_ID/,
    ],
    ['a port where nobody listens', { endpoint: 'http://127.0.0.1:9' }, /refuses connections/],
    ['TLS where there is none', { endpoint: 'https:' }, /does not speak TLS|connection/],
  ];
  it.each(problems)('names %s', async (_, settings, said) => {
    await withS3Server({ buckets: ['backups'] }, async (server) => {
      const endpoint = settings.endpoint === 'https:' ? server.url.replace('http:', 'https:') : server.url;
      const store = s3Store({
        bucket: 'backups',
        prefix: 'p',
        region: 'us-east-1',
        credentials,
        maxAttempts: 2,
        ...settings,
        endpoint: settings.endpoint?.startsWith('http:') ? settings.endpoint : endpoint,
      });
      const failure = await store.prepare({ expectedBytes: 1 }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StoreUnusable);
      expect(String(failure)).toMatch(said);
      expect(String(failure)).not.toContain('secret');
    });
  });

  it('does not wait for ever for a server that does not answer', async () => {
    await inBucket(
      async (store, server) => {
        server.misbehave({ times: 1000, action: 'stall' });
        await expect(store.prepare({ expectedBytes: 1 })).rejects.toThrow('did not answer in time');
      },
      { idleTimeoutMs: 200, maxAttempts: 2 },
    );
  });
});

it('openStore opens a bucket by its URL', async () => {
  await withS3Server({ buckets: ['backups'] }, async (server) => {
    const store = openStore('s3://backups//a%20b/c/', { endpoint: server.url, credentials });
    await store.create('k', Buffer.from('x'));
    expect(server.keys('backups')).toEqual(['a b/c/k']);
    expect(store.url).toBe('s3://backups/a%20b/c');
  });
});

it('an object that is missing is told from one that is forbidden, though S3 says AccessDenied of both', async () => {
  await withS3Server({ buckets: ['b'] }, async (s3) => {
    const store = s3Store({ bucket: 'b', prefix: 'p', client: testClient(s3.url) });
    await store.create('there', Buffer.from('x'));
    s3.misbehave({ operation: 'GetObject', action: 'accessDenied', times: 2 });
    await expect(store.read('gone')).rejects.toThrow(ObjectMissing);
    await expect(store.read('there')).rejects.toThrow(StoreUnusable);
  });
});

describe('the tag of archives', () => {
  const stageBoth = async (store: Store): Promise<void> => {
    await (await store.stage('archive', sourceOf(bytesOf(10)))).commit();
    await (await store.stage('globals.sql', sourceOf(bytesOf(10)), { isSmall: true })).commit();
    await store.create('manifest.json', bytesOf(10));
  };

  it('is on archives alone, and their class too', async () => {
    await inBucket(
      async (store, server) => {
        await stageBoth(store);
        expect(server.object('backups', 'p/archive')).toMatchObject({
          tags: 'pgproof=archive',
          storageClass: 'STANDARD_IA',
        });
        for (const key of ['p/globals.sql', 'p/manifest.json'])
          expect(server.object('backups', key)).toMatchObject({ tags: undefined, storageClass: 'STANDARD' });
      },
      { storageClass: 'STANDARD_IA' },
    );
  });

  it.each([
    ['the service knows none', { knowsTags: false }, false],
    ['the role may not tag', {}, true],
  ] as const)('is left out where %s, which is tried once', async (_, options, isDenied) => {
    await inBucket(
      async (store, server) => {
        if (isDenied) server.judge(async ({ operation }) => operation !== 'PutObjectTagging');
        await stageBoth(store);
        await (await store.stage('other', sourceOf(bytesOf(10)))).commit();
        expect(server.object('backups', 'p/archive')?.tags).toBeUndefined();
        expect(server.calls('CreateMultipartUpload')).toBe(4);
      },
      {},
      options,
    );
  });

  it('changes nothing about what is refused for another reason', async () => {
    await inBucket(async (store, server) => {
      server.judge(async ({ operation }) => operation !== 'CreateMultipartUpload');
      await expect(store.stage('archive', sourceOf(bytesOf(10)))).rejects.toThrow(/Access.*denied/);
      expect(server.uploads()).toEqual([]);
    });
  });

  it('is refused to several at once, and all are written', async () => {
    await inBucket(
      async (store, server) => {
        const all = ['a', 'b', 'c', 'd'].map((key) => store.stage(key, sourceOf(bytesOf(10))));
        for (const staged of await Promise.all(all)) await staged.commit();
        expect(server.keys('backups')).toHaveLength(4);
      },
      {},
      { knowsTags: false },
    );
  });
});
