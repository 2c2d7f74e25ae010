import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refuseOnePlace } from '../../../../core/copy/two-places.ts';
import { openStore } from '../../../../core/store/open-store.ts';
import type { Store } from '../../../../core/store/store.ts';

const bucket = (url: string, endpoint?: string): Store =>
  openStore(url, { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });

test.each([
  ['s3://bucket/a', 's3://bucket/a', 'are the same'],
  ['s3://bucket', 's3://bucket/a', 'one within the other'],
  ['s3://bucket/a/b', 's3://bucket/a', 'one within the other'],
])('%s and %s are one place', async (one, other, words) => {
  await expect(refuseOnePlace(bucket(one), bucket(other))).rejects.toThrow(words);
  // However AWS is called.
  const regional = bucket(other, 'https://s3.us-east-1.amazonaws.com');
  await expect(refuseOnePlace(bucket(one), regional)).rejects.toThrow(words);
  const [here, there] = ['https://one.example', 'https://other.example'];
  await expect(refuseOnePlace(bucket(one, here), bucket(other, `${here}/`))).rejects.toThrow(words);
  await refuseOnePlace(bucket(one, here), bucket(other, there));
});

test('two prefixes, two buckets, and a bucket and a directory are two places', async () => {
  await refuseOnePlace(bucket('s3://bucket/a'), bucket('s3://bucket/ab'));
  await refuseOnePlace(bucket('s3://bucket/a'), bucket('s3://other/a'));
  await refuseOnePlace(bucket('s3://bucket/a'), openStore('file:///bucket/a'));
});

test('directories are compared as they lie, not as they are written', async () => {
  const root = await mkdtemp(join(tmpdir(), 'pgproof-places-'));
  try {
    await mkdir(join(root, 'a', 'b'), { recursive: true });
    await mkdir(join(root, 'ab'));
    await symlink(join(root, 'a'), join(root, 'link'));
    await symlink(join(root, 'a', 'b'), join(root, 'deep'));
    const at = (path: string): Store => openStore(`file://${root}/${path}`);
    for (const [one, other] of [
      ['a', 'a'],
      ['a', 'link'],
      ['a/b', 'link/b'],
      // Not there yet, and the same once it is.
      ['a/new/store', 'link/new/store'],
    ])
      await expect(refuseOnePlace(at(one ?? ''), at(other ?? '')), `${one} ${other}`).rejects.toThrow(
        'the same',
      );
    for (const [one, other] of [
      ['a', 'a/b'],
      ['a', 'deep'],
      ['deep', 'link'],
      ['a', 'link/new/store'],
      ['a/new', 'link/new/store'],
      ['deep/x', 'a'],
    ])
      await expect(refuseOnePlace(at(one ?? ''), at(other ?? '')), `${one} ${other}`).rejects.toThrow(
        'within',
      );
    for (const [one, other] of [
      ['a', 'ab'],
      ['a/b', 'ab'],
      ['new', 'a'],
      ['new/one', 'new/two'],
      ['deep', 'a/c'],
    ])
      await refuseOnePlace(at(one ?? ''), at(other ?? ''));
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
