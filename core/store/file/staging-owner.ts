import { createHash, randomBytes } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { processStart } from '../../scratch/processes.ts';
import type { Unfinished } from '../prunable.ts';
import { errno } from './file-error.ts';

/*
 * A staging file says in its name whose it is, so that what a killed run has left is told from what a running one
 * writes: a process by its id and its start, and where both mean something. The directory may be shared between
 * machines, and between containers that each count their processes from one.
 */

/** This boot of this machine, and its space of process ids; undefined where there is no /proc to ask. */
async function readMachine(): Promise<string | undefined> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    const space = await readlink('/proc/self/ns/pid');
    return createHash('sha256').update(`${hostname()}\0${boot}\0${space}`).digest('hex').slice(0, 16);
  } catch {
    return undefined;
  }
}

let machine: Promise<string | undefined> | undefined;

async function thisMachine(): Promise<string | undefined> {
  machine ??= readMachine();
  return await machine;
}

/** A new name for a staging file of this process. */
export async function newStagingName(): Promise<string> {
  const random = randomBytes(12).toString('hex');
  const place = await thisMachine();
  const start = await processStart(process.pid);
  const owner = place === undefined || start === undefined ? '' : `.${place}-${process.pid}-${start}`;
  return `${random}${owner}.partial`;
}

/** Whether the process that a staging file is named after goes on. */
export async function ownerOf(name: string): Promise<Unfinished['owner']> {
  const [, place, pid, start] = /^[0-9a-f]+\.([0-9a-f]{16})-(\d+)-(\d+)\.partial$/.exec(name) ?? [];
  if (place === undefined || place !== (await thisMachine())) return 'unknown';
  const now = await processStart(Number(pid));
  if (now !== undefined) return now === Number(start) ? 'lives' : 'gone';
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    if (errno(error) === 'ESRCH') return 'gone';
  }
  // There is one of that id of which /proc tells nothing: another user's where they are hidden, or one that has ended.
  return 'unknown';
}
