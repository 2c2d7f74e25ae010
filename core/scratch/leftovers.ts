import { createHash } from 'node:crypto';
import { chmod, lstat, mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { processesBelow, processStart, sendSignal, waitUntilGone } from './processes.ts';

/*
 * A directory says in its name whose it is: the process's id, when that process began (ids are used again), and
 * where the id counts (this boot of this machine, this container). A file in it could be rewritten by the hostile
 * SQL that a server of ours may have run.
 */
const marked = /^pgproof-([0-9a-z]+)_([0-9a-z]+)_([0-9a-f]{8})_\w{6}$/;

const removalAttempts = 4;

/** Makes a directory, 0700, that `removeLeftovers` removes when this process is gone and has not. */
export async function makeMarkedDirectory(parent: string): Promise<string> {
  const start = (await processStart(process.pid)) ?? 0;
  const name = `pgproof-${process.pid.toString(36)}_${start.toString(36)}_${await processSpace()}_`;
  return mkdtemp(join(parent, name));
}

/**
 * Removes what runs that were killed have left in this directory: their servers' processes and directories. Only
 * what processes of this machine and container made that are gone; all else is left alone.
 * @returns the directories that were removed
 */
export async function removeLeftovers(parent: string): Promise<string[]> {
  const space = await processSpace();
  const removed: string[] = [];
  for (const name of await readdir(parent).catch(() => [])) {
    const [, pid = '', start = '', where] = marked.exec(name) ?? [];
    if (where !== space) continue;
    if (await isSameProcess(Number.parseInt(pid, 36), Number.parseInt(start, 36))) continue;
    const directory = join(parent, name);
    if (await removeLeftover(directory)) removed.push(directory);
  }
  return removed;
}

/** Removes a directory of a server's whatever its SQL did to the permissions in it. */
export async function removeTree(directory: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 5 } as const;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await rm(directory, options);
    } catch (error: unknown) {
      if (attempt === removalAttempts) throw error;
      await openAll(directory);
    }
  }
}

async function removeLeftover(directory: string): Promise<boolean> {
  try {
    if (!(await lstat(directory)).isDirectory()) return false;
    const processes = await processesBelow(directory);
    for (const pid of processes) sendSignal(pid, 'SIGKILL');
    await Promise.all(processes.map(waitUntilGone));
    await removeTree(directory);
    return true;
  } catch {
    // Another user's, or another run removes it at this moment.
    return false;
  }
}

async function isSameProcess(pid: number, start: number): Promise<boolean> {
  if (start === 0) return sendSignal(pid, 0);
  return (await processStart(pid)) === start;
}

/** After its first error rm still removes what it had begun with: things vanish meanwhile. */
async function openAll(directory: string): Promise<void> {
  await chmod(directory, 0o700).catch(() => undefined);
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await openAll(join(directory, entry.name));
  }
}

async function processSpace(): Promise<string> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return createHash('sha256').update(`${boot} ${namespace}`).digest('hex').slice(0, 8);
}
