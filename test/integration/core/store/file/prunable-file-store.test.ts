import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../../../../core/errors.ts';
import { processStart } from '../../../../../core/scratch/processes.ts';
import { prunableFileStore } from '../../../../../core/store/file/prunable-file-store.ts';
import type { PrunableStore } from '../../../../../core/store/prunable.ts';
import { bytesOf, sourceOf } from '../../../../support/store/byte-source.ts';
import { keysOf } from '../contract.ts';

let parent = '';
let directory = '';
let staging = '';
let store: PrunableStore;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'pgproof-prunable-'));
  directory = join(parent, 'store');
  staging = join(directory, '.staging');
  store = prunableFileStore({ directory });
});

afterEach(async () => {
  await rm(parent, { recursive: true, force: true });
});

/** Everything below the parent, as paths. */
async function everything(): Promise<string[]> {
  return (await readdir(parent, { recursive: true })).sort();
}

describe('removing files', () => {
  it('leaves what others put beside them, and empty directories that nothing was taken out of', async () => {
    await store.create('s/d/t1/manifest.json', Buffer.from('x'));
    await store.create('s/d/t2/manifest.json', Buffer.from('x'));
    await mkdir(join(directory, 's/d/theirs'));
    await mkdir(join(directory, 'empty'));
    await writeFile(join(directory, 's/d/t2/.hidden'), 'x');
    expect(await store.remove(['s/d/t1/manifest.json', 's/d/t2/manifest.json', 'empty/x/y'])).toEqual([]);
    expect(await everything()).toEqual([
      'store',
      'store/empty',
      'store/s',
      'store/s/d',
      'store/s/d/t2',
      'store/s/d/t2/.hidden',
      'store/s/d/theirs',
    ]);
  });

  it('goes up to the root of the store, which stays', async () => {
    await store.create('s/d/t/archive/toc.dat', Buffer.from('x'));
    await store.create('s/d/t/manifest.json', Buffer.from('x'));
    expect(await store.remove(['s/d/t/manifest.json'])).toEqual([]);
    expect(await keysOf(store)).toEqual(['s/d/t/archive/toc.dat']);
    expect(await store.remove(['s/d/t/archive/toc.dat'])).toEqual([]);
    expect(await everything()).toEqual(['store']);
  });

  it('clears a directory that a run which was killed has left empty', async () => {
    await mkdir(join(directory, 's/d/t'), { recursive: true });
    expect(await store.remove(['s/d/t/archive.dump'])).toEqual([]);
    expect(await everything()).toEqual(['store']);
  });

  it('follows no link out of the store, neither in the path nor at its end', async () => {
    await mkdir(join(parent, 'outside/t'), { recursive: true });
    await writeFile(join(parent, 'outside/t/manifest.json'), 'precious');
    await mkdir(join(directory, 's/d'), { recursive: true });
    await symlink(join(parent, 'outside'), join(directory, 's/d/link'));
    await symlink(join(parent, 'outside/t/manifest.json'), join(directory, 's/d/file'));
    await symlink('/nowhere', join(directory, 's/d/dangling'));
    await mkdir(join(directory, 's/d/t'));
    const keys = ['s/d/link/t/manifest.json', 's/d/link/manifest.json', 's/d/file', 's/d/dangling', 's/d/t'];
    const left = await store.remove(keys);
    expect(left.map(({ key }) => key)).toEqual(keys);
    expect(left.map(({ why }) => why.message).join('\n')).toMatch(/symbolic link.*symbolic link.*directory/s);
    expect(await readFile(join(parent, 'outside/t/manifest.json'), 'utf8')).toBe('precious');
    expect(await readdir(join(directory, 's/d'))).toEqual(['dangling', 'file', 'link', 't']);
  });

  it('works where the root of the store is a link itself', async () => {
    await mkdir(join(parent, 'real'));
    await symlink(join(parent, 'real'), directory);
    await store.create('s/d/t/x', Buffer.from('x'));
    expect(await store.remove(['s/d/t/x'])).toEqual([]);
    expect(await everything()).toEqual(['real', 'store']);
  });

  it('takes what a file stands in the way of for gone', async () => {
    await store.create('s/d', Buffer.from('x'));
    expect(await store.remove(['s/d/t/x', 's/d/t'])).toEqual([]);
    expect(await keysOf(store)).toEqual(['s/d']);
  });

  it('of five thousand takes seconds', { timeout: 30_000 }, async () => {
    const keys = Array.from({ length: 5000 }, (_, index) => `s/d/${index}/manifest.json`);
    for (const key of keys) {
      await mkdir(join(directory, key, '..'), { recursive: true });
      await writeFile(join(directory, key), 'x');
    }
    expect(await store.remove(keys)).toEqual([]);
    expect(await everything()).toEqual(['store']);
  });
});

describe('staging files', () => {
  const name = async (owner: string): Promise<string> => {
    const path = `${'ab'.repeat(12)}${owner}.partial`;
    await writeFile(join(staging, path), 'x');
    return path;
  };

  it('are told by the process that writes them: one that lives, one that is gone, one elsewhere', async () => {
    const staged = await store.stage('a/b', sourceOf(bytesOf(10)));
    const [own = ''] = await readdir(staging);
    const [, machine = '', pid, start] = /\.([0-9a-f]{16})-(\d+)-(\d+)\.partial$/.exec(own) ?? [];
    expect(Number(pid)).toBe(process.pid);
    expect(Number(start)).toBe(await processStart(process.pid));
    const child = spawn('sleep', ['0']);
    await once(child, 'exit');
    const gone = await name(`.${machine}-${child.pid}-${Number(start) + 1}`);
    // The id was given to another process since.
    const reused = await name(`.${machine}-${process.pid}-${Number(start) - 1}`);
    const elsewhere = await name(`.${'0'.repeat(16)}-${process.pid}-${start}`);
    const before = await name('');
    await writeFile(join(staging, 'theirs.txt'), 'x');
    await symlink('/etc/passwd', join(staging, `${'cd'.repeat(12)}.partial`));
    const { found, incomplete } = await store.listUnfinished('whatever');
    expect(incomplete).toBeUndefined();
    expect(Object.fromEntries(found.map(({ id, owner }) => [id, owner]))).toEqual({
      [own]: 'lives',
      [gone]: 'gone',
      [reused]: 'gone',
      [elsewhere]: 'unknown',
      [before]: 'unknown',
    });
    for (const one of found.filter(({ owner }) => owner !== 'lives')) await store.removeUnfinished(one);
    expect((await readdir(staging)).sort()).toEqual([own, `${'cd'.repeat(12)}.partial`, 'theirs.txt'].sort());
    await staged.commit();
    expect(await keysOf(store)).toEqual(['a/b']);
  });

  it('that are written to since they were listed are left', async () => {
    await mkdir(staging, { recursive: true });
    const id = await name('');
    const [one] = (await store.listUnfinished('')).found;
    if (one === undefined) throw new Error('none was found');
    await utimes(join(staging, id), new Date(), new Date(Date.now() + 5000));
    await expect(store.removeUnfinished(one)).rejects.toThrow('is written to');
    expect(await readdir(staging)).toEqual([id]);
  });

  it('are files of ours: nothing else is removed as one', async () => {
    await store.create('a/b', Buffer.from('x'));
    for (const id of ['../a/b', '/etc/passwd', '', '.'])
      await expect(
        store.removeUnfinished({
          kind: 'staging-file',
          id,
          key: undefined,
          writtenAt: new Date(),
          bytes: 1,
          owner: 'gone',
        }),
      ).rejects.toThrow('no staging file');
    expect(await keysOf(store)).toEqual(['a/b']);
  });

  it('behind a link are not ours', async () => {
    await mkdir(join(parent, 'outside'));
    await writeFile(join(parent, `outside/${'ab'.repeat(12)}.partial`), 'x');
    await mkdir(directory);
    await symlink(join(parent, 'outside'), staging);
    expect((await store.listUnfinished('')).found).toEqual([]);
  });

  it('of a run that goes on are not cleared by another, however long they wait', async () => {
    const staged = await store.stage('a/globals.sql', sourceOf(bytesOf(10)));
    const [own = ''] = await readdir(staging);
    const then = new Date(Date.now() - 30 * 3_600_000);
    await utimes(join(staging, own), then, then);
    await prunableFileStore({ directory }).prepare({ expectedBytes: 1 });
    await staged.commit();
    expect(await keysOf(store)).toEqual(['a/globals.sql']);
  });
});

it('a directory has no locks, and says so before anything is written', async () => {
  const unsupported = { kind: 'unsupported', by: 'directory' };
  const lock = { mode: 'governance', until: new Date(Date.now() + 86_400_000) } as const;
  await store.create('a/b', Buffer.from('x'));
  expect(await store.lockOf('a/b')).toEqual(unsupported);
  expect(await store.extendLock('a/b', lock)).toEqual(unsupported);
  expect(await store.setLegalHold('a/b', true)).toEqual(unsupported);
  await expect(store.prepare({ expectedBytes: 1, lock: true })).rejects.toThrow(UsageError);
  await expect(store.create('a/c', Buffer.from('x'), { lock })).rejects.toThrow('no Object Lock');
  await expect(store.stage('a/c', sourceOf(bytesOf(1)), { lock })).rejects.toThrow(UsageError);
  expect(await keysOf(store)).toEqual(['a/b']);
});
