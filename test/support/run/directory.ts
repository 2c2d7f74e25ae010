import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The largest tests hold values of hundreds of megabytes, in several copies and several files at once. */
const enoughBytes = 8 * 1024 ** 3;

/**
 * The directory below which everything temporary of a run lies. In memory where there is plenty: a run makes and
 * removes some hundred thousand files, mostly of servers that live for seconds. TMPDIR chooses another place.
 */
export function makeRunDirectory(): string {
  const parent = process.env.TMPDIR === undefined && isRoomy('/dev/shm') ? '/dev/shm' : tmpdir();
  // Short: the path of a server's socket may have no more than 103 bytes.
  return openDirectory(join(parent, 'pgt-'));
}

/** A directory in which every user may make files, as in /tmp: servers of tests run as another one where root runs them. */
export function openDirectory(prefix: string): string {
  const directory = mkdtempSync(prefix);
  chmodSync(directory, 0o1777);
  return directory;
}

function isRoomy(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize >= enoughBytes && runsPrograms(directory);
  } catch {
    return false;
  }
}

/** Tests write small programs and start them; some systems mount /dev/shm without the right to. */
function runsPrograms(directory: string): boolean {
  const scratch = mkdtempSync(join(directory, 'pgt-'));
  try {
    const program = join(scratch, 'program');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o755 });
    return spawnSync(program).status === 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
