import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import pLimit from 'p-limit';
import type { StoredFile } from '../manifest/manifest.ts';
import { expectedArchiveBytes } from '../postgres/dump/dump-arguments.ts';
import { assertExitedWell } from '../process/child-failed.ts';
import { assertRoom } from '../scratch/free-room.ts';
import { withScratchDirectory } from '../scratch/scratch.ts';
import { meter } from '../store/meter.ts';
import { type StagedObject, smallBytes } from '../store/store.ts';
import type { ArchiveRequest, TakenArchive } from './archive-request.ts';

/** How many of a directory's files go into the store at once. */
const uploadsAtOnce = 4;

/** pg_dump's workers write files of their own, so this format alone needs room on a disk. */
export async function takeDirectory(request: ArchiveRequest): Promise<TakenArchive> {
  const { dump, scratch } = request;
  return await withScratchDirectory(scratch, async (parent) => {
    assertRoom({
      free: await scratch.freeBytes(),
      needed: expectedArchiveBytes(request.databaseBytes, dump.compression),
      directory: scratch.directory,
      what: 'A dump in the directory format',
      fix: 'Point TMPDIR at a larger disk (in AWS: raise temporaryStorageMiB), or use the custom format, which needs none.',
    });
    const directory = join(parent, 'archive');
    const child = request.startDump(directory);
    const growth = watchGrowth(directory, (bytes) => {
      request.onLife();
      request.onBytes(bytes);
    });
    try {
      child.stdout.resume();
      assertExitedWell('pg_dump', await child.exited);
    } finally {
      growth.stop();
    }
    return await stageDirectory(request, directory);
  });
}

/** Puts every file into the store, some at once; where one fails none stays staged. */
async function stageDirectory(request: ArchiveRequest, directory: string): Promise<TakenArchive> {
  const names = (await readdir(directory)).sort();
  const limit = pLimit(uploadsAtOnce);
  const outcomes = await Promise.allSettled(
    names.map((name) => limit(() => stageFile(request, directory, name))),
  );
  const taken = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) {
    await Promise.all(taken.map(({ staged }) => staged.abort()));
    throw failure.reason;
  }
  return { staged: taken.map(({ staged }) => staged), files: taken.map(({ file }) => file) };
}

async function stageFile(
  { store, key, lock, signal, onLife }: ArchiveRequest,
  directory: string,
  fileName: string,
): Promise<{ readonly staged: StagedObject; readonly file: StoredFile }> {
  signal.throwIfAborted();
  const path = join(directory, fileName);
  const { size } = await stat(path);
  const measured = meter(onLife);
  // An error of reading reaches the store through `measured`, so this promise says nothing new.
  pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), measured).catch(() => undefined);
  const name = `archive/${fileName}`;
  const isSmall = size <= smallBytes;
  const staged = await store.stage(key(name), measured, {
    expectedBytes: size,
    isSmall,
    lock: lock(),
    signal,
  });
  return { staged, file: { role: 'archive', name, bytes: measured.bytes(), sha256: measured.sha256() } };
}

/** The sum of the files' sizes, every second, while it changes. */
function watchGrowth(directory: string, onGrowth: (bytes: number) => void): { stop: () => void } {
  let last = 0;
  const timer = setInterval(async () => {
    const bytes = await sizeOf(directory).catch(() => last);
    if (bytes !== last) onGrowth(bytes);
    last = bytes;
  }, 1_000);
  return { stop: () => clearInterval(timer) };
}

async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory);
  const sizes = await Promise.all(names.map((name) => stat(join(directory, name)).then(({ size }) => size)));
  return sizes.reduce((sum, size) => sum + size, 0);
}
