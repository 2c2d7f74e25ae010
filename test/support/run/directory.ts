import { chmodSync, mkdtempSync } from 'node:fs';
import { readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processStart } from '../../../core/scratch/processes.ts';

const prefix = 'pgt-';
const ownerFile = 'owner';

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
