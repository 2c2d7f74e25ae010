import { type FetchContext, fetchArchive, streamArchive } from '../inventory/fetch-archive.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { archiveBytes } from '../manifest/sizes.ts';
import type { ArchiveAt } from '../postgres/archive/archive-at.ts';
import { scratchTooSmall } from '../scratch/free-room.ts';
import type { Scratch } from '../scratch/scratch.ts';

/** Left free for other programs. */
const reserveBytes = 64 * 1024 * 1024;

/**
 * The archive as a file where there is room for it: then every byte is checked before the target is touched, and
 * pg_restore works with several processes. Else as a stream.
 *
 * @param directory of ours, within `scratch`
 * @param context `mustBeFile`: why a stream will not do, for people; undefined where it will
 * @throws ScratchTooSmall, ChecksumMismatch, what the store throws
 */
export async function bringArchive(
  manifest: Manifest,
  directory: string,
  {
    mustBeFile,
    scratch,
    ...context
  }: FetchContext & {
    readonly mustBeFile: string | undefined;
    readonly scratch: Scratch;
  },
): Promise<ArchiveAt> {
  const free = Math.max(0, (await scratch.freeBytes()) - reserveBytes);
  const needed = archiveBytes(manifest);
  if (needed <= free) return await fetchArchive(manifest, directory, context);
  if (mustBeFile === undefined) return await streamArchive(manifest, context);
  throw scratchTooSmall({
    free,
    needed,
    directory: scratch.directory,
    what: 'The archive',
    why: `it has to be a file: ${mustBeFile}`,
    fix: 'Name a directory with more room with --scratch.',
  });
}
