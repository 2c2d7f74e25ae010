import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What postmaster.pid in the data directory tells of a running server. */
export type PostmasterFile = {
  /** Whether the server takes connections. */
  readonly isReady: boolean;
  /** The id of the System V shared memory segment. */
  readonly sharedMemory: string | undefined;
};

/**
 * The last line is the state (manual of pg_ctl, `wait`), line 7 holds the key and the id of the segment. Of a server
 * that has not written the file yet neither is known.
 */
export async function readPostmasterFile(data: string): Promise<PostmasterFile> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  return {
    isReady: lines.at(7)?.startsWith('ready') === true,
    sharedMemory: /^\s*\d+\s+(\d+)\s*$/.exec(lines.at(6) ?? '')?.[1],
  };
}
