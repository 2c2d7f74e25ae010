import { lstat, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PgproofError } from '../../errors.ts';
import { checkKey } from '../key.ts';
import type { NotRemoved } from '../prunable.ts';
import { type ReadOptions, StoreUnusable } from '../store.ts';
import { syncDirectory } from './file-directories.ts';
import { errno, fromFileSystem } from './file-error.ts';

type Root = { readonly directory: string; readonly url: string };

/** Which directories below the root are directories, and no links: a link may lead out of the store. */
class RealDirectories {
  readonly #root: string;
  readonly #known = new Map<string, Promise<boolean>>();

  constructor(root: string) {
    this.#root = root;
  }

  /** False where it, or one above it, is not there. @throws StoreUnusable where there is something else */
  async has(directory: string): Promise<boolean> {
    // The root itself may be a link: it is where the user says that the store is.
    if (directory === this.#root) return true;
    const known = this.#known.get(directory) ?? this.#look(directory);
    this.#known.set(directory, known);
    return await known;
  }

  async #look(directory: string): Promise<boolean> {
    if (!(await this.has(dirname(directory)))) return false;
    try {
      const found = await lstat(directory);
      if (found.isDirectory()) return true;
      if (!found.isSymbolicLink()) return false;
    } catch (error) {
      if (errno(error) === 'ENOENT') return false;
      throw error;
    }
    throw new StoreUnusable({
      what: 'A directory of the store is a symbolic link',
      got: directory,
      fix: 'Nothing is deleted through a link. Name the directory itself as the store, or delete by hand.',
    });
  }
}

async function removeFile(path: string, where: string): Promise<void> {
  try {
    const found = await lstat(path);
    if (!found.isFile())
      throw new StoreUnusable({
        what: `What lies there is no file (${where})`,
        got: found.isSymbolicLink() ? 'a symbolic link' : found.isDirectory() ? 'a directory' : undefined,
        fix: 'pgproof did not make it; look at it, and delete it by hand.',
      });
    await unlink(path);
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return;
    throw error;
  }
}

/** Removes directories that have become empty, upwards to the root, and makes durable what went out of the others. */
async function tidy(root: string, touched: ReadonlySet<string>): Promise<void> {
  for (let round = touched; round.size > 0; ) {
    const emptied = new Set<string>();
    // The deepest first, so that one is tried after those in it.
    for (const directory of [...round].sort((one, other) => other.length - one.length)) {
      if (directory === root || !(await isRemoved(directory))) await syncIfThere(directory);
      else if (!round.has(dirname(directory))) emptied.add(dirname(directory));
    }
    round = emptied;
  }
}

/** Another run may have removed it. */
async function syncIfThere(directory: string): Promise<void> {
  await syncDirectory(directory).catch((error: unknown) => {
    if (errno(error) !== 'ENOENT') throw error;
  });
}

async function isRemoved(directory: string): Promise<boolean> {
  return await rmdir(directory).then(
    () => true,
    () => false,
  );
}

/** Deletes files by their keys, and the directories that are empty without them. See `PrunableStore.remove`. */
export async function removeFiles(
  { directory, url }: Root,
  keys: Iterable<string>,
  { signal }: ReadOptions = {},
): Promise<NotRemoved[]> {
  const real = new RealDirectories(directory);
  const touched = new Set<string>();
  const left: NotRemoved[] = [];
  try {
    for (const key of keys) {
      signal?.throwIfAborted();
      const path = join(directory, key);
      try {
        checkKey(key);
        if (!(await real.has(dirname(path)))) continue;
        await removeFile(path, `${url}/${key}`);
        // Also where it was gone: a run that was killed may have left the directory.
        touched.add(dirname(path));
      } catch (error) {
        left.push({ key, why: asOurs(error, `${url}/${key}`) });
      }
    }
  } finally {
    await tidy(directory, touched).catch((error: unknown) => {
      throw fromFileSystem(error, url, 'delete');
    });
  }
  return left;
}

/** @throws what is no trouble of the file system, a defect */
function asOurs(error: unknown, where: string): PgproofError {
  const ours = fromFileSystem(error, where, 'delete');
  if (ours instanceof PgproofError) return ours;
  throw ours;
}
