import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredObject } from '../store.ts';
import { errno } from './file-error.ts';

/** S3 sorts by UTF-8 bytes; a directory stands where its keys do, which go on with a slash. */
function sortName(entry: Dirent): Buffer {
  return Buffer.from(entry.isDirectory() ? `${entry.name}/` : entry.name);
}

async function entriesOf(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    // Not there (yet, or any more): nothing is in it.
    if (errno(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * The files below a directory whose key begins with `prefix`, sorted as S3 does. Holds the names of one directory
 * per level in memory. Names with a leading dot are not objects; links are not followed.
 * @param parent The key of `directory`, with its slash; '' at the top.
 */
export async function* listFiles(
  directory: string,
  parent: string,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredObject> {
  const entries = (await entriesOf(directory)).filter(({ name }) => !name.startsWith('.'));
  entries.sort((one, other) => Buffer.compare(sortName(one), sortName(other)));
  for (const entry of entries) {
    signal?.throwIfAborted();
    const key = parent + entry.name;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      const below = `${key}/`;
      if (below.startsWith(prefix) || prefix.startsWith(below)) yield* listFiles(path, below, prefix, signal);
    } else if (entry.isFile() && key.startsWith(prefix)) {
      const found = await stat(path).catch((error: unknown) => {
        // Pruned since the directory was read.
        if (errno(error) === 'ENOENT') return undefined;
        throw error;
      });
      if (found !== undefined) yield { key, bytes: found.size, modifiedAt: found.mtime };
    }
  }
}
