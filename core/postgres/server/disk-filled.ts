import { formatBytes } from '../../text/units.ts';
import { PrivateServerError } from './cluster.ts';

export type DiskUse = {
  /** Where the server lies, for people. */
  readonly directory: string;
  /** How much of the disk the server was given. */
  readonly roomBytes: number;
  /** What else is expected to come to lie on the disk while the server runs: the archive. */
  readonly besideBytes: number;
  /** What the server's directory takes now. */
  readonly bytes: number;
  /** Free when the server had just started, and now. */
  readonly freeAtStartBytes: number;
  readonly freeBytes: number;
  /** What should be left of the disk for others. */
  readonly reserveBytes: number;
};

/**
 * Why the server has to be stopped before it fills the disk, which would take other servers down: SQL can write for ever.
 * A file that was deleted while a program holds it open is in no directory; by how much less is free there is no telling
 * whose it is, so that counts as the most that the server can have taken.
 *
 * @returns undefined where there is room enough, or where the server cannot be the reason
 */
export function diskFilled(use: DiskUse): PrivateServerError | undefined {
  const { directory, roomBytes, besideBytes, bytes, freeAtStartBytes, freeBytes, reserveBytes } = use;
  if (freeBytes >= reserveBytes) return undefined;
  const mostBytes = freeAtStartBytes - freeBytes - besideBytes;
  const isCounted = bytes > roomBytes;
  if (!isCounted && mostBytes <= roomBytes) return undefined;
  const bound = `at the most ${formatBytes(mostBytes)}: so much less is free than when it started, for files that were deleted and are still open, or for what others wrote`;
  return new PrivateServerError({
    what: isCounted
      ? 'The restored database takes more room than expected, and the disk is nearly full'
      : 'The disk is nearly full, and the restored database may take more room than expected',
    got: `${formatBytes(bytes)} in ${directory}${isCounted ? '' : ` (${bound})`}, ${formatBytes(freeBytes)} are free`,
    expected: `about ${formatBytes(roomBytes)}`,
    fix: 'Give it more room with --scratch, on a disk of its own.',
  });
}
