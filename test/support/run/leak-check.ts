import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, inject } from 'vitest';
import { openDirectory } from './directory.ts';
import { leftFiles, leftProcesses } from './left-behind.ts';

/*
 * Every test file has a directory for temporary files of its own. A file that leaves anything in it fails, and so does
 * one that leaves a process: a child of its own, or one that was told the directory.
 */
const home = inject('runDirectory');
mkdirSync(home, { recursive: true });
const directory = openDirectory(join(home, 'f-'));
const before = process.env.TMPDIR;
process.env.TMPDIR = directory;

// Registered before all others, it runs after them.
afterAll(async () => {
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  const processes = await leftProcesses(process.pid, directory);
  for (const { pid } of processes) process.kill(pid, 'SIGKILL');
  const files = await leftFiles(directory);
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  const left = [
    ...processes.map(({ pid, commandLine }) => `process ${pid}: ${commandLine.slice(0, 200)}`),
    ...files.map((name) => `in the temporary directory: ${name}`),
  ];
  if (left.length > 0)
    throw new Error(`This file left behind what it should have ended or removed:\n${left.join('\n')}`);
});
