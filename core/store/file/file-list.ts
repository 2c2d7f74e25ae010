import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ListOptions, StoredObject } from '../store.ts';
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

export type FileListOptions = Pick<ListOptions, 'signal' | 'skips'> & {
  /** Whether the listing goes on where a folder, or a file, cannot be looked at. */
  readonly passesOver: (key: string, error: unknown) => boolean;
};

/**
 * The files below a directory whose key begins with `prefix`, sorted as S3 does. Holds the names of one directory
 * per level in memory. Names with a leading dot are not objects; links are not followed. A folder that is skipped is not
 * even opened.
 * @param parent The key of `directory`, with its slash; '' at the top.
 */
export async function* listFiles(
  directory: string,
  parent: string,
  prefix: string,
  options: FileListOptions,
): AsyncGenerator<StoredObject> {
  const { signal, skips, passesOver } = options;
  const found = await entriesOf(directory).catch((error: unknown) => {
    // Of the top everything would be missing.
    if (parent === '' || !passesOver(parent, error)) throw error;
    return [];
  });
  const entries = found.filter(({ name }) => !name.startsWith('.'));
  entries.sort((one, other) => Buffer.compare(sortName(one), sortName(other)));
  for (const entry of entries) {
    signal?.throwIfAborted();
    const key = parent + entry.name;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      const below = `${key}/`;
      const isBelow = below.length > prefix.length && below.startsWith(prefix) && skips?.(below) !== true;
      if (isBelow || prefix.startsWith(below)) yield* listFiles(path, below, prefix, options);
    } else if (entry.isSymbolicLink() && (key.startsWith(prefix) || prefix.startsWith(`${key}/`))) {
      // Links are nobody's objects; but one that leads in circles was something once.
      await stat(path).catch((error: unknown) => errno(error) === 'ELOOP' && passesOver(key, error));
    } else if (entry.isFile() && key.startsWith(prefix)) {
      const found = await stat(path).catch((error: unknown) => {
        // Pruned since the directory was read.
        if (errno(error) === 'ENOENT' || passesOver(key, error)) return undefined;
        throw error;
      });
      if (found !== undefined) yield { key, bytes: found.size, modifiedAt: found.mtime, tag: tagOf(found) };
    }
  }
}

/** Clocks of file systems go by ticks, and those of file servers are not quite ours. */
const settledAfterMs = 2_000;

/**
 * The time of the last change to the inode cannot be set by anybody, other than that of the content. What changed just now
 * may change again within one tick, and nobody would see it: it has no tag yet.
 */
function tagOf({ ino, mtimeMs, ctimeMs }: Stats): string | undefined {
  if (Math.abs(Date.now() - ctimeMs) < settledAfterMs) return undefined;
  return `${ino}-${mtimeMs}-${ctimeMs}`;
}

/**
 * The names of the directories in one, sorted; also those of links that lead in circles, which were something once, and of
 * which whoever looks into them says so. @throws Node's error where it is not there, and is the store's own
 */
export async function listFolders(directory: string, prefix: string): Promise<string[]> {
  const path = join(directory, prefix);
  const entries = prefix === '' ? await readdir(path, { withFileTypes: true }) : await entriesOf(path);
  const folders: Dirent[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    if (entry.isDirectory() || (entry.isSymbolicLink() && (await isLoop(join(path, entry.name)))))
      folders.push(entry);
  }
  return folders.sort((one, other) => Buffer.compare(sortName(one), sortName(other))).map(({ name }) => name);
}

async function isLoop(path: string): Promise<boolean> {
  return await stat(path).then(
    () => false,
    (error: unknown) => errno(error) === 'ELOOP',
  );
}
