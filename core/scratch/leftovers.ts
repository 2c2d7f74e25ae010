import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readlinkSync } from 'node:fs';
import { lstat, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { processesBelow, processStart, processStartSync, sendSignal, waitUntilGone } from './processes.ts';
import { removeForeignTree } from './remove-tree.ts';
import { endProcessesOf } from './user-processes.ts';

/*
 * A directory says in its name whose it is: the process's id, when that process began (ids are used again), and
 * where the id counts (this boot of this machine, this container). A file in it could be rewritten by the hostile
 * SQL that a server of ours may have run.
 */
const marked = /^pgproof-([0-9a-z]+)_([0-9a-z]+)_([0-9a-f]{8})_\w{6}$/;

/** Makes a directory, 0700, that `removeLeftovers` removes where this process is gone and did not. */
export async function makeMarkedDirectory(parent: string): Promise<string> {
  return await mkdtemp(join(parent, ownMark()));
}

/** The same where nothing can be awaited. */
export function makeMarkedDirectorySync(parent: string): string {
  return mkdtempSync(join(parent, ownMark()));
}

let mark: string | undefined;

function ownMark(): string {
  const start = processStartSync(process.pid) ?? 0;
  mark ??= `pgproof-${process.pid.toString(36)}_${start.toString(36)}_${processSpace()}_`;
  return mark;
}

/**
 * Removes what runs that were killed have left in this directory: their servers' processes and directories. Only
 * what processes of this machine and container made that are gone; all else is left alone.
 * @returns the directories that were removed
 */
export async function removeLeftovers(parent: string): Promise<string[]> {
  const space = processSpace();
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

async function removeLeftover(directory: string): Promise<boolean> {
  try {
    const entry = await lstat(directory);
    if (!entry.isDirectory()) return false;
    // A server with hostile SQL ran as nobody else than this user.
    await endProcessesOf(entry.uid);
    const processes = await processesBelow(directory);
    for (const pid of processes) sendSignal(pid, 'SIGKILL');
    await Promise.all(processes.map(waitUntilGone));
    return await removeForeignTree(directory);
  } catch {
    // Another user's, or another run removes it at this moment.
    return false;
  }
}

async function isSameProcess(pid: number, start: number): Promise<boolean> {
  if (start === 0) return sendSignal(pid, 0);
  return (await processStart(pid)) === start;
}

/** Where process ids count: this boot of this machine, this container. */
function processSpace(): string {
  const boot = orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const namespace = orEmpty(() => readlinkSync('/proc/self/ns/pid'));
  return createHash('sha256').update(`${boot} ${namespace}`).digest('hex').slice(0, 8);
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
