import { lstat, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processStart } from '../../scratch/processes.ts';
import { removeTree } from '../../scratch/remove-tree.ts';
import { endProcessesOf, endProcessesSince, isOwnNumber } from '../../scratch/user-processes.ts';
import type { Isolation } from './isolation.ts';
import type { OsUser } from './os-user.ts';

/** Where everybody may write. */
const openDirectories = [...new Set(['/tmp', '/var/tmp', '/dev/shm', tmpdir()])];

/**
 * What ends and removes all that the SQL of an unsandboxed server left on this machine: a program may have gone to
 * another session and directory, and have written files outside the server's. To be called once the server is gone.
 * Where the server ran as the caller's own user, on a machine that is not its own, nothing can be told apart.
 *
 * @param pid of the postmaster, while it runs
 */
export async function sweepAfter(
  { kind }: Isolation,
  osUser: OsUser | undefined,
  pid: number,
): Promise<() => Promise<void>> {
  if (kind === 'sandboxed') return nothing;
  if (osUser !== undefined && isOwnNumber(osUser.uid)) {
    return async () => {
      await endProcessesOf(osUser.uid);
      await removeWhere(async (path) => (await lstat(path)).uid === osUser.uid);
    };
  }
  const since = await processStart(pid);
  if (kind !== 'own-machine' || since === undefined) return nothing;
  const before = new Set((await Promise.all(openDirectories.map(pathsIn))).flat());
  return async () => {
    await endProcessesSince(since);
    await removeWhere(async (path) => !before.has(path));
  };
}

async function nothing(): Promise<void> {
  // Nothing got out, or nothing can be told apart.
}

async function removeWhere(isLeft: (path: string) => Promise<boolean>): Promise<void> {
  for (const path of (await Promise.all(openDirectories.map(pathsIn))).flat()) {
    const isIt = await isLeft(path).catch(() => false);
    // Another user's is not ours to remove; ours is tried again by the next run.
    if (isIt) await removeTree(path).catch(() => undefined);
  }
}

async function pathsIn(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(() => [])).map((name) => join(directory, name));
}
