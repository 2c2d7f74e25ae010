import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import type { PrunableStore } from '../../../../../core/store/prunable.ts';
import { prunableS3Store } from '../../../../../core/store/s3/prunable-s3-store.ts';
import { ObjectMissing, StoreUnusable } from '../../../../../core/store/store.ts';
import { testClient } from '../../../../support/aws/s3-client.ts';
import { type S3Server, withS3Server } from '../../../../support/aws/s3-server.ts';
import { bytesOf, sourceOf } from '../../../../support/store/byte-source.ts';

const bucket = 'locked';
const day = 86_400_000;
let client: S3Client | undefined;

afterEach(() => client?.destroy());

type Settings = Parameters<typeof testClient>[1];

async function inBucket(
  use: (store: PrunableStore, server: S3Server) => Promise<void>,
  { objectLock = true, ...settings }: Settings & { readonly objectLock?: boolean } = {},
): Promise<void> {
  await withS3Server({}, async (server) => {
    server.createBucket(bucket, { objectLock });
    client = testClient(server.url, settings);
    await use(prunableS3Store({ bucket, prefix: 'p', client }), server);
  });
}

const inDays = (days: number): Date => new Date(Math.ceil(Date.now() / 1000) * 1000 + days * day);
const governance = (days: number) => ({ mode: 'governance', until: inDays(days) }) as const;

describe('what is written with a lock', () => {
  it.each(['WHEN_SUPPORTED', 'WHEN_REQUIRED'] as const)('has it, with checksums %s', async (checksums) => {
    await inBucket(
      async (store, server) => {
        const lock = { mode: 'compliance', until: new Date(inDays(30).getTime() - 1) } as const;
        const staged = await store.stage('a/archive.dump', sourceOf(bytesOf(9 * 1024 * 1024)), { lock });
        await staged.commit();
        await store.create('a/manifest.json', Buffer.from('{}'), { lock });
        await store.create('a/summary.json', Buffer.from('{}'));
        for (const key of ['a/archive.dump', 'a/manifest.json'])
          expect(await store.lockOf(key)).toEqual({
            kind: 'known',
            // To the next whole second.
            lock: { mode: 'compliance', until: new Date(lock.until.getTime() + 1) },
            legalHold: false,
          });
        expect(await store.lockOf('a/summary.json')).toEqual({
          kind: 'known',
          lock: undefined,
          legalHold: false,
        });
        // A plain delete is let through: it hides, and frees nothing.
        expect(await store.remove(['a/manifest.json'])).toEqual([]);
        expect(server.history(bucket, 'p/a/manifest.json').map(({ isMarker }) => isMarker)).toEqual([
          true,
          false,
        ]);
      },
      { requestChecksumCalculation: checksums },
    );
  });

  it('is refused by a bucket without Object Lock, in words', async () => {
    await inBucket(
      async (store, server) => {
        const lock = governance(30);
        const said = /refused to lock.*InvalidRequest.*made with Object Lock/;
        await expect(store.create('a/b', Buffer.from('x'), { lock })).rejects.toThrow(said);
        await expect(store.stage('a/c', sourceOf(bytesOf(10)), { lock })).rejects.toThrow(said);
        expect(server.keys(bucket)).toEqual([]);
        expect(server.uploads()).toEqual([]);
      },
      { objectLock: false },
    );
  });

  it('names the right that is missing', async () => {
    await inBucket(async (store, server) => {
      server.misbehave({ operation: 'PutObject', action: 'accessDenied' });
      const put = store.create('a/b', Buffer.from('x'), { lock: governance(30) });
      await expect(put).rejects.toThrow('s3:PutObjectRetention');
    });
  });
});

describe('a lock', () => {
  it.each(['WHEN_SUPPORTED', 'WHEN_REQUIRED'] as const)(
    'is lengthened and never shortened, %s',
    async (checksums) => {
      await inBucket(
        async (store, server) => {
          await store.create('a/b', Buffer.from('x'));
          const lockNow = async () => server.history(bucket, 'p/a/b')[0]?.lock;
          const [first, second] = [governance(10), governance(20)];
          expect(await store.extendLock('a/b', first)).toEqual({ kind: 'done', changed: true });
          expect(await store.extendLock('a/b', first)).toEqual({ kind: 'done', changed: false });
          expect(await store.extendLock('a/b', second)).toEqual({ kind: 'done', changed: true });
          expect(await store.extendLock('a/b', first)).toEqual({ kind: 'done', changed: false });
          expect(await lockNow()).toEqual({ mode: 'GOVERNANCE', until: second.until });
          // The mode of one that is there stays.
          const third = { mode: 'compliance', until: inDays(30) } as const;
          expect(await store.extendLock('a/b', third)).toEqual({ kind: 'done', changed: true });
          expect(await lockNow()).toEqual({ mode: 'GOVERNANCE', until: third.until });
        },
        { requestChecksumCalculation: checksums },
      );
    },
  );

  it('that may not be seen is not shortened either: S3 refuses', async () => {
    await inBucket(async (store, server) => {
      const lock = governance(20);
      await store.create('a/b', Buffer.from('x'), { lock });
      server.misbehave({ operation: 'GetObjectRetention', action: 'accessDenied', times: 2 });
      const changed = await store.extendLock('a/b', governance(10));
      expect(changed).toMatchObject({ kind: 'refused' });
      expect(server.history(bucket, 'p/a/b')[0]?.lock?.until).toEqual(lock.until);
      const state = await store.lockOf('a/b');
      if (state.kind !== 'refused') throw new Error(state.kind);
      expect(state.why).toBeInstanceOf(StoreUnusable);
      expect(state.why.message).toContain('s3:GetObjectRetention');
    });
  });

  it('of an object that is not there is missing', async () => {
    await inBucket(async (store) => {
      await expect(store.lockOf('a/b')).rejects.toThrow(ObjectMissing);
      await expect(store.extendLock('a/b', governance(1))).rejects.toThrow(ObjectMissing);
      await expect(store.setLegalHold('a/b', true)).rejects.toThrow(ObjectMissing);
    });
  });

  it('of a bucket without Object Lock is unsupported, as data', async () => {
    await inBucket(
      async (store) => {
        await store.create('a/b', Buffer.from('x'));
        const unsupported = { kind: 'unsupported', by: 'bucket' };
        expect(await store.lockOf('a/b')).toEqual(unsupported);
        expect(await store.extendLock('a/b', governance(1))).toEqual(unsupported);
        expect(await store.setLegalHold('a/b', true)).toEqual(unsupported);
      },
      { objectLock: false },
    );
  });
});

it('a legal hold is set and lifted, beside a lock and without', async () => {
  await inBucket(async (store, server) => {
    const lock = governance(5);
    await store.create('a/b', Buffer.from('x'), { lock });
    await store.create('a/c', Buffer.from('x'));
    for (const key of ['a/b', 'a/c']) {
      expect(await store.setLegalHold(key, false)).toEqual({ kind: 'done', changed: false });
      expect(await store.setLegalHold(key, true)).toEqual({ kind: 'done', changed: true });
      expect(await store.setLegalHold(key, true)).toEqual({ kind: 'done', changed: false });
    }
    expect(await store.lockOf('a/b')).toEqual({ kind: 'known', lock, legalHold: true });
    expect(await store.lockOf('a/c')).toEqual({ kind: 'known', lock: undefined, legalHold: true });
    expect(await store.setLegalHold('a/c', false)).toEqual({ kind: 'done', changed: true });
    expect(server.history(bucket, 'p/a/c')[0]?.legalHold).toBe(false);
    server.misbehave({ operation: 'PutObjectLegalHold', action: 'accessDenied' });
    expect(await store.setLegalHold('a/c', true)).toMatchObject({ kind: 'refused' });
  });
});
