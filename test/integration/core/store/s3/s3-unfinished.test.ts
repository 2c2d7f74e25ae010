import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, expect, it } from 'vitest';
import type { PrunableStore } from '../../../../../core/store/prunable.ts';
import { prunableS3Store } from '../../../../../core/store/s3/prunable-s3-store.ts';
import { testClient } from '../../../../support/aws/s3-client.ts';
import { type S3Server, type S3ServerOptions, withS3Server } from '../../../../support/aws/s3-server.ts';
import { bytesOf, sourceOf } from '../../../../support/store/byte-source.ts';

const bucket = 'backups';
const mebibyte = 1024 * 1024;
let client: S3Client | undefined;

afterEach(() => client?.destroy());

async function inBucket(
  options: S3ServerOptions,
  use: (store: PrunableStore, server: S3Server) => Promise<void>,
): Promise<void> {
  await withS3Server({ buckets: [bucket], ...options }, async (server) => {
    client = testClient(server.url);
    await use(prunableS3Store({ bucket, prefix: 'p', client }), server);
  });
}

it('uploads are listed page by page, below the prefix alone, with the time of their newest part', async () => {
  await inBucket({ pageSize: 2 }, async (store, server) => {
    server.setClock(() => new Date('2026-03-01T00:00:00Z'));
    // Several of one key too, as two runs leave them.
    for (const key of ['s/d/t1/a b&c', 's/d/t1/a b&c', 's/d/t2/archive', 's/d/t3/archive', 's/dx/t/archive'])
      await store.stage(key, sourceOf(bytesOf(10)));
    const other = prunableS3Store({ bucket, prefix: 'q', client });
    await other.stage('s/d/t1/archive', sourceOf(bytesOf(10)));
    server.setClock(() => new Date('2026-03-02T00:00:00Z'));
    // Of five parts: more than one page of them.
    await store.stage('s/d/t4/archive', sourceOf(bytesOf(33 * mebibyte)));
    const { found, incomplete } = await store.listUnfinished('s/d/');
    expect(incomplete).toBeUndefined();
    expect(found.map(({ key, bytes, writtenAt }) => [key, bytes, writtenAt?.toISOString()])).toEqual([
      ['s/d/t1/a b&c', 10, '2026-03-01T00:00:00.000Z'],
      ['s/d/t1/a b&c', 10, '2026-03-01T00:00:00.000Z'],
      ['s/d/t2/archive', 10, '2026-03-01T00:00:00.000Z'],
      ['s/d/t3/archive', 10, '2026-03-01T00:00:00.000Z'],
      ['s/d/t4/archive', 33 * mebibyte, '2026-03-02T00:00:00.000Z'],
    ]);
    expect(new Set(found.map(({ id }) => id)).size).toBe(5);
    for (const one of found) await store.removeUnfinished(one);
    // Another run may have done so.
    for (const one of found) await store.removeUnfinished(one);
    expect(
      server
        .uploads()
        .map(({ key }) => key)
        .sort(),
    ).toEqual(['p/s/dx/t/archive', 'q/s/d/t1/archive']);
  });
});

it('an upload that has no part yet was begun, at least', async () => {
  await inBucket({}, async (store, server) => {
    const stalled = new AbortController();
    server.misbehave({ operation: 'UploadPart', action: 'stall' });
    const staging = store.stage('a/b', sourceOf(bytesOf(10)), { signal: stalled.signal });
    await expect.poll(() => server.calls('UploadPart')).toBe(1);
    const { found } = await store.listUnfinished('');
    expect(found).toMatchObject([{ key: 'a/b', bytes: 0 }]);
    expect(Math.abs(Date.now() - (found[0]?.writtenAt?.getTime() ?? 0))).toBeLessThan(60_000);
    stalled.abort(new Error('enough'));
    await expect(staging).rejects.toThrow('enough');
  });
});

it.each([
  ['the right to list uploads is missing', 'ListMultipartUploads', 0],
  ['the right to list parts is missing', 'ListParts', 1],
] as const)('that %s is told, not thrown', async (_, operation, count) => {
  await inBucket({}, async (store, server) => {
    await store.stage('a/b', sourceOf(bytesOf(10)));
    server.misbehave({ operation, action: 'accessDenied' });
    const { found, incomplete } = await store.listUnfinished('');
    expect(found).toHaveLength(count);
    // Of what may not be looked at nobody knows how old it is.
    for (const one of found) expect(one).toMatchObject({ writtenAt: undefined, bytes: undefined });
    expect(incomplete?.message).toContain('s3:ListBucketMultipartUploads');
  });
});

it('of a service that has no such list, it is told', async () => {
  await inBucket({ knowsUploadLists: false }, async (store) => {
    const { found, incomplete } = await store.listUnfinished('');
    expect(found).toEqual([]);
    expect(incomplete?.message).toContain('NotImplemented');
  });
});

it('a bucket that is not there is thrown', async () => {
  await withS3Server({}, async (server) => {
    client = testClient(server.url);
    await expect(prunableS3Store({ bucket, prefix: '', client }).listUnfinished('')).rejects.toThrow(
      'bucket does not exist',
    );
  });
});
