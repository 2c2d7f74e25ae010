import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileStore } from '../../../../../core/store/file/file-store.ts';
import { openStore } from '../../../../../core/store/open-store.ts';
import { ObjectExists, readSmall, type Store, StoreUnusable } from '../../../../../core/store/store.ts';
import { runOnMount } from '../../../../support/scratch/mounted.ts';
import { bytesOf, sourceOf } from '../../../../support/store/byte-source.ts';
import { keysOf } from '../contract.ts';

const mebibyte = 1024 * 1024;
const child = fileURLToPath(new URL('./file-store-child.ts', import.meta.url));
const adder = fileURLToPath(new URL('./file-store-adder.ts', import.meta.url));
const run = promisify(execFile);
const node = [process.execPath, '--import', import.meta.resolve('tsx'), child];
let parent: string;
let directory: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'pgproof-files-'));
  directory = join(parent, 'backups');
});
afterEach(async () => {
  await rm(parent, { recursive: true, force: true });
});

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

describe('files', () => {
  it('are 0600, and all directories that are made 0700, whatever the umask', async () => {
    const umask = process.umask(0);
    try {
      const store = fileStore({ directory: join(directory, 'deep/er') });
      const staged = await store.stage('s/d/t/archive.dump', sourceOf(bytesOf(100)));
      const staging = join(directory, 'deep/er/.staging');
      expect(await modeOf(staging)).toBe('700');
      expect(await modeOf(join(staging, (await readdir(staging))[0] ?? ''))).toBe('600');
      await staged.commit();
      await store.create('s/d/t/manifest.json', Buffer.from('{}'));
      await store.replace('s/d/t/verification.json', Buffer.from('{}'));
    } finally {
      process.umask(umask);
    }
    for (const made of ['', 'deep', 'deep/er', 'deep/er/s', 'deep/er/s/d', 'deep/er/s/d/t'])
      expect(await modeOf(join(directory, made))).toBe('700');
    for (const name of ['archive.dump', 'manifest.json', 'verification.json'])
      expect(await modeOf(join(directory, 'deep/er/s/d/t', name))).toBe('600');
    expect(await readdir(join(directory, 'deep/er'))).toEqual(['s']);
  });

  it('keep directories that were there, and what others put there', async () => {
    await mkdir(join(directory, 's'), { recursive: true });
    const store = fileStore({ directory });
    await (await store.stage('s/d/t/a', sourceOf(bytesOf(10)))).abort();
    expect(await readdir(directory)).toEqual(['s']);
    await writeFile(join(directory, 's', 'foreign'), 'x');
    await symlink('/etc', join(directory, 's', 'link'));
    expect(await keysOf(store)).toEqual(['s/foreign']);
  });

  it('of runs that were killed a day ago are cleared, younger ones are not', async () => {
    const staging = join(directory, '.staging');
    await mkdir(staging, { recursive: true });
    for (const [name, hours] of [
      ['old.partial', 25],
      ['young.partial', 23],
    ] as const) {
      await writeFile(join(staging, name), 'x');
      const then = new Date(Date.now() - hours * 3_600_000);
      await utimes(join(staging, name), then, then);
    }
    await fileStore({ directory }).prepare({ expectedBytes: 1 });
    expect(await readdir(staging)).toEqual(['young.partial']);
  });

  it('are found by a file URL with odd characters', async () => {
    const odd = join(parent, 'a b%?#ü');
    const store = openStore(pathToFileURL(odd).href);
    await store.create('k', Buffer.from('x'));
    expect(await readFile(join(odd, 'k'), 'utf8')).toBe('x');
    expect(store.url).toBe(pathToFileURL(odd).href);
  });
});

describe('prepare', () => {
  it('stops a run that would not fit, and makes nothing', async () => {
    const preparing = fileStore({ directory }).prepare({ expectedBytes: 1024 ** 6 });
    await expect(preparing).rejects.toThrow(StoreUnusable);
    await expect(preparing).rejects.toThrow(/too little room .*free .*expected at least 1 EiB.*Make room/);
    expect(await readdir(parent)).toEqual([]);
  });

  it('names a file that stands where the directory should', async () => {
    await writeFile(directory, 'x');
    await expect(fileStore({ directory }).prepare({ expectedBytes: 1 })).rejects.toThrow(StoreUnusable);
    await expect(
      fileStore({ directory: join(directory, 'x') }).prepare({ expectedBytes: 1 }),
    ).rejects.toThrow('not a directory');
  });
});

type Outcomes = Record<
  'prepare' | 'prepareLarge' | 'stage' | 'create',
  { name: string; message: string } | 'done'
> & {
  found: string[];
};

describe('a run', () => {
  it('on a disk that fills up says so, and leaves nothing', async () => {
    await mkdir(directory);
    const program = [...node, directory, String(12 * mebibyte)];
    const outcomes = JSON.parse(await runOnMount(directory, 'size=8m', program)) as Outcomes;
    expect(outcomes.prepare).toBe('done');
    expect(outcomes.prepareLarge).toMatchObject({ name: 'StoreUnusable' });
    const full = { name: 'StoreUnusable', message: expect.stringContaining('The disk is full') };
    expect(outcomes.stage).toMatchObject(full);
    expect(outcomes.create).toMatchObject(full);
    expect(outcomes.found).toEqual([]);
  });

  it('on a read-only file system says so', async () => {
    await mkdir(directory);
    const outcomes = JSON.parse(await runOnMount(directory, 'ro', [...node, directory, '10'])) as Outcomes;
    const readOnly = { name: 'StoreUnusable', message: expect.stringContaining('file system is read-only') };
    for (const outcome of [outcomes.prepare, outcomes.stage, outcomes.create])
      expect(outcome).toMatchObject(readOnly);
    expect(outcomes.found).toEqual([]);
  });

  it('in a directory that may not be written says so', async () => {
    await chmod(parent, 0o755);
    await mkdir(directory);
    await chmod(directory, 0o555);
    const [program = '', ...args] = [...node, directory, '10', 'nobody'];
    const { stdout } = await promisify(execFile)(program, args);
    const outcomes = JSON.parse(stdout) as Outcomes;
    const denied = { name: 'StoreUnusable', message: expect.stringContaining('may not be written to') };
    for (const outcome of [outcomes.prepare, outcomes.stage, outcomes.create])
      expect(outcome).toMatchObject(denied);
    expect(outcomes.found).toEqual([]);
  });

  it('in a directory below one that may not be written says so', async () => {
    await chmod(parent, 0o555);
    const [program = '', ...args] = [...node, join(directory, 'x'), '10', 'nobody'];
    const { stdout } = await promisify(execFile)(program, args);
    expect((JSON.parse(stdout) as Outcomes).prepare).toMatchObject({ name: 'StoreUnusable' });
    await chmod(parent, 0o755);
    expect(await readdir(parent)).toEqual([]);
  });
});

describe('several runs that make and remove the same directories', () => {
  /** Prepares, stages and commits one object, or gives up where another run was first. */
  async function takeOne(store: Store, key: string): Promise<void> {
    const pause = (): Promise<void> => sleep(Math.random() * 3);
    await pause();
    await store.prepare({ expectedBytes: 1 });
    await pause();
    const staged = await store.stage(key, sourceOf(bytesOf(1)));
    await pause();
    await staged.commit().catch(async (error: unknown) => {
      if (!(error instanceof ObjectExists)) throw error;
      await staged.abort();
    });
  }

  it('do not fail each other', async () => {
    for (let round = 0; round < 100; round += 1) {
      const place = join(directory, String(round));
      const runs = [0, 1, 0, 1].map((id) => takeOne(fileStore({ directory: place }), `s/d/${id}/archive`));
      expect((await Promise.allSettled(runs)).filter(({ status }) => status === 'rejected')).toEqual([]);
    }
  });
});

describe('replacing what was read', () => {
  it('waits for whoever holds the lock, and takes it from a machine that went down', async () => {
    const patient = fileStore({ directory, lockPatienceMs: 150 });
    await patient.replaceIf('s/v', Buffer.from('1'), undefined);
    const lock = `${createHash('sha256').update(join(directory, 's/v')).digest('hex')}.lock`;
    await mkdir(join(directory, '.staging'), { recursive: true });
    await writeFile(join(directory, '.staging', lock), '');
    const began = performance.now();
    await patient.replaceIf('s/v', Buffer.from('two'), (await patient.readVersion('s/v'))?.version);
    expect(performance.now() - began).toBeGreaterThan(140);
    expect(await readFile(join(directory, 's/v'), 'utf8')).toBe('two');
    expect(await readdir(directory)).toEqual(['s']);
  });

  it('loses nothing of what several processes write at once', async () => {
    const count = 4;
    await Promise.all(
      Array.from({ length: count }, (_, index) =>
        run(node[0] ?? '', [...node.slice(1, -1), adder, directory, `p${index}`]),
      ),
    );
    const words = (await readFile(join(directory, 's/v'), 'utf8')).trim().split(' ');
    const expected = Array.from({ length: count }, (_, p) =>
      Array.from({ length: 10 }, (__, n) => `p${p}-${n}`),
    );
    expect(words.sort()).toEqual(expected.flat().sort());
    expect(await readdir(directory)).toEqual(['s']);
  });
});

describe('what cannot be looked at by itself', () => {
  it('does not end a listing where somebody wants to hear of it, and else does', async () => {
    const deep = join(directory, 'a');
    await mkdir(join(directory, 'b'), { recursive: true });
    await writeFile(join(directory, 'b/c'), 'x');
    await symlink('loop', join(directory, 'loop'));
    const store = fileStore({ directory });
    const name = 'n'.repeat(250);
    // Longer than any path may be: made step by step.
    const dig = `const fs = require('fs'); for (const one of ['a', ...Array(20).fill('${name}')]) { fs.mkdirSync(one); process.chdir(one); }`;
    try {
      await run(process.execPath, ['-e', dig], { cwd: directory });
      const told: string[] = [];
      const keys: string[] = [];
      const options = {
        onUnreadable: (key: string, why: StoreUnusable) =>
          void told.push(
            `${key.replaceAll(name, 'n').slice(0, 4)} ${/\b(?:ELOOP|ENAMETOOLONG)\b/.exec(why.message)?.[0]}`,
          ),
      };
      for await (const { key } of store.list('', options)) keys.push(key);
      expect(keys).toEqual(['b/c']);
      expect(told).toEqual(['a/n/ ENAMETOOLONG', 'loop ELOOP']);
      const all = async (): Promise<void> => {
        for await (const _ of store.list(''));
      };
      await expect(all()).rejects.toThrow('A name is too long');
    } finally {
      await run('rm', ['-rf', deep]);
    }
  });

  it.skipIf(process.platform !== 'linux')('a disk that fails half way says of which object', async () => {
    // Nothing can be read from its beginning on.
    const failing = fileStore({ directory: '/proc/self' });
    const error = await readSmall(failing, 'mem').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreUnusable);
    expect(error).toMatchObject({ isOfObject: true, message: expect.stringContaining('/proc/self/mem') });
  });
});
