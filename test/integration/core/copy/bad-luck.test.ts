import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { copyBackup } from '../../../../core/copy/copy-backup.ts';
import { CopyConflict, CopyDamaged, NotCopied, SourceDamaged } from '../../../../core/copy/copy-errors.ts';
import { parseId } from '../../../../core/manifest/backup-id.ts';
import { Stalled } from '../../../../core/process/watchdog.ts';
import { openPrunable } from '../../../../core/store/open-prunable.ts';
import type { PrunableStore } from '../../../../core/store/prunable.ts';
import { StoreUnusable } from '../../../../core/store/store.ts';
import { type S3Server, withS3Server } from '../../../support/aws/s3-server.ts';
import { writePast } from '../../../support/backup/history.ts';
import { contentsOf, copyAll, copyOne, withTwoPlaces } from '../../../support/copy/places.ts';
import { CutOff, cutOff } from '../../../support/store/cut-off.ts';
import { stallingStore } from '../../../support/store/faulty-store.ts';
import { losingStore } from '../../../support/store/unsound-store.ts';

const startedAt = new Date('2026-11-20T02:00:00Z');
const large = 9 * 1024 * 1024;
const directories = ['directory', 'directory'] as const;
const buckets = ['s3', 's3'] as const;
/** Within one service. */
const inBuckets = (
  use: (from: PrunableStore, to: PrunableStore, server: S3Server) => Promise<void>,
): Promise<void> =>
  withS3Server({ buckets: ['first', 'second'] }, (server) => {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const at = (url: string): PrunableStore =>
      openPrunable(url, { endpoint: server.url, region: 'us-east-1', credentials, maxAttempts: 2 });
    return use(at('s3://first/p'), at('s3://second/p'), server);
  });

test('cut off after each step, it is no backup, and the next time goes on to the same end', () =>
  withTwoPlaces(directories, async (from, to) => {
    const id = await writePast(from.store, { startedAt, files: 3, archiveBytes: 200_000 });
    await writePast(from.store, { startedAt: new Date('2026-11-21T02:00:00Z'), archiveBytes: large });
    await copyOne(from.store, to.store, 'prod/app/2026-11-21T02-00-00Z');
    const other = await contentsOf(to);
    let steps = 0;
    for (; ; steps += 1) {
      const { store, isCut } = cutOff(to.store, steps);
      const outcome = await copyOne(from.store, store, id).catch((error: unknown) => error);
      if (!isCut()) break;
      expect(outcome).toBeInstanceOf(CutOff);
      // Every second time it is begun anew, else it goes on with what lies there.
      if (steps % 2 === 0) continue;
      const begun = (await to.keys()).filter((key) => key.startsWith(id));
      expect(begun).not.toContain(`${id}/manifest.json`);
      await to.store.remove(begun);
    }
    expect(steps).toBeGreaterThan(3);
    expect(await contentsOf(to)).toEqual(await contentsOf(from));
    for (const [key, content] of other) expect((await contentsOf(to)).get(key)).toBe(content);
  }));

test.each([
  ['archive.dump', large],
  ['archive.dump', undefined],
  ['manifest.json', undefined],
  ['verification.json', undefined],
  ['globals.sql', undefined],
] as const)('a store that loses a byte of %s (%s) is caught, and has no backup', (name, archiveBytes) =>
  withTwoPlaces(buckets, async (from, to) => {
    const id = await writePast(from.store, { startedAt, ...(archiveBytes && { archiveBytes }) });
    await expect(copyOne(from.store, losingStore(to.store, name), id)).rejects.toBeInstanceOf(CopyDamaged);
    if (!name.endsWith('.json')) {
      const keys = await to.keys();
      expect(keys).not.toContain(`${id}/${name}`);
      expect(keys).not.toContain(`${id}/manifest.json`);
      // Another day it keeps what it is given.
      await copyOne(from.store, to.store, id);
      expect(await contentsOf(to)).toEqual(await contentsOf(from));
    }
  }),
);

test('a source whose bytes are wrong is not copied, and is named', () =>
  withTwoPlaces(buckets, async (from, to) => {
    const id = await writePast(from.store, { startedAt, archiveBytes: large });
    await from.server?.corrupt('bucket', `some/prefix/${id}/archive.dump`, large - 5);
    const copy = copyOne(from.store, to.store, id);
    await expect(copy).rejects.toBeInstanceOf(SourceDamaged);
    await expect(copy).rejects.toThrow(`is damaged in ${from.store.url}`);
    expect((await to.keys()).filter((key) => !key.endsWith('globals.sql'))).toEqual([]);
    expect(to.server?.uploads()).toEqual([]);
    from.server?.remove('bucket', `some/prefix/${id}/archive.dump`);
    await expect(copyOne(from.store, to.store, id)).rejects.toThrow('nothing');
  }));

test('what an earlier copy left wrong is taken away where the store lets us, and told where not', () =>
  withTwoPlaces(directories, async (from, to) => {
    const id = await writePast(from.store, { startedAt, archiveBytes: large });
    await to.store.create(`${id}/archive.dump`, Buffer.alloc(large, 'x'));
    const { remove: _, ...writeOnly } = to.store;
    await expect(copyOne(from.store, writeOnly as PrunableStore, id)).rejects.toThrow(
      `Delete ${to.store.url}/${id}/archive.dump`,
    );
    expect(await copyOne(from.store, to.store, id)).toMatchObject({ kind: 'copied' });
    expect(await contentsOf(to)).toEqual(await contentsOf(from));
  }));

test('another backup under the same id is never overwritten', () =>
  withTwoPlaces(directories, async (from, to) => {
    const id = await writePast(from.store, { startedAt });
    await writePast(to.store, { startedAt, rows: 5 });
    const before = await contentsOf(to);
    await expect(copyOne(from.store, to.store, id)).rejects.toBeInstanceOf(CopyConflict);
    expect((await copyAll(from.store, to.store)).backups).toMatchObject([{ id, kind: 'failed' }]);
    expect(await contentsOf(to)).toEqual(before);
  }));

test.each(['lostResponse', 'reset', 'slowDown', 'corruptByte'] as const)(
  'a second place that answers a while as %s gets the copy all the same',
  (action) =>
    withTwoPlaces(buckets, async (from, to) => {
      const id = await writePast(from.store, { startedAt, archiveBytes: large });
      const operations = ['UploadPart', 'PutObject', 'CompleteMultipartUpload', 'GetObject'];
      for (const operation of operations.slice(0, action === 'corruptByte' ? 1 : 4))
        to.server?.misbehave({ operation, action });
      await copyOne(from.store, to.store, id);
      expect(await contentsOf(to)).toEqual(await contentsOf(from));
    }),
);

test('a copy in a bucket with Object Lock is locked as it is asked for, and only what stays as it is', () =>
  withTwoPlaces(buckets, async (from, to) => {
    const id = await writePast(from.store, { startedAt, archiveBytes: large });
    to.server?.createBucket('locked', { objectLock: true });
    const store = openPrunable('s3://locked/p', {
      endpoint: to.server?.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'key-of-the-second', secretAccessKey: 'test' },
    });
    const until = new Date(Date.now() + 30 * 86_400_000);
    await copyOne(from.store, store, id, { lock: () => ({ mode: 'governance', until }) });
    const locked = ['archive.dump', 'globals.sql', 'manifest.json', 'verification.json', 'summary.json'].map(
      (name) => to.server?.history('locked', `p/${id}/${name}`)[0]?.lock !== undefined,
    );
    expect(locked).toEqual([true, true, true, false, false]);
    const lock = { mode: 'governance', until } as const;
    await expect(
      copyOne(from.store, openPrunable('file:///nowhere/at/all'), id, { lock: () => lock }),
    ).rejects.toThrow('no Object Lock');
  }));

test('within one service the bytes stay there, and are read back all the same', () =>
  inBuckets(async (from, to, server) => {
    const id = await writePast(from, { startedAt, archiveBytes: large });
    const reads = server.calls('GetObject');
    expect(await copyOne(from, to, id)).toMatchObject({ kind: 'copied', checked: 'read-back' });
    expect(server.calls('UploadPartCopy')).toBe(1);
    expect(server.calls('GetObject')).toBeGreaterThan(reads);
    const [one, other] = ['first', 'second'].map((name) =>
      server.object(name, `p/${id}/archive.dump`)?.content(),
    );
    expect((await one)?.equals((await other) ?? Buffer.from(''))).toBe(true);
  }));

test('also there a source whose bytes are wrong is named, and does not stay in the copy', () =>
  inBuckets(async (from, to, server) => {
    const id = await writePast(from, { startedAt, archiveBytes: large });
    await server.corrupt('first', `p/${id}/archive.dump`, 77);
    await expect(copyOne(from, to, id)).rejects.toBeInstanceOf(SourceDamaged);
    expect(
      server.keys('second').filter((key) => key.includes('archive') || key.includes('manifest')),
    ).toEqual([]);
    expect(server.uploads()).toEqual([]);
  }));

test('a backup that is pruned while it is copied is told as that', () =>
  withTwoPlaces(directories, async (from, to) => {
    const id = await writePast(from.store, { startedAt });
    const keys = await from.keys();
    const pruned: PrunableStore = {
      ...from.store,
      read: async (key, options) => {
        if (key.endsWith('/archive.dump')) await from.store.remove(keys);
        return await from.store.read(key, options);
      },
    };
    const copy = copyOne(pruned, to.store, id);
    await expect(copy).rejects.toBeInstanceOf(NotCopied);
    await expect(copy).rejects.toThrow('was deleted');
    expect(await to.keys()).not.toContain(`${id}/manifest.json`);
  }));

test('a place that gives no more bytes does not keep a run for ever', () =>
  withTwoPlaces(directories, async (from, to) => {
    const id = await writePast(from.store, { startedAt, archiveBytes: large });
    const stalling = stallingStore(from.store, 'archive.dump', 100_000, () => undefined);
    const copy = copyOne(stalling, to.store, id, { stallSeconds: 1 });
    await expect(copy).rejects.toBeInstanceOf(Stalled);
    expect(await to.keys()).toEqual([]);
  }));

test('a second place that is away fails all of them at once, and says so once', () =>
  withTwoPlaces(buckets, async (from, to) => {
    const ids: string[] = [];
    for (const day of [20, 21, 22])
      ids.push(await writePast(from.store, { startedAt: new Date(`2026-11-${day}T02:00:00Z`) }));
    let left = 1;
    const going: PrunableStore = {
      ...to.store,
      create: async (key, content, options) => {
        if (left === 0) await to.lose();
        left -= 1;
        await to.store.create(key, content, options);
      },
    };
    const { backups, newest } = await copyAll(from.store, going);
    expect(backups.map(({ kind }) => kind)).toEqual(['failed', 'failed', 'failed']);
    expect(backups[1]).toMatchObject({ error: expect.stringMatching(/^Not tried\. .*refuses connections/) });
    expect(newest).toEqual([{ source: 'prod', database: 'app', startedAt: undefined }]);
    await expect(copyAll(from.store, to.store)).rejects.toBeInstanceOf(StoreUnusable);
  }));

test.each([
  ['conflict', 'is taken'],
  ['accessDenied', 'denied'],
  ['notImplemented', 'does not know a part of the S3 API'],
] as const)('a second place that answers %s is told, and keeps no half backup', (action, words) =>
  withTwoPlaces(buckets, async (from, to) => {
    const id = await writePast(from.store, { startedAt, archiveBytes: large });
    for (const operation of ['PutObject', 'CompleteMultipartUpload'])
      to.server?.misbehave({ operation, action, times: 1_000 });
    await expect(copyOne(from.store, to.store, id)).rejects.toThrow(words);
    expect(await to.keys()).toEqual([]);
    expect(to.server?.uploads()).toEqual([]);
  }),
);

test('a bucket that is not there, and a key that is another store’s, are told', () =>
  withTwoPlaces(buckets, async (from, to) => {
    const id = await writePast(from.store, { startedAt });
    const at = (url: string, accessKeyId: string): PrunableStore =>
      openPrunable(url, {
        endpoint: to.server?.url,
        region: 'us-east-1',
        credentials: { accessKeyId, secretAccessKey: 'test' },
      });
    await expect(copyOne(from.store, at('s3://other/p', 'key-of-the-second'), id)).rejects.toThrow(
      'does not exist',
    );
    await expect(copyOne(from.store, at('s3://bucket/p', 'key-of-the-first'), id)).rejects.toThrow(
      'access key is unknown',
    );
  }));

test('a directory that nobody may write in, or that is a file, is told', () =>
  withTwoPlaces(directories, async (from, to) => {
    const id = await writePast(from.store, { startedAt });
    await writeFile(join(to.directory ?? '', 'file'), 'x');
    const copy = copyOne(from.store, openPrunable(`${to.store.url}/file/below`), id);
    await expect(copy).rejects.toThrow('not a directory');
    if (process.getuid?.() === 0) return;
    await chmod(to.directory ?? '', 0o500);
    await expect(copyOne(from.store, to.store, id)).rejects.toThrow('may not be written to');
    await chmod(to.directory ?? '', 0o700);
  }));

test('several copies of one backup at once come to one copy', () =>
  withTwoPlaces(buckets, async (from, to) => {
    const id = await writePast(from.store, { startedAt, archiveBytes: large });
    const request = { id: parseId(id), from: from.store, to: to.store, clock: () => new Date() };
    const { signal } = new AbortController();
    await Promise.all([1, 2, 3].map(() => copyBackup({ ...request, signal })));
    expect(await contentsOf(to)).toEqual(await contentsOf(from));
    expect(to.server?.uploads()).toEqual([]);
  }));
