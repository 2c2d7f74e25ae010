import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm, statfs, writeFile } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { processStart } from '../../../core/scratch/processes.ts';

const prefix = 'pgt-';
const ownerFile = 'owner';

const memory = '/dev/shm';
/** The type that statfs(2) tells of a tmpfs. */
const tmpfs = 0x01_02_19_94;
/** What all tests that run at one moment hold is 1 GB at most; the rest is for what else needs memory. */
const leastMemoryBytes = 6 * 1024 ** 3;

/**
 * Where the servers and stores of a run are to lie. A run makes and removes some hundred thousand files, which takes a
 * disk as long as all else that it does: so in memory where there is plenty of it, unless TMPDIR names a place.
 */
export async function runParent(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  if (env.TMPDIR !== undefined) return tmpdir();
  const room = await statfs(memory).catch(() => undefined);
  if (room?.type !== tmpfs || room.bavail * room.bsize < leastMemoryBytes) return tmpdir();
  if (freeMemory() < leastMemoryBytes || !(await runsPrograms(memory))) return tmpdir();
  return memory;
}

/** Of the control group too, where Node knows it. */
function freeMemory(): number {
  return Math.min(freemem(), process.availableMemory?.() ?? Number.POSITIVE_INFINITY);
}

/** Containers mount it so that no program may be started there, which tests do. */
async function runsPrograms(parent: string): Promise<boolean> {
  const directory = await mkdtemp(join(parent, prefix)).catch(() => undefined);
  if (directory === undefined) return false;
  const program = join(directory, 'program');
  await writeFile(program, '#!/bin/sh\n', { mode: 0o700 });
  const runs = await promisify(execFile)(program).then(
    () => true,
    () => false,
  );
  await rm(directory, { recursive: true, force: true });
  return runs;
}

/**
 * The directory below which everything temporary of a run lies. What runs that were killed have left is removed. Its
 * name is short, for the path of a server's socket may have no more than 103 bytes.
 */
export async function makeRunDirectory(parent: string = tmpdir()): Promise<string> {
  await removeAbandoned(parent);
  const directory = openDirectory(join(parent, prefix));
  await writeFile(join(directory, ownerFile), await nameOf(process.pid));
  return directory;
}

/** A directory in which every user may make files, as in /tmp: where root runs the tests their servers run as another. */
export function openDirectory(path: string): string {
  const directory = mkdtempSync(path);
  chmodSync(directory, 0o1777);
  return directory;
}

/** Only what says whose it was, and whose process is gone: another run may be under way. */
async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const directory = join(parent, name);
    const owner = await readFile(join(directory, ownerFile), 'utf8').catch(() => '');
    const [pid, start, space] = owner.split(' ');
    // Where the system tells no times, or in another container, nothing is known of the process.
    if (!start || space !== (await processSpace())) continue;
    if ((await nameOf(Number(pid))) === owner) continue;
    // Another user's, or another run removes it at this moment.
    await rm(directory, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Process ids are used again, and count in one container only. */
async function nameOf(pid: number): Promise<string> {
  return `${pid} ${(await processStart(pid)) ?? ''} ${await processSpace()}`;
}

function processSpace(): Promise<string> {
  return readlink('/proc/self/ns/pid').catch(() => '');
}
