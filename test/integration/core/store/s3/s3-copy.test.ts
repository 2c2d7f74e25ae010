import { describe, expect, it } from 'vitest';
import { fileStore } from '../../../../../core/store/file/file-store.ts';
import { ObjectFrozen } from '../../../../../core/store/frozen.ts';
import { prunableS3Store } from '../../../../../core/store/s3/prunable-s3-store.ts';
import type { S3StoreSettings } from '../../../../../core/store/s3/s3-settings.ts';
import { s3Store } from '../../../../../core/store/s3/s3-store.ts';
import {
  ObjectExists,
  ObjectMissing,
  type StagedObject,
  type Store,
  StoreUnusable,
} from '../../../../../core/store/store.ts';
import type { Fault } from '../../../../support/aws/faults.ts';
import { testClient } from '../../../../support/aws/s3-client.ts';
import { type S3Server, type S3ServerOptions, withS3Server } from '../../../../support/aws/s3-server.ts';
import { bytesOf, sha256 } from '../../../../support/store/byte-source.ts';

const mebibyte = 1024 * 1024;

type Pair = {
  readonly server: S3Server;
  readonly source: Store;
  readonly target: Store;
  /** Puts it below the source's prefix, and copies it to the key `k`. */
  copy(content: Uint8Array, key?: string, signal?: AbortSignal): Promise<StagedObject | undefined>;
};

/** Two buckets of one service. */
async function inPair(
  use: (pair: Pair) => Promise<void>,
  settings: Partial<S3StoreSettings> = {},
  options: S3ServerOptions = {},
): Promise<void> {
  await withS3Server({ buckets: ['from', 'to'], ...options }, async (server) => {
    const client = testClient(server.url, { idleTimeoutMs: 400, ...settings });
    const other = testClient(server.url);
    const source = prunableS3Store({ bucket: 'from', prefix: 'p', client: other });
    const target = s3Store({ bucket: 'to', prefix: 'q', ...settings, client });
    try {
      await use({
        server,
        source,
        target,
        async copy(content, key = 'archive.dump', signal) {
          await server.put('from', `p/${key}`, content);
          const from = { store: source, key, bytes: content.length };
          return await target.stageFrom?.('k', from, signal === undefined ? {} : { signal });
        },
      });
    } finally {
      client.destroy();
      other.destroy();
    }
  });
}

/** No byte came here, and nothing lies about. */
async function expectCopied({ server }: Pair, content: Uint8Array): Promise<void> {
  const stored = await server.object('to', 'q/k')?.content();
  expect(stored && sha256(stored)).toBe(sha256(content));
  expect(server.calls('GetObject')).toBe(0);
  expect(server.uploads()).toEqual([]);
}

function expectNothing({ server }: Pair): void {
  expect(server.keys('to')).toEqual([]);
  expect(server.uploads()).toEqual([]);
}

describe('bytes stay within S3', () => {
  it.each([
    ['of one part', mebibyte],
    ['of no bytes', 0],
    ['of more than one part', 300 * mebibyte],
  ])('in an object %s, seen only after the commit', async (_, bytes) => {
    await inPair(
      async (pair) => {
        const content = bytes > 100 * mebibyte ? Buffer.alloc(bytes, 'a row of a table\n') : bytesOf(bytes);
        const staged = await pair.copy(content);
        expect(staged).toMatchObject({ key: 'k', bytes });
        expect(pair.server.keys('to')).toEqual([]);
        await staged?.commit();
        await expectCopied(pair, content);
      },
      { idleTimeoutMs: 60_000 },
    );
  });

  it.each(['a b+c%2Fd&e=f?g#h', "Ünï/'code'*(1)!", 'x:y,z;~$@', 'emoji 🐘/"q"<>\\^`{|}'])(
    'under the key %s',
    async (key) => {
      await inPair(async (pair) => {
        await (await pair.copy(bytesOf(1000), key))?.commit();
        await expectCopied(pair, bytesOf(1000));
      });
    },
  );

  it('with class, key and lock as all that is staged', async () => {
    await inPair(async ({ server, source, target }) => {
      server.createBucket('locked', { objectLock: true });
      const client = testClient(server.url);
      const locked = s3Store({
        bucket: 'locked',
        prefix: '',
        client,
        storageClass: 'GLACIER_IR',
        kmsKeyArn: 'arn:aws:kms:us-east-1:1:key/k',
      });
      await server.put('from', 'p/a', 'content');
      const until = new Date(Date.now() + 86_400_000);
      const from = { store: source, key: 'a', bytes: 7 };
      const lock = { mode: 'compliance', until } as const;
      await (await locked.stageFrom?.('k', from, { lock }))?.commit();
      expect(server.object('locked', 'k')).toMatchObject({
        storageClass: 'GLACIER_IR',
        kmsKeyId: 'arn:aws:kms:us-east-1:1:key/k',
        lock: { mode: 'COMPLIANCE' },
      });
      client.destroy();
      expect(target.url).toBe('s3://to/q');
    }, {});
  });

  it('where checksums are left out', async () => {
    await inPair(
      async (pair) => {
        await (await pair.copy(bytesOf(1000)))?.commit();
        await expectCopied(pair, bytesOf(1000));
      },
      { requestChecksumCalculation: 'WHEN_REQUIRED' },
    );
  });

  it('and never over what lies there', async () => {
    await inPair(async ({ server, copy }) => {
      await server.put('to', 'q/k', 'before');
      const staged = await copy(bytesOf(1000));
      await expect(staged?.commit()).rejects.toThrow(ObjectExists);
      await staged?.abort();
      expect(String(await server.object('to', 'q/k')?.content())).toBe('before');
      expect(server.uploads()).toEqual([]);
    });
  });
});

describe('a copy within S3 outlives', () => {
  it.each<[string, Fault]>([
    ['throttling', { operation: 'UploadPartCopy', times: 3, action: 'slowDown' }],
    ['an error inside of an answer with status 200', { operation: 'UploadPartCopy', action: 'errorInside' }],
    ['a reset', { operation: 'UploadPartCopy', action: 'reset' }],
    ['a stall', { operation: 'UploadPartCopy', action: 'stall' }],
    ['an answer lost after a part', { operation: 'UploadPartCopy', action: 'lostResponse' }],
    ['an answer lost after the commit', { operation: 'CompleteMultipartUpload', action: 'lostResponse' }],
    ['an error inside of the commit', { operation: 'CompleteMultipartUpload', action: 'errorInside' }],
    ['trouble before it begins', { operation: 'HeadObject', action: 'internalError' }],
  ])('%s', async (_, fault) => {
    await inPair(async (pair) => {
      pair.server.misbehave(fault);
      await (await pair.copy(bytesOf(1000)))?.commit();
      await expectCopied(pair, bytesOf(1000));
    });
  });
});

describe('what fails leaves nothing', () => {
  it('an error inside that stays', async () => {
    await inPair(
      async (pair) => {
        pair.server.misbehave({ operation: 'UploadPartCopy', times: 9, action: 'errorInside' });
        await expect(pair.copy(bytesOf(1000))).rejects.toThrow(/internal error/);
        expectNothing(pair);
      },
      { maxAttempts: 2 },
    );
  });

  it('an object that is not there', async () => {
    await inPair(async (pair) => {
      const from = { store: pair.source, key: 'missing', bytes: 1 };
      await expect(pair.target.stageFrom?.('k', from)).rejects.toThrow(ObjectMissing);
      expectNothing(pair);
    });
  });

  it('an object that is replaced half-way', async () => {
    await inPair(async (pair) => {
      pair.server.judge(async ({ operation, key }) => {
        if (operation === 'UploadPartCopy') await pair.server.put('from', 'p/archive.dump', 'other');
        return key !== '';
      });
      const failure = await pair.copy(bytesOf(1000)).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(StoreUnusable);
      expect(String(failure)).toMatch(/replaced while it was copied \(s3:\/\/from\/p\/archive.dump\)/);
      expectNothing(pair);
    });
  });

  it('an object that has to be thawed first, which streaming would not read either', async () => {
    await inPair(async (pair) => {
      await pair.server.put('from', 'p/a', 'content');
      pair.server.freeze('from', 'p/a', 'DEEP_ARCHIVE');
      const from = { store: pair.source, key: 'a', bytes: 7 };
      const failure = await pair.target.stageFrom?.('k', from).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(ObjectFrozen);
      expect(String(failure)).toMatch(/s3:\/\/from\/p\/a.*DEEP_ARCHIVE.*up to 12 hours/);
      expectNothing(pair);
    });
  });

  it('an abort, with the reason that was given', async () => {
    await inPair(async (pair) => {
      const stop = new AbortController();
      pair.server.judge(async ({ operation }) => {
        if (operation === 'UploadPartCopy') stop.abort(new Error('enough'));
        return true;
      });
      await expect(pair.copy(bytesOf(1000), 'a', stop.signal)).rejects.toThrow('enough');
      expectNothing(pair);
    });
  });
});

describe('is left to streaming', () => {
  it('where the target may not read the source, which is asked once', async () => {
    await inPair(async (pair) => {
      pair.server.judge(async ({ operation, bucket }) => operation !== 'GetObject' || bucket !== 'from');
      expect(await pair.copy(bytesOf(1000))).toBeUndefined();
      expect(await pair.copy(bytesOf(1000), 'b')).toBeUndefined();
      expect(pair.server.calls('UploadPartCopy')).toBe(1);
      expectNothing(pair);
    });
  });

  it('where the service cannot', async () => {
    await inPair(
      async (pair) => {
        expect(await pair.copy(bytesOf(1000))).toBeUndefined();
        expectNothing(pair);
      },
      {},
      { knowsUploadPartCopy: false },
    );
  });

  it('where the object measures something else than was said', async () => {
    await inPair(async (pair) => {
      await pair.server.put('from', 'p/a', 'content');
      const from = { store: pair.source, key: 'a', bytes: 6 };
      expect(await pair.target.stageFrom?.('k', from)).toBeUndefined();
      expectNothing(pair);
    });
  });

  it('between two services, one of which has a bucket of the same name, and from a directory', async () => {
    await inPair(async ({ server, target }) => {
      await withS3Server({ buckets: ['from'] }, async (elsewhere) => {
        const client = testClient(elsewhere.url);
        await elsewhere.put('from', 'p/a', 'content');
        await server.put('from', 'p/a', 'another');
        const store = s3Store({ bucket: 'from', prefix: 'p', client });
        expect(await target.stageFrom?.('k', { store, key: 'a', bytes: 7 })).toBeUndefined();
        client.destroy();
      });
      const directory = fileStore({ directory: '/nonexistent' });
      expect(await target.stageFrom?.('k', { store: directory, key: 'a', bytes: 7 })).toBeUndefined();
      expect(server.calls('CreateMultipartUpload')).toBe(0);
    });
  });
});
