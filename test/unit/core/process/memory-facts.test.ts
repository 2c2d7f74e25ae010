import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { howSignalled } from '../../../../core/process/ended-by-signal.ts';
import { isRefusalForSize, outOfMemoryKills } from '../../../../core/process/memory-facts.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function withFiles(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

const machine = { 'proc/vmstat': 'pgfault 1\noom_kill 24\n' };

test.each([
  ['version 2', '0::/a/b\n', { 'sys/fs/cgroup/a/b/memory.events': 'oom 4\noom_kill 3\n' }, 3],
  ['version 2 in a container', '0::/host/x\n', { 'sys/fs/cgroup/memory.events': 'oom_kill 2\n' }, 2],
  [
    'version 1',
    '9:cpu,memory:/job\n0::/\n',
    { 'sys/fs/cgroup/memory/job/memory.oom_control': 'under_oom 0\noom_kill 7\n' },
    7,
  ],
  ['none that counts', '0::/\n', {}, 24],
])('kills for lack of memory, by a control group of %s', async (_what, cgroup, files, kills) => {
  await withFiles({ ...machine, 'proc/self/cgroup': cgroup, ...files });
  expect(outOfMemoryKills(root)).toBe(kills);
});

test('a system that does not count them', () => {
  expect(outOfMemoryKills(root)).toBeUndefined();
});

const limits = (data: string): string =>
  `Max data size             ${data}            unlimited            bytes\nMax address space         unlimited            unlimited            bytes\n`;

test.each([
  ['0\n', limits('unlimited'), true],
  ['1\n', limits('unlimited'), true],
  ['2\n', limits('unlimited'), false],
  ['0\n', limits('1000000'), false],
])('overcommit %j: whether only too large a piece is refused', async (overcommit, text, isForSize) => {
  await withFiles({ 'proc/sys/vm/overcommit_memory': overcommit, 'proc/self/limits': text });
  expect(isRefusalForSize(root)).toBe(isForSize);
});

test('no fact, no refusal for size', () => {
  expect(isRefusalForSize(root)).toBe(false);
});

test.each([
  ['SIGKILL', true, /killed by SIGKILL, not by pgproof: memory ran out/],
  ['SIGKILL', false, /^(?=.*killed by SIGKILL, not by pgproof)(?=.*not for lack of memory)/],
  ['SIGKILL', undefined, /^(?!.*memory).*this system does not tell/],
  ['SIGSEGV', undefined, /^(?!.*memory).*killed by SIGSEGV: it crashed/],
  ['SIGTERM', undefined, /^(?!.*memory).*killed by SIGTERM, not by pgproof$/],
] as const)('%s, and lack of memory %s', (signal, lackedMemory, words) => {
  expect(howSignalled('pg_dump', { code: null, signal, stderrTail: '', lackedMemory })).toMatch(words);
});
