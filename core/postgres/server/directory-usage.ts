import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const leastPauseMilliseconds = 250;
/** Counting must not slow down the server on the same disk: each pause is this many times as long as the count. */
const pausesPerCount = 15;
/** What lstat calls a block, whatever the file system's are. */
const blockBytes = 512;

const atOnce = 64;

/**
 * Bytes that a directory takes on the disk, with all below it. Files that vanish meanwhile count as nothing. Names are
 * held a few at a time: SQL may make more of them than fit into memory.
 */
export async function directoryBytes(directory: string): Promise<number> {
  let total = 0;
  let some: Dirent[] = [];
  const count = async (): Promise<void> => {
    const all = await Promise.all(some.map((entry) => entryBytes(directory, entry)));
    for (const bytes of all) total += bytes;
    some = [];
  };
  try {
    for await (const entry of await opendir(directory, { bufferSize: atOnce })) {
      if (some.push(entry) === atOnce) await count();
    }
  } catch {
    // It is gone.
  }
  await count();
  return total;
}

async function entryBytes(directory: string, entry: Dirent): Promise<number> {
  const path = join(directory, entry.name);
  const own = ((await lstat(path).catch(() => undefined))?.blocks ?? 0) * blockBytes;
  return entry.isDirectory() ? own + (await directoryBytes(path)) : own;
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
