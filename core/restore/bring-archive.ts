import { type FetchContext, fetchArchive, streamArchive } from '../inventory/fetch-archive.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { archiveBytes } from '../manifest/sizes.ts';
import type { ArchiveAt } from '../postgres/archive/archive-at.ts';
import { type ScratchTooSmall, scratchTooSmall } from '../scratch/free-room.ts';
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
  const room = await archiveRoom(manifest, scratch);
  if (room.needed <= room.free) return await fetchArchive(manifest, directory, context);
  if (mustBeFile === undefined) return await streamArchive(manifest, context);
  throw noRoomForArchive(room, scratch, mustBeFile);
}

/** What the archive needs as a file, and what of the scratch directory it may take. */
export async function archiveRoom(
  manifest: Manifest,
  scratch: Scratch,
): Promise<{ readonly free: number; readonly needed: number }> {
  const free = Math.max(0, (await scratch.freeBytes()) - reserveBytes);
  return { free, needed: archiveBytes(manifest) };
}

/** @param mustBeFile why a stream will not do */
export function noRoomForArchive(
  { free, needed }: { readonly free: number; readonly needed: number },
  { directory }: Pick<Scratch, 'directory'>,
  mustBeFile: string,
): ScratchTooSmall {
  return scratchTooSmall({
    free,
    needed,
    directory,
    what: 'The archive',
    why: `it has to be a file: ${mustBeFile}`,
    fix: 'Name a directory with more room with --scratch.',
  });
}
