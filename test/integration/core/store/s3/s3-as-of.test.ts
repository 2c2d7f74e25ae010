import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../../../../core/errors.ts';
import { openAsOf } from '../../../../../core/store/open-as-of.ts';
import { prunableS3Store } from '../../../../../core/store/s3/prunable-s3-store.ts';
import { s3StoreAsOf } from '../../../../../core/store/s3/s3-as-of.ts';
import { ObjectMissing, readSmall, type Store } from '../../../../../core/store/store.ts';
import { testClient } from '../../../../support/aws/s3-client.ts';
import { type S3Server, type S3ServerOptions, withS3Server } from '../../../../support/aws/s3-server.ts';
import { bytesOf, collect, sha256, sourceOf } from '../../../../support/store/byte-source.ts';
import { keysOf } from '../contract.ts';

const bucket = 'backups';
let client: S3Client | undefined;

afterEach(() => client?.destroy());

const at = (time: string): Date => new Date(`2026-03-01T${time}Z`);

type Versioned = {
  readonly server: S3Server;
  readonly store: ReturnType<typeof prunableS3Store>;
  readonly asOf: (time: string) => Store;
  /** What the server's clock says from now on. */
  readonly clock: (time: string) => void;
};

async function inBucket(
  use: (versioned: Versioned) => Promise<void>,
  options: S3ServerOptions & { readonly versioning?: 'Enabled' | 'Suspended' | undefined } = {},
): Promise<void> {
  const { versioning = 'versioning' in options ? undefined : 'Enabled', ...server } = options;
  await withS3Server(server, async (s3) => {
    s3.createBucket(bucket, { versioning });
    client = testClient(s3.url);
    const settings = { bucket, prefix: 'p', client };
    await use({
      server: s3,
      store: prunableS3Store(settings),
      asOf: (time) => s3StoreAsOf(settings, at(time)),
      clock: (time) => s3.setClock(() => at(time)),
    });
  });
}

const text = async (store: Store, key: string): Promise<string> => (await readSmall(store, key)).toString();

describe('a bucket as it was', () => {
  it('shows what lay there then: written, replaced, deleted, written again', async () => {
    await inBucket(async ({ store, asOf, clock }) => {
      clock('01:00:00');
      await store.create('s/d/t/manifest.json', Buffer.from('one'));
      clock('02:00:00');
      await store.replace('s/d/t/manifest.json', Buffer.from('two'));
      await store.create('s/d/t/other', Buffer.from('other'));
      clock('03:00:00');
      await store.remove(['s/d/t/manifest.json', 's/d/t/other']);
      clock('04:00:00');
      await store.create('s/d/t/manifest.json', Buffer.from('three'));
      const shown = async (time: string): Promise<string[]> => {
        const past = asOf(time);
        const keys = await keysOf(past);
        return await Promise.all(keys.map(async (key) => `${key.slice(6)} ${await text(past, key)}`));
      };
      expect(await shown('00:59:59')).toEqual([]);
      expect(await shown('01:00:00')).toEqual(['manifest.json one']);
      expect(await shown('01:59:59')).toEqual(['manifest.json one']);
      expect(await shown('02:30:00')).toEqual(['manifest.json two', 'other other']);
      expect(await shown('03:00:00')).toEqual([]);
      expect(await shown('03:59:59')).toEqual([]);
      expect(await shown('23:00:00')).toEqual(['manifest.json three']);
    });
  });

  it('reads without listing first, also what is missing', async () => {
    await inBucket(async ({ server, store, asOf, clock }) => {
      clock('01:00:00');
      await store.create('s/d/t/manifest.json', Buffer.from('one'));
      const content = bytesOf(9 * 1024 * 1024);
      await (await store.stage('s/d/t/archive.dump', sourceOf(content))).commit();
      clock('02:00:00');
      await store.remove(['s/d/t/manifest.json', 's/d/t/archive.dump']);
      const past = asOf('01:30:00');
      expect(await text(past, 's/d/t/manifest.json')).toBe('one');
      expect(sha256(await collect(await past.read('s/d/t/archive.dump')))).toBe(sha256(content));
      expect(await past.readVersion('s/d/t/verification.json')).toBeUndefined();
      expect((await past.readVersion('s/d/t/manifest.json'))?.content.toString()).toBe('one');
      await expect(past.read('s/d/t/globals.sql')).rejects.toThrow(ObjectMissing);
      await expect(past.read('s/d/t/globals.sql')).rejects.toThrow('2026-03-01T01:30:00');
      await expect(past.read('s/d/u/manifest.json')).rejects.toThrow(ObjectMissing);
      await expect(past.read('../x')).rejects.toThrow(UsageError);
      // One for the directory, and one more for what is not in it each.
      expect(server.calls('ListObjectVersions')).toBeLessThanOrEqual(5);
      expect(server.calls('GetBucketVersioning')).toBe(1);
    });
  });

  it('of a write and a delete in one second shows what came last, where S3 tells', async () => {
    await inBucket(async ({ store, asOf, clock }) => {
      clock('01:00:00.100');
      await store.create('written-then-deleted', Buffer.from('x'));
      await store.create('deleted-then-written', Buffer.from('x'));
      clock('01:00:00.500');
      await store.remove(['written-then-deleted', 'deleted-then-written']);
      clock('01:00:00.900');
      await store.create('deleted-then-written', Buffer.from('again'));
      expect(await keysOf(asOf('02:00:00'))).toEqual(['deleted-then-written']);
      expect(await text(asOf('02:00:00'), 'deleted-then-written')).toBe('again');
    });
  });

  it('writes nothing, whatever is asked', async () => {
    await inBucket(async ({ server, store, asOf }) => {
      await store.create('a/b', Buffer.from('x'));
      const past = asOf('23:00:00');
      const content = Buffer.from('y');
      for (const write of [
        past.prepare({ expectedBytes: 1 }),
        past.create('a/c', content),
        past.replace('a/b', content),
        past.replaceIf('a/b', content, 'x'),
        past.stage('a/c', sourceOf(content)),
      ])
        await expect(write).rejects.toThrow(/cannot be written to.*as of 2026-03-01T23:00:00/);
      expect(server.calls('PutObject')).toBe(1);
      expect(server.keys(bucket)).toEqual(['p/a/b']);
    });
  });

  it.each([3, 1000])('streams keys with many versions in order, %d to a page', async (pageSize) => {
    await inBucket(
      async ({ server, store, asOf, clock }) => {
        const expected: string[] = [];
        for (const [index, name] of ['a', 'a b', 'a/x', 'a-b', 'ä', 'b~', 'b/y/z'].entries()) {
          for (const [version, time] of ['01:00:00', '02:00:00', '03:00:00', '04:00:00'].entries()) {
            clock(time);
            if ((version + index) % 4 === 1) await store.remove([`k/${name}`]);
            else await store.replace(`k/${name}`, Buffer.from(`${name} ${version}`));
          }
          if ((1 + index) % 4 !== 1) expected.push(`k/${name}`);
        }
        await server.put(bucket, 'p/kk', 'not below the prefix');
        const past = asOf('02:30:00');
        const keys = await keysOf(past, 'k/');
        expect(keys).toEqual(
          expected.sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))),
        );
        for (const key of keys) expect(await text(past, key)).toBe(`${key.slice(2)} 1`);
        for (const key of keys) expect(await text(asOf('02:30:00'), key)).toBe(`${key.slice(2)} 1`);
      },
      { pageSize },
    );
  });

  it('lists folders, and skips what is of no interest in few requests', async () => {
    await inBucket(
      async ({ server, store, asOf, clock }) => {
        clock('01:00:00');
        for (const backup of ['s/d/t1', 's/d/t2', 's-x/d/t1']) {
          for (let index = 0; index < 40; index += 1)
            await server.put(bucket, `p/${backup}/archive/${1000 + index}.dat`, 'x');
          await store.create(`${backup}/manifest.json`, Buffer.from('x'));
        }
        clock('02:00:00');
        await store.remove(['s-x/d/t1/manifest.json']);
        const past = asOf('03:00:00');
        const folders = async (prefix: string): Promise<string[]> => {
          const names: string[] = [];
          for await (const name of past.folders(prefix)) names.push(name);
          return names;
        };
        expect(await folders('')).toEqual(['s-x', 's']);
        expect(await folders('s/d/')).toEqual(['t1', 't2']);
        const before = server.calls('ListObjectVersions');
        const keys: string[] = [];
        for await (const { key } of past.list('', { skips: (folder) => folder.endsWith('/archive/') }))
          keys.push(key);
        expect(keys).toEqual(['s/d/t1/manifest.json', 's/d/t2/manifest.json']);
        expect(server.calls('ListObjectVersions') - before).toBeLessThan(8);
      },
      { pageSize: 10 },
    );
  });

  it('of ten thousand keys takes a request a thousand, and none more to read what was listed', {
    timeout: 60_000,
  }, async () => {
    await inBucket(async ({ server, asOf, clock }) => {
      clock('01:00:00');
      for (let index = 0; index < 10_000; index += 1)
        await server.put(bucket, `p/s/d/${String(index).padStart(5, '0')}/manifest.json`, 'x');
      clock('02:00:00');
      for (let index = 0; index < 10_000; index += 2)
        server.remove(bucket, `p/s/d/${String(index).padStart(5, '0')}/manifest.json`);
      const past = asOf('01:30:00');
      let count = 0;
      for await (const { key } of past.list('')) {
        if (count % 1000 === 0) expect(await text(past, key)).toBe('x');
        count += 1;
      }
      expect(count).toBe(10_000);
      expect(server.calls('ListObjectVersions')).toBe(15);
      expect(server.calls('GetObject')).toBe(10);
    });
  });
});

describe('a bucket that cannot tell', () => {
  it('never had versioning', async () => {
    await inBucket(
      async ({ store, asOf }) => {
        await store.create('a/b', Buffer.from('x'));
        await expect(keysOf(asOf('01:00:00'))).rejects.toThrow(UsageError);
        await expect(asOf('01:00:00').read('a/b')).rejects.toThrow(/no versioning.*--as-of/);
      },
      { versioning: undefined },
    );
  });

  it('never had versioning, and may not be asked', async () => {
    await inBucket(
      async ({ server, store, asOf }) => {
        await store.create('a/b', Buffer.from('x'));
        server.misbehave({ operation: 'GetBucketVersioning', action: 'accessDenied' });
        await expect(keysOf(asOf('01:00:00'))).rejects.toThrow(/no versioning/);
      },
      { versioning: undefined },
    );
  });

  it('has versioning, and may not be asked: it is read', async () => {
    await inBucket(async ({ server, store, asOf, clock }) => {
      clock('01:00:00');
      await store.create('a/b', Buffer.from('x'));
      server.misbehave({ operation: 'GetBucketVersioning', action: 'accessDenied' });
      expect(await keysOf(asOf('01:30:00'))).toEqual(['a/b']);
    });
  });

  it.each([
    ['ListObjectVersions', 's3:ListBucketVersions'],
    ['GetObject', 's3:GetObjectVersion'],
  ] as const)('does not let us call %s: the right is named', async (operation, right) => {
    await inBucket(async ({ server, store, asOf, clock }) => {
      clock('01:00:00');
      await store.create('a/b', Buffer.from('x'));
      clock('02:00:00');
      await store.remove(['a/b']);
      server.misbehave({ operation, action: 'accessDenied' });
      await expect(asOf('01:30:00').read('a/b')).rejects.toThrow(right);
    });
  });

  it('is a directory', () => {
    expect(() => openAsOf('file:///backups', new Date())).toThrow(/--as-of an S3 bucket with versioning/);
    expect(() => openAsOf('file:///backups', new Date())).toThrow(UsageError);
  });
});
