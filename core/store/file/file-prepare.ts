import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import prettyBytes from 'pretty-bytes';
import { freeBytes } from '../../scratch/free-room.ts';
import { StoreUnusable } from '../store.ts';
import { discard, type FileRoot, openStagingFile } from './file-write.ts';
import { ownerOf } from './staging-owner.ts';

/**
 * A dump that has written nothing for a day is not running any more, unless its process is seen to: what is written
 * first, such as the roles, waits for the archive.
 */
const staleAfterMs = 24 * 60 * 60 * 1000;

/** Removes what killed runs have left. Never throws. */
async function clearStale(staging: string): Promise<void> {
  for (const name of await readdir(staging).catch(() => [])) {
    const path = join(staging, name);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() && Date.now() - found.mtimeMs > staleAfterMs && (await ownerOf(name)) !== 'lives')
      await rm(path, { force: true }).catch(() => undefined);
  }
}

/** Tries what a run will need: makes the directory, writes a file, looks at the room. Leaves nothing. */
export async function prepareDirectory(root: FileRoot, url: string, expectedBytes: number): Promise<void> {
  await clearStale(root.staging);
  const { path, handle } = await openStagingFile(root);
  try {
    await handle.write('pgproof');
    await handle.sync();
    const free = await freeBytes(root.directory);
    if (expectedBytes > free)
      throw new StoreUnusable({
        what: `There is too little room for the backup (${url})`,
        got: `${prettyBytes(free, { binary: true })} free`,
        expected: `at least ${prettyBytes(expectedBytes, { binary: true })}`,
        fix: 'Make room, or use another disk.',
      });
  } finally {
    await handle.close();
    await discard(root, path);
  }
}
