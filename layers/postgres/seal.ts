import { chmod, lstat, readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** The earliest time that a zip archive can hold. */
const constantTime = new Date('1980-01-01T00:00:00Z');

/**
 * Gives every file and directory the same time and plain permissions, whatever the umask and the hour of the build.
 *
 * @returns the sum of the files' sizes, in bytes
 */
export async function sealTree(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const found = await lstat(path);
    if (found.isDirectory()) {
      bytes += await sealTree(path);
    } else {
      bytes += found.size;
      await chmod(path, (found.mode & 0o100) === 0 ? 0o644 : 0o755);
      await utimes(path, constantTime, constantTime);
    }
  }
  await chmod(directory, 0o755);
  await utimes(directory, constantTime, constantTime);
  return bytes;
}
