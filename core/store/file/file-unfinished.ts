import type { Stats } from 'node:fs';
import { lstat, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Unfinished } from '../prunable.ts';
import { type ReadOptions, StoreUnusable } from '../store.ts';
import { errno } from './file-error.ts';
import { ownerOf } from './staging-owner.ts';

/** As pgproof names them: staging files of now and of before, and locks, which are held for milliseconds. */
const isOurs = (name: string): boolean =>
  /^[0-9a-f]{24}(\.[0-9a-f]{16}-\d+-\d+)?\.partial$|^[0-9a-f]{64}\.lock(\.[0-9a-f]{12})?$/.test(name);

/** A file itself, not what a link leads to; undefined where there is none. */
async function fileAt(path: string): Promise<Stats | undefined> {
  try {
    const found = await lstat(path);
    return found.isFile() ? found : undefined;
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Every staging file there is, by name. Other people's files that lie beside them are none. */
export async function listStaging(staging: string, { signal }: ReadOptions = {}): Promise<Unfinished[]> {
  const found: Unfinished[] = [];
  for (const id of (await namesIn(staging)).filter(isOurs).sort()) {
    signal?.throwIfAborted();
    const file = await fileAt(join(staging, id));
    if (file === undefined) continue;
    const { size: bytes, mtime: writtenAt } = file;
    found.push({ kind: 'staging-file', id, key: undefined, writtenAt, bytes, owner: await ownerOf(id) });
  }
  return found;
}

async function namesIn(staging: string): Promise<string[]> {
  try {
    // A link would lead to a directory whose files are not ours.
    return (await lstat(staging)).isDirectory() ? await readdir(staging) : [];
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') return [];
    throw error;
  }
}

/** @param url of the store @throws StoreUnusable where the file is in use after all */
export async function removeStaging(staging: string, one: Unfinished, url: string): Promise<void> {
  const { id, writtenAt } = one;
  const where = `${url}/.staging/${id}`;
  if (one.kind !== 'staging-file' || !isOurs(id))
    throw new StoreUnusable({
      what: `What is to be removed is no staging file of a directory (${url})`,
      got: `${one.kind} ${JSON.stringify(id)}`,
      fix: 'List what there is anew.',
    });
  const file = await fileAt(join(staging, id));
  if (file === undefined) return;
  if (file.mtime.getTime() !== writtenAt?.getTime() || (await ownerOf(id)) === 'lives')
    throw new StoreUnusable({
      what: `A staging file is written to (${where})`,
      got: `last at ${file.mtime.toISOString()}`,
      fix: 'Nothing was removed: its run goes on.',
    });
  await rm(join(staging, id), { force: true });
  await rmdir(staging).catch(() => undefined);
}
