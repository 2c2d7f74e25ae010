import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { processStart } from '../../../core/scratch/processes.ts';
import { makeRunDirectory, runParent } from '../../support/run/directory.ts';

test.runIf(process.platform === 'linux')('a run removes what a dead one left, and no other', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'runs-'));
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  const childEnd = once(child, 'exit');
  try {
    const live = await makeRunDirectory(parent);
    const [, , space] = (await readFile(join(live, 'owner'), 'utf8')).split(' ');
    const owner = `${child.pid} ${await processStart(child.pid ?? 0)}`;
    for (const [name, text] of Object.entries({
      'pgt-nobody': '',
      'pgt-other': `${owner} elsewhere`,
      'pgt-child': `${owner} ${space}`,
      unrelated: `1 1 ${space}`,
    })) {
      await mkdir(join(parent, name));
      await writeFile(join(parent, name, 'owner'), text);
    }
    const all = ['pgt-child', 'pgt-nobody', 'pgt-other', 'unrelated', basename(live)];
    const second = basename(await makeRunDirectory(parent));
    expect((await readdir(parent)).sort()).toEqual([...all, second].sort());

    child.kill('SIGKILL');
    await childEnd;
    const third = basename(await makeRunDirectory(parent));
    expect((await readdir(parent)).sort()).toEqual([...all.slice(1), second, third].sort());
  } finally {
    child.kill('SIGKILL');
    await childEnd;
    await rm(parent, { recursive: true, force: true });
  }
});

test('it lies where TMPDIR says; without it on a disk or in memory', async () => {
  expect(await runParent({ TMPDIR: tmpdir() })).toBe(tmpdir());
  expect([tmpdir(), '/dev/shm']).toContain(await runParent({}));
});
