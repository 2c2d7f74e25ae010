import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const attempts = 20;

/**
 * Puts a finished directory under its name, in place of an older one. A process that runs programs from there finds
 * either the old ones or the new ones; what is running goes on with the old files. A directory that is there already
 * with the same manifest is taken for the same: of two builds at once the first one stays.
 *
 * @param scratch a directory on the same file system, where the old one goes to be removed
 */
export async function moveIntoPlace(from: string, to: string, scratch: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  if (await haveSameManifest(from, to)) return;
  for (let attempt = 1; ; attempt += 1) {
    const old = join(scratch, `replaced-${attempt}`);
    const hadOld = await renameIfThere(to, old);
    try {
      await rename(from, to);
      return;
    } catch (error: unknown) {
      // Between the two another build has put its own there.
      if (attempt < attempts && isOccupied(error)) continue;
      if (hadOld) await renameIfThere(old, to).catch(() => undefined);
      throw error;
    }
  }
}

async function haveSameManifest(some: string, other: string): Promise<boolean> {
  const read = (directory: string): Promise<string | undefined> =>
    readFile(join(directory, 'manifest.json'), 'utf8').catch(() => undefined);
  const [one, two] = await Promise.all([read(some), read(other)]);
  return one !== undefined && one === two;
}

async function renameIfThere(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error: unknown) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

function isOccupied(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST');
}
