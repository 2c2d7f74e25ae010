import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const goneLimitMilliseconds = 10_000;
const unreadLimitMilliseconds = 3_000;
const pollMilliseconds = 10;

/**
 * Every process of a server but the postmaster. On Linux they are known by their working directory, which is the
 * data directory: also when the postmaster is gone and they belong to init.
 */
export async function serverProcesses(postmaster: number, data: string): Promise<number[]> {
  const pids = process.platform === 'linux' ? await workingIn(data) : await childrenOf(postmaster);
  return pids.filter((pid) => pid !== postmaster);
}

/** Every process whose working directory is this one or lies below it; none where there is no /proc. */
export async function processesBelow(directory: string): Promise<number[]> {
  return workingIn(directory, (place, path) => place === path || place.startsWith(path + sep));
}

/**
 * Resolves when the process is gone. Not for our own children, which stay until their exit is read. A container may
 * have no init that reads exits: one that has ended and stays is not waited for.
 */
export async function waitUntilGone(pid: number): Promise<void> {
  const began = performance.now();
  while (sendSignal(pid, 0)) {
    const waited = performance.now() - began;
    if (waited > goneLimitMilliseconds) return;
    if (waited > unreadLimitMilliseconds && (await hasEnded(pid))) return;
    await sleep(pollMilliseconds);
  }
}

/**
 * When the process began, in ticks since the machine did: with the id it names a process once and for all.
 * `undefined` when it has ended, also when its exit was not read yet, and where there is no /proc.
 */
export async function processStart(pid: number): Promise<number | undefined> {
  return startIn(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''));
}

/** The same where nothing can be awaited. */
export function processStartSync(pid: number): number | undefined {
  try {
    return startIn(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The second field is the program's name in parentheses and may hold anything; the start is the 22nd. */
function startIn(stat: string): number | undefined {
  const [state = 'X', ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const start = Number(fields[18]);
  return 'ZX'.includes(state) || !Number.isInteger(start) ? undefined : start;
}

/** Whether the process was there to receive it. */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

async function hasEnded(pid: number): Promise<boolean> {
  return process.platform === 'linux' && (await processStart(pid)) === undefined;
}

async function workingIn(
  directory: string,
  fits: (place: string, path: string) => boolean = (place, path) => place === path,
): Promise<number[]> {
  const path = await realpath(directory).catch(() => undefined);
  if (path === undefined) return [];
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(names.map((name) => readlink(join('/proc', name, 'cwd')).catch(() => '')));
  return names.filter((_, index) => fits(places[index] ?? '', path)).map(Number);
}

function childrenOf(parent: number): Promise<number[]> {
  return new Promise((resolve) => {
    execFile('ps', ['-A', '-o', 'pid=,ppid='], { timeout: 5000 }, (_error, stdout) => {
      const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number));
      resolve(rows.flatMap(([pid, ppid]) => (pid !== undefined && ppid === parent ? [pid] : [])));
    });
  });
}
