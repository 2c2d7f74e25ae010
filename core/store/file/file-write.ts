import { createHash } from 'node:crypto';
import { type FileHandle, link, open, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { watchForOrphans } from '../../process/orphan-watch.ts';
import { type MadeDirectories, syncDirectory } from './file-directories.ts';
import { errno, keyTaken } from './file-error.ts';
import { newStagingName } from './staging-owner.ts';

/** A store on disk, as its parts share it. */
export type FileRoot = {
  readonly directory: string;
  readonly staging: string;
  readonly made: MadeDirectories;
  /** Whether `link` may be tried; without it a lock file makes commits exclusive. */
  readonly hardLinks: boolean;
  /** How long one lock may be seen before it counts as left behind. */
  readonly lockPatienceMs: number;
};

const writeBufferBytes = 4 * 1024 * 1024;
const syncEveryBytes = 16 * 1024 * 1024;
/** Another run may remove a directory, empty as yet, between our making and our using it. */
const attempts = 5;

/** Makes the directory, then works in it; again where it has gone in between. */
export async function inDirectory<T>(root: FileRoot, directory: string, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await root.made.make(directory);
      return await work();
    } catch (error) {
      if (errno(error) !== 'ENOENT' || attempt === attempts) throw error;
    }
  }
}

export type StagingFile = { readonly path: string; readonly handle: FileHandle };

/** Staging files that would be left where this process is killed, each with what ends its watch. */
const watched = new Map<string, () => void>();

/** A new file beside the objects, on the same file system, which no listing shows. */
export async function openStagingFile(root: FileRoot): Promise<StagingFile> {
  const path = join(root.staging, await newStagingName());
  const handle = await inDirectory(root, root.staging, () => open(path, 'wx', 0o600));
  watched.set(path, watchForOrphans({ paths: [path] }));
  return { path, handle };
}

/** A staging file that has its name, or is gone, is not to be removed any more. */
function unwatch(path: string): void {
  watched.get(path)?.();
  watched.delete(path);
}

/** Takes a staging file away, and the directories that are empty without it. Never throws. */
export async function discard(root: FileRoot, path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
  unwatch(path);
  await rmdir(root.staging).catch(() => undefined);
  await root.made.removeEmpty();
}

async function writeAll(handle: FileHandle, chunks: Buffer[]): Promise<void> {
  let rest = chunks.filter(({ length }) => length > 0);
  while (rest.length > 0) {
    // A disk that fills up takes a part, and refuses only the next call.
    let { bytesWritten } = await handle.writev(rest);
    rest = rest.flatMap((chunk) => {
      const written = Math.min(bytesWritten, chunk.length);
      bytesWritten -= written;
      return written === chunk.length ? [] : [chunk.subarray(written)];
    });
  }
}

/**
 * Writes into an open file while the source is read on, and starts writing to disk early: else the sync at the end
 * would wait for gigabytes.
 * @param onBytes Told how many bytes each write took.
 * @param toError What the stream fails with, made of the file system's error.
 */
export function writeTo(
  handle: FileHandle,
  onBytes: (bytes: number) => void,
  toError: (error: unknown) => Error,
): Writable {
  let unsynced = 0;
  let syncing: Promise<void> | undefined;
  let syncError: { readonly error: unknown } | undefined;
  async function write(chunks: Buffer[]): Promise<void> {
    if (syncError !== undefined) throw syncError.error;
    await writeAll(handle, chunks);
    const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
    onBytes(bytes);
    unsynced += bytes;
    // A disk that is slower than the source has its sync still under way: the next one takes more at once.
    if (unsynced < syncEveryBytes || syncing !== undefined) return;
    unsynced = 0;
    syncing = handle
      .datasync()
      .catch((error: unknown) => {
        syncError = { error };
      })
      .finally(() => {
        syncing = undefined;
      });
  }
  async function finish(): Promise<void> {
    await syncing;
    if (syncError !== undefined) throw syncError.error;
    await handle.sync();
  }
  const settle = (work: Promise<void>, done: (error?: Error | null) => void): void =>
    void work.then(
      () => done(),
      (error: unknown) => done(toError(error)),
    );
  return new Writable({
    highWaterMark: writeBufferBytes,
    write: (chunk: Buffer, _encoding, done) => settle(write([chunk]), done),
    writev: (items, done) => settle(write(items.map(({ chunk }) => chunk as Buffer)), done),
    final: (done) => settle(finish(), done),
    // The file may be closed only when nothing writes to it any more.
    destroy: (error, done) => void Promise.resolve(syncing).then(() => done(error)),
  });
}

/** The file that whoever changes `final` by looking first holds meanwhile. */
export function lockPath(root: FileRoot, final: string): string {
  return join(root.staging, `${createHash('sha256').update(final).digest('hex')}.lock`);
}

/** Without hard links: a lock file of the key's own makes look-and-rename exclusive among pgproof's runs. */
async function renameIfFree(root: FileRoot, from: string, to: string, where: string): Promise<void> {
  const lock = lockPath(root, to);
  const handle = await open(lock, 'wx', 0o600).catch((error: unknown) => {
    throw errno(error) === 'EEXIST' ? keyTaken(where, error) : error;
  });
  try {
    await handle.close();
    const taken = await stat(to).then(
      () => true,
      () => false,
    );
    if (taken) throw keyTaken(where);
    await rename(from, to);
  } finally {
    await rm(lock, { force: true });
  }
}

const withoutLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/** Gives a synced staging file its final name, whole, unless the name is taken. @throws ObjectExists */
export async function publish(root: FileRoot, staged: string, final: string, where: string): Promise<void> {
  await inDirectory(root, dirname(final), async () => {
    try {
      if (!root.hardLinks) throw Object.assign(new Error('not to be used'), { code: 'ENOTSUP' });
      await link(staged, final);
      await unlink(staged);
    } catch (error) {
      if (errno(error) === 'EEXIST') throw keyTaken(where, error);
      if (!withoutLinks.has(errno(error) ?? '')) throw error;
      await renameIfFree(root, staged, final, where);
    }
  });
  unwatch(staged);
  await syncDirectory(dirname(final));
  await rmdir(root.staging).catch(() => undefined);
}

/** Puts a synced staging file in the place of whatever is there. */
export async function publishOver(root: FileRoot, staged: string, final: string): Promise<void> {
  await inDirectory(root, dirname(final), () => rename(staged, final));
  unwatch(staged);
  await syncDirectory(dirname(final));
  await rmdir(root.staging).catch(() => undefined);
}
