import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

const removalAttempts = 4;

/*
 * rm goes from directory to directory and needs no whole path: a tree may be deeper than a path may be long, and hold more
 * names than we have memory for.
 */
const script = `
tries=0
until rm -rf -- "$1" || [ $tries -ge 3 ]; do
  tries=$((tries + 1))
  chmod -R u+rwx -- "$1"
done
`;

/** Removes a directory of a server's whatever its SQL did in it, and to the permissions. Nothing runs in it any more. */
export async function removeTree(directory: string): Promise<void> {
  await removeAsOwner(directory);
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

/**
 * The same where somebody may be at work in it: anybody can make a directory that is named like one of ours, and put a
 * link to other files into its place while it is gone through. So only as its owner, who could have done it alone.
 * @returns whether it is gone
 */
export async function removeForeignTree(directory: string): Promise<boolean> {
  const entry = await lstat(directory);
  const own = process.getuid?.();
  if (own !== 0 && entry.uid !== own) return false;
  await removeAsOwner(directory);
  return await rmdir(directory).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
}

/** Where there is no shell or no rm nothing happens. */
async function removeAsOwner(directory: string): Promise<void> {
  const entry = await lstat(directory).catch(() => undefined);
  if (entry?.isDirectory() !== true) return;
  const child = spawn('/bin/sh', ['-c', script, 'pgproof-remove', directory], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: 'ignore',
    ...(process.getuid?.() === 0 ? { uid: entry.uid, gid: entry.gid } : {}),
  });
  await once(child, 'exit').catch(() => undefined);
}

/** After its first error rm still removes what it had begun with: things vanish meanwhile. */
async function openAll(directory: string): Promise<void> {
  await chmod(directory, 0o700).catch(() => undefined);
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
    if (entry.isDirectory()) await openAll(join(directory, entry.name));
  }
}
