import { mkdir, open, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errno } from './file-error.ts';

/** Makes the names in a directory durable, which syncing a file does not. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r').catch((error: unknown) => {
    // The right to write into a directory does not include the right to read it.
    if (errno(error) === 'EACCES') return undefined;
    throw error;
  });
  if (handle === undefined) return;
  try {
    await handle.sync();
  } catch (error) {
    // Some network and FUSE file systems have no such call, and need none.
    if (errno(error) !== 'EINVAL' && errno(error) !== 'ENOTSUP' && errno(error) !== 'EPERM') throw error;
  } finally {
    await handle.close();
  }
}

/** Another run may remove a parent, empty as yet, between our making it and our using it. */
const attempts = 5;

/** Remembers the directories that were made, so that a run that comes to nothing leaves none of them. */
export class MadeDirectories {
  readonly #made = new Set<string>();

  /** Makes `directory` and its missing parents, each 0700 and each synced into its own parent. */
  async make(directory: string, attempt = 1): Promise<void> {
    try {
      await mkdir(directory, { mode: 0o700 });
    } catch (error) {
      if (errno(error) === 'EEXIST') return;
      const isHopeless = dirname(directory) === directory || attempt === attempts;
      // Below a link that leads nowhere the parent exists, and still nothing can be made in it.
      if (errno(error) !== 'ENOENT' || isHopeless) throw error;
      await this.make(dirname(directory));
      return await this.make(directory, attempt + 1);
    }
    this.#made.add(directory);
    await syncDirectory(dirname(directory));
  }

  /** Removes those that are empty, the deepest first. Never throws. */
  async removeEmpty(): Promise<void> {
    for (const directory of [...this.#made].sort((one, other) => other.length - one.length)) {
      try {
        await rmdir(directory);
        this.#made.delete(directory);
      } catch {
        // In use by now: then it stays.
      }
    }
  }
}
