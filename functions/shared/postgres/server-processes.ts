import { execFile } from 'node:child_process';
import { readdir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const goneLimitMilliseconds = 10_000;
const pollMilliseconds = 10;

/**
 * Every process of a server but the postmaster. On Linux they are known by their working directory, which is the
 * data directory: also when the postmaster is gone and they belong to init.
 */
export async function serverProcesses(postmaster: number, data: string): Promise<number[]> {
  const pids = process.platform === 'linux' ? await workingIn(data) : await childrenOf(postmaster);
  return pids.filter((pid) => pid !== postmaster);
}

/** Resolves when the process is gone. Not for our own children, which stay until their exit is read. */
export async function waitUntilGone(pid: number): Promise<void> {
  const deadline = performance.now() + goneLimitMilliseconds;
  while (sendSignal(pid, 0) && performance.now() < deadline) await sleep(pollMilliseconds);
}

/** Whether the process was there to receive it. */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

async function workingIn(directory: string): Promise<number[]> {
  const path = await realpath(directory).catch(() => undefined);
  if (path === undefined) return [];
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(names.map((name) => readlink(join('/proc', name, 'cwd')).catch(() => '')));
  return names.filter((_, index) => places[index] === path).map(Number);
}

function childrenOf(parent: number): Promise<number[]> {
  return new Promise((resolve) => {
    execFile('ps', ['-A', '-o', 'pid=,ppid='], { timeout: 5000 }, (_error, stdout) => {
      const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
      resolve(rows.flatMap(([pid, ppid]) => (pid !== undefined && ppid === parent ? [pid] : [])));
    });
  });
}
