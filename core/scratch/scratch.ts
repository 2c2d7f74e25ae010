import { createWriteStream } from 'node:fs';
import { rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { finished } from 'node:stream/promises';
import { offer } from '../process/offer.ts';
import { makeMarkedDirectory } from './leftovers.ts';

/** Where files may lie for a while, and how much of them. */
export type Scratch = {
  readonly directory: string;
  /** Bytes that may still be written there. */
  readonly freeBytes: () => Promise<number>;
};

/** @param directory default: the system's temporary directory */
export function temporaryScratch(directory: string = tmpdir()): Scratch {
  return {
    directory,
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(directory);
      return bavail * bsize;
    },
  };
}

/**
 * Gives `work` a directory that nobody else may read (0700), and takes it away whatever happens. Where this process is
 * killed, `removeLeftovers` knows it.
 */
export async function withScratchDirectory<T>(
  scratch: Scratch,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const directory = await makeMarkedDirectory(scratch.directory);
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A file that is being written. Errors are told at the end: whoever brings the bytes brings them for others too. */
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
