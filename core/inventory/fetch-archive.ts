import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { PgproofError } from '../errors.ts';
import { type BackupId, formatId, keyOf } from '../manifest/backup-id.ts';
import { documentLimits } from '../manifest/document.ts';
import type { Manifest, StoredFile } from '../manifest/manifest.ts';
import type { ArchiveAt } from '../postgres/archive/archive-at.ts';
import { type Measure, type Meter, meter } from '../store/meter.ts';
import { ObjectTooLarge, type Store } from '../store/store.ts';
import { byteCount } from '../text/units.ts';

/** What is stored is not what the manifest says: the bytes changed after the backup was made. */
export class ChecksumMismatch extends PgproofError {
  override readonly name = 'ChecksumMismatch';
}

export type FetchContext = {
  readonly store: Store;
  readonly id: BackupId;
  readonly signal: AbortSignal;
  /** Told of every piece that came. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
};

/**
 * Brings an archive into a directory of this user's alone (0700), and checks every object's size and SHA-256 against the
 * manifest.
 *
 * @throws ChecksumMismatch, ObjectMissing, and what the store or the disk throws
 */
export async function fetchArchive(
  manifest: Manifest,
  directory: string,
  context: FetchContext,
): Promise<Extract<ArchiveAt, { kind: 'path' }>> {
  const files = archiveFiles(manifest);
  const isDirectory = manifest.dump.format === 'directory';
  const place = isDirectory ? join(directory, 'archive') : directory;
  await mkdir(place, { recursive: true, mode: 0o700 });
  for (const file of files) {
    const content = await context.store.read(keyOf(context.id, file.name), { signal: context.signal });
    const target = createWriteStream(join(place, basename(file.name)), { flags: 'wx', mode: 0o600 });
    await pipeline(content, checked(file, context), target, { signal: context.signal });
  }
  const [only] = files;
  return { kind: 'path', path: isDirectory || only === undefined ? place : join(place, basename(only.name)) };
}

/**
 * An archive of one object as its bytes in order, for a restore that needs no room. The stream ends with
 * ChecksumMismatch instead of its end where the bytes are not the manifest's, so that the restore that reads it
 * fails.
 *
 * @throws ObjectMissing
 * @throws Error where the archive has several objects: callers ask for the directory format's files instead
 */
export async function streamArchive(
  manifest: Manifest,
  context: FetchContext,
): Promise<Extract<ArchiveAt, { kind: 'stream' }>> {
  const [file, ...others] = archiveFiles(manifest);
  if (file === undefined || others.length > 0)
    throw new Error('only an archive of one object can be streamed');
  const content = await context.store.read(keyOf(context.id, file.name), { signal: context.signal });
  const verified = checked(file, context);
  // Its error comes out of `verified`, where the reader meets it.
  pipeline(content, verified, { signal: context.signal }).catch(() => undefined);
  return { kind: 'stream', stream: verified as AsyncIterable<Buffer> };
}

/** Reads the roles and tablespaces, which are small: SQL in the encoding that it declares. @throws ChecksumMismatch, ObjectMissing, ObjectTooLarge */
export async function fetchGlobals(manifest: Manifest, context: FetchContext): Promise<Buffer | undefined> {
  return await fetchSmall(manifest, 'globals', context);
}

/** Reads owner, grants and settings of the database itself. @throws ChecksumMismatch, ObjectMissing, ObjectTooLarge */
export async function fetchDatabaseSql(
  manifest: Manifest,
  context: FetchContext,
): Promise<string | undefined> {
  return (await fetchSmall(manifest, 'database', context))?.toString('utf8');
}

async function fetchSmall(
  manifest: Manifest,
  wanted: 'globals' | 'database',
  context: FetchContext,
): Promise<Buffer | undefined> {
  const file = manifest.objects.find(({ role }) => role === wanted);
  if (file === undefined) return undefined;
  const key = keyOf(context.id, file.name);
  if (file.bytes > documentLimits.bytes) throw new ObjectTooLarge(`${context.store.url}/${key}`);
  const content = await context.store.read(key, { signal: context.signal });
  return await pipeline(content, checked(file, context), buffer, { signal: context.signal });
}

function archiveFiles({ objects }: Manifest): StoredFile[] {
  return objects.filter(({ role }) => role === 'archive');
}

/** Passes bytes on, and ends in an error where they were not those that the manifest knows. */
function checked(file: StoredFile, context: FetchContext): Meter {
  return meter(
    (_total, piece) => context.onBytes?.(piece),
    (whole) => mismatch(file, whole, context),
    file.bytes,
  );
}

function mismatch(
  file: StoredFile,
  whole: Measure,
  { id, store }: FetchContext,
): ChecksumMismatch | undefined {
  const bytes = whole.bytes();
  const sha256 = whole.sha256();
  if (bytes === file.bytes && sha256 === file.sha256) return undefined;
  const isOfSize = bytes === file.bytes;
  return new ChecksumMismatch({
    what: `${file.name} of ${formatId(id)} in ${store.url} is not what was backed up`,
    got: isOfSize ? `sha256 ${sha256}` : `${bytes > file.bytes ? 'at least ' : ''}${byteCount(bytes)}`,
    expected: isOfSize ? `sha256 ${file.sha256}` : byteCount(file.bytes),
    fix: "Restore another backup; the bucket's version history may hold this one's true bytes.",
  });
}
