import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { PgproofError, UsageError } from '../../errors.ts';
import { abortReasonOr } from '../../process/stop-reason.ts';
import { checkKey } from '../key.ts';
import { sha256Of } from '../meter.ts';
import { pipelineUntil } from '../pipeline-until.ts';
import {
  collectBeginning,
  type ListOptions,
  ObjectChanged,
  ObjectMissing,
  type ReadOptions,
  type StagedObject,
  type StageOptions,
  type Store,
  StoreUnusable,
  type VersionedObject,
} from '../store.ts';
import { errno, fromFileSystem, noDirectory, noObject } from './file-error.ts';
import { listFiles, listFolders } from './file-list.ts';
import { withLock } from './file-lock.ts';
import { type FileStoreSettings, filePlace, type Place } from './file-place.ts';
import { prepareDirectory } from './file-prepare.ts';
import { discard, openStagingFile, publish, publishOver, writeTo } from './file-write.ts';

const readBufferBytes = 1024 * 1024;
const leastBufferBytes = 4 * 1024;

/** @throws UsageError: nothing keeps a file from who may write into its directory */
function refuseLock({ url }: Place): void {
  throw new UsageError({
    what: 'A directory has no Object Lock',
    got: url,
    expected: 'an S3 bucket that was made with Object Lock',
    fix: 'Leave --object-lock out, or use such a bucket.',
  });
}

function staged(place: Place, key: string, path: string, bytes: number): StagedObject {
  const where = `${place.url}/${key}`;
  let state: 'staged' | 'committed' | 'aborted' = 'staged';
  return {
    key,
    bytes,
    async commit() {
      if (state !== 'staged')
        throw new PgproofError({
          what: `${where} cannot be committed`,
          got: `it is ${state}`,
          fix: 'This is a defect of pgproof.',
        });
      try {
        await publish(place, path, join(place.directory, key), where);
        state = 'committed';
      } catch (error) {
        throw fromFileSystem(error, where, 'write');
      }
    },
    async abort() {
      if (state !== 'staged') return;
      state = 'aborted';
      await discard(place, path);
    },
  };
}

async function stage(
  place: Place,
  key: string,
  content: Readable,
  { lock, signal }: StageOptions,
): Promise<StagedObject> {
  // The source may fail before it is read, or when it is destroyed: without a listener that would end the process.
  content.on('error', () => {});
  const toError = (error: unknown): Error => fromFileSystem(error, `${place.url}/${key}`, 'write');
  let path: string | undefined;
  try {
    checkKey(key);
    if (lock !== undefined) refuseLock(place);
    signal?.throwIfAborted();
    const file = await openStagingFile(place).catch((error: unknown) => {
      throw toError(error);
    });
    path = file.path;
    let bytes = 0;
    const count = (written: number): void => {
      bytes += written;
    };
    try {
      // The source's errors pass as they are, the sink's come translated: nothing has to tell them apart here.
      await pipelineUntil(content, writeTo(file.handle, count, toError), signal);
    } finally {
      await file.handle.close();
    }
    return staged(place, key, path, bytes);
  } catch (error) {
    content.destroy();
    if (path !== undefined) await discard(place, path);
    else await place.made.removeEmpty();
    throw abortReasonOr(signal, error);
  }
}

/** Writes a small object whole, synced, and hands it to `finish` for its name. */
async function writeSmall(
  place: Place,
  key: string,
  content: Uint8Array,
  finish: (staging: string, final: string) => Promise<void>,
): Promise<void> {
  checkKey(key);
  let path: string | undefined;
  try {
    const file = await openStagingFile(place);
    path = file.path;
    try {
      await file.handle.writeFile(content);
      await file.handle.sync();
    } finally {
      await file.handle.close();
    }
    await finish(path, join(place.directory, key));
  } catch (error) {
    if (path !== undefined) await discard(place, path);
    else await place.made.removeEmpty();
    throw fromFileSystem(error, `${place.url}/${key}`, 'write');
  }
}

/** What is there, with the SHA-256 of its content as version: the same content is the same to whoever replaces it. */
async function readVersion(
  place: Place,
  key: string,
  options: ReadOptions = {},
): Promise<VersionedObject | undefined> {
  try {
    const content = await collectBeginning(await read(place, key, options));
    return { content, version: sha256Of(content) };
  } catch (error) {
    if (error instanceof ObjectMissing) return undefined;
    throw error;
  }
}

async function replaceIf(
  place: Place,
  key: string,
  content: Uint8Array,
  version: string | undefined,
): Promise<void> {
  await writeSmall(place, key, content, (staging, final) =>
    withLock(place, final, async (isOurs) => {
      const isSame = (await readVersion(place, key))?.version === version;
      if (!isSame || !(await isOurs())) throw new ObjectChanged(`${place.url}/${key}`);
      await publishOver(place, staging, final);
    }),
  );
}

async function read({ directory, url }: Place, key: string, { signal }: ReadOptions = {}): Promise<Readable> {
  checkKey(key);
  signal?.throwIfAborted();
  const where = `${url}/${key}`;
  try {
    // A named pipe would keep us until somebody writes to it.
    const handle = await open(join(directory, key), constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile()) {
      await handle.close();
      throw noObject(where);
    }
    // A buffer is made at once for all that may come: of thousands of documents that would be gigabytes.
    const highWaterMark = Math.min(readBufferBytes, Math.max(leastBufferBytes, found.size + 1));
    const stream = handle.createReadStream({ highWaterMark });
    translateErrors(stream, where);
    return signal === undefined ? stream : addAbortSignal(signal, stream);
  } catch (error) {
    const absent = errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR';
    throw absent ? noObject(where, error) : fromFileSystem(error, where, 'read');
  }
}

/** A disk may fail half way: whoever reads hears of the object, as if it could not have been opened. */
function translateErrors(stream: Readable, where: string): void {
  const destroy = stream._destroy.bind(stream);
  stream._destroy = (error, done) =>
    destroy(error, (failed) => done(failed ? fromFileSystem(failed, where, 'read') : null));
}

/** Tells what cannot be looked at by itself, if somebody wants to hear it. */
function passerOf(
  { url }: Place,
  tell: ListOptions['onUnreadable'],
): (key: string, error: unknown) => boolean {
  return (key, error) => {
    const why = fromFileSystem(error, `${url}/${key}`.replace(/\/$/, ''), 'list');
    if (tell === undefined || !(why instanceof StoreUnusable && why.isOfObject)) return false;
    tell(key, why);
    return true;
  };
}

/**
 * Backups in a directory, which need not exist yet. Directories are 0700 and files 0600; a file appears under its name
 * only when it is complete and synced.
 */
export function fileStore(settings: FileStoreSettings): Store {
  const place = filePlace(settings);

  return {
    url: place.url,
    async prepare({ expectedBytes, lock, signal }) {
      signal?.throwIfAborted();
      if (lock) refuseLock(place);
      try {
        await prepareDirectory(place, place.url, expectedBytes);
      } catch (error) {
        await place.made.removeEmpty();
        throw fromFileSystem(error, place.url, 'write');
      }
    },
    async stage(key, content, options = {}) {
      return await stage(place, key, content, options);
    },
    async create(key, content, { lock } = {}) {
      if (lock !== undefined) refuseLock(place);
      const where = `${place.url}/${key}`;
      await writeSmall(place, key, content, (staging, final) => publish(place, staging, final, where));
    },
    async replace(key, content) {
      await writeSmall(place, key, content, (staging, final) => publishOver(place, staging, final));
    },
    readVersion: (key, options) => readVersion(place, key, options),
    replaceIf: (key, content, version) => replaceIf(place, key, content, version),
    async read(key, options) {
      return await read(place, key, options);
    },
    async *list(prefix, options = {}) {
      try {
        const passesOver = passerOf(place, options.onUnreadable);
        yield* listFiles(place.directory, '', prefix, { ...options, passesOver });
      } catch (error) {
        throw fromFileSystem(error, place.url, 'list');
      }
    },
    async *folders(prefix, { signal } = {}) {
      signal?.throwIfAborted();
      try {
        yield* await listFolders(place.directory, prefix);
      } catch (error) {
        if (errno(error) === 'ENOENT') throw noDirectory(place.url, error);
        throw fromFileSystem(error, `${place.url}/${prefix}`.replace(/\/$/, ''), 'list');
      }
    },
  };
}
