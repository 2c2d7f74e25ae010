import { statfs } from 'node:fs/promises';
import { archiveBytes } from '../shared/catalog/catalog.ts';
import { PgproofError } from '../shared/errors.ts';
import type { Manifest } from '../shared/manifest/manifest.ts';
import { type FetchContext, fetchArchive, streamArchive } from '../shared/restore/fetch-archive.ts';
import type { ArchiveAt } from '../shared/restore/restoration.ts';
import { formatBytes } from '../shared/text/units.ts';

/** There is no room for the archive, and this restore needs it as a file. */
export class ScratchTooSmall extends PgproofError {
  override readonly name = 'ScratchTooSmall';
}

/** Left free for everybody else. */
const reserveBytes = 64 * 1024 * 1024;

/**
 * The archive as a file where there is room for it: then every byte is checked before the target is touched, and
 * pg_restore works with several processes. Else as a stream.
 *
 * @param mustBeFile whether a stream will not do, and why, for people
 * @throws ScratchTooSmall, ChecksumMismatch, what the store throws
 */
export async function bringArchive(
  manifest: Manifest,
  directory: string,
  mustBeFile: string | undefined,
  context: FetchContext,
): Promise<ArchiveAt> {
  const { bavail, bsize } = await statfs(directory);
  const free = Math.max(0, bavail * bsize - reserveBytes);
  const bytes = archiveBytes(manifest);
  if (bytes <= free) return await fetchArchive(manifest, directory, context);
  if (mustBeFile === undefined) return await streamArchive(manifest, context);
  throw new ScratchTooSmall({
    what: `There is no room for the archive in ${directory}`,
    got: `${formatBytes(free)} free, the archive has ${formatBytes(bytes)}`,
    expected: `a file: ${mustBeFile}`,
    fix: 'Name a directory with more room with --scratch.',
  });
}
