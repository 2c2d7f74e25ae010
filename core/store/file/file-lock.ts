import { randomBytes } from 'node:crypto';
import { open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { watchForOrphans } from '../../process/orphan-watch.ts';
import { errno } from './file-error.ts';
import { type FileRoot, inDirectory, lockPath } from './file-write.ts';

const pollMs = 20;

/** Which file a path names now; undefined where there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch((error: unknown) => {
    if (errno(error) === 'ENOENT') return undefined;
    throw error;
  });
  return found && `${found.dev}/${found.ino}/${found.mtimeNs}`;
}

async function tryLock(root: FileRoot, path: string): Promise<boolean> {
  try {
    const handle = await inDirectory(root, root.staging, () => open(path, 'wx', 0o600));
    await handle.close();
    return true;
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Waits for the lock of a file. How long another has held it is seen here: clocks of file servers differ from ours. */
async function takeLock(root: FileRoot, path: string): Promise<void> {
  let seen: { readonly identity: string | undefined; readonly since: number } | undefined;
  while (!(await tryLock(root, path))) {
    const identity = await identityOf(path);
    if (seen === undefined || seen.identity !== identity) seen = { identity, since: performance.now() };
    else if (performance.now() - seen.since > root.lockPatienceMs) {
      // Renamed and not removed: of several that wait, one gets it.
      const aside = `${path}.${randomBytes(6).toString('hex')}`;
      await rename(path, aside).catch((error: unknown) => {
        // Another was quicker. Where it may not be moved, waiting would have no end.
        if (errno(error) !== 'ENOENT') throw error;
      });
      await rm(aside, { force: true });
    }
    await wait(pollMs);
  }
}

/**
 * Runs `work` while no other process of this or another machine does so for the same file.
 * @param work is handed a question: whether the lock is still ours, or was taken for one that was left behind
 */
export async function withLock<T>(
  root: FileRoot,
  final: string,
  work: (isOurs: () => Promise<boolean>) => Promise<T>,
): Promise<T> {
  const path = lockPath(root, final);
  await takeLock(root, path);
  const unwatch = watchForOrphans({ paths: [path] });
  const identity = await identityOf(path);
  const isOurs = async (): Promise<boolean> =>
    identity !== undefined && (await identityOf(path)) === identity;
  try {
    return await work(isOurs);
  } finally {
    if (await isOurs().catch(() => false)) await rm(path, { force: true });
    unwatch();
    await rmdir(root.staging).catch(() => undefined);
  }
}
