import { statfs } from 'node:fs/promises';
import { PgproofError } from '../errors.ts';
import { type FetchContext, fetchArchive, streamArchive } from '../inventory/fetch-archive.ts';
import { archiveBytes } from '../inventory/list-backups.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { ArchiveAt } from '../postgres/archive/archive-at.ts';
import { formatBytes } from '../text/units.ts';

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
