import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const leastPauseMilliseconds = 250;
/** Counting must not slow down the server on the same disk: each pause is this many times as long as the count. */
const pausesPerCount = 15;
/** What lstat calls a block, whatever the file system's are. */
const blockBytes = 512;

/** Bytes that a directory takes on the disk, with all below it. Files that vanish meanwhile count as nothing. */
export async function directoryBytes(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  let total = 0;
  for (let index = 0; index < entries.length; index += 64) {
    const some = entries.slice(index, index + 64).map(async (entry) => {
      const path = join(directory, entry.name);
      const own = ((await lstat(path).catch(() => undefined))?.blocks ?? 0) * blockBytes;
      return entry.isDirectory() ? own + (await directoryBytes(path)) : own;
    });
    for (const bytes of await Promise.all(some)) total += bytes;
  }
  return total;
}

export type UsageWatch = {
  /** The most that was seen so far. */
  readonly peakBytes: () => number;
  /** Counts once more and ends. */
  readonly stop: () => Promise<void>;
};

/**
 * Counts a directory again and again. What comes and goes between two counts is not seen.
 * @param onCount is told each count
 */
export function watchUsage(
  directory: string,
  onCount: (bytes: number) => Promise<void> = async () => undefined,
): UsageWatch {
  const end = new AbortController();
  let peak = 0;
  const count = async (): Promise<void> => {
    const bytes = await directoryBytes(directory);
    peak = Math.max(peak, bytes);
    await onCount(bytes);
  };
  const watching = (async () => {
    while (!end.signal.aborted) {
      const began = performance.now();
      await count();
      const pause = Math.max(leastPauseMilliseconds, pausesPerCount * (performance.now() - began));
      await sleep(pause, undefined, { signal: end.signal, ref: false }).catch(() => undefined);
    }
  })();
  return {
    peakBytes: () => peak,
    stop: async () => {
      end.abort();
      await watching;
      await count();
    },
  };
}
