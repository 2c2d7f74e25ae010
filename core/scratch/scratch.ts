import { createWriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { finished } from 'node:stream/promises';
import { offer } from '../process/offer.ts';
import { watchForOrphans } from '../process/orphan-watch.ts';
import { freeBytes } from './free-room.ts';
import { makeMarkedDirectory, removeLeftovers } from './leftovers.ts';
import { removeTree } from './remove-tree.ts';

/** Where files may lie for a while, and how much of them. */
export type Scratch = {
  readonly directory: string;
  /** Bytes that may still be written there. */
  readonly freeBytes: () => Promise<number>;
};

/** @param directory default: the system's temporary directory */
export function temporaryScratch(directory: string = tmpdir()): Scratch {
  return { directory, freeBytes: () => freeBytes(directory) };
}

/**
 * Gives `work` a directory that only this user may read (0700), and takes it away whatever happens, also where this
 * process is killed. Removes first what killed runs have left in the same place: its room is counted on.
 */
export async function withScratchDirectory<T>(
  scratch: Scratch,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  await removeLeftovers(scratch.directory);
  const directory = await makeMarkedDirectory(scratch.directory);
  const calmWatch = watchForOrphans({ paths: [directory] });
  try {
    return await work(directory);
  } finally {
    await removeTree(directory);
    calmWatch();
  }
}

/** A file that is being written. Errors are told at the end: who brings the bytes brings them for others too. */
export function scratchFile(path: string): {
  write: (chunk: Buffer) => Promise<void>;
  /** @throws the first error of writing */
  end: () => Promise<void>;
} {
  const stream = createWriteStream(path, { flags: 'wx', mode: 0o600 });
  const done = finished(stream);
  done.catch(() => undefined);
  return {
    write: (chunk) => offer(stream, chunk),
    end: async () => {
      stream.end();
      await done;
    },
  };
}
