import { statfs } from 'node:fs/promises';
import { PgproofError } from '../errors.ts';
import { formatBytes } from '../text/units.ts';

/** There is too little room for what has to lie on a disk for a while. */
export class ScratchTooSmall extends PgproofError {
  override readonly name = 'ScratchTooSmall';
}

/** Bytes that an ordinary user may still write to the disk of this directory. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

/** What is kept free for others: a twentieth of a disk, 2 GB at most. A server writes no more than that in a second. */
const keptFree = { share: 0.05, mostBytes: 2e9 };

/** What an ordinary user may still write to this directory's disk, and what should be left of it. */
export async function diskRoom(
  directory: string,
): Promise<{ readonly freeBytes: number; readonly reserveBytes: number }> {
  const { bavail, blocks, bsize } = await statfs(directory);
  return {
    freeBytes: bavail * bsize,
    reserveBytes: Math.min(blocks * bsize * keptFree.share, keptFree.mostBytes),
  };
}

export type RoomProblem = {
  readonly free: number;
  readonly needed: number;
  readonly directory: string;
  /** What would lie there, as the beginning of a sentence: `The archive`. */
  readonly what: string;
  /** Why it has to lie there, where that is not plain. */
  readonly why?: string | undefined;
  readonly fix: string;
};

export function scratchTooSmall({ free, needed, directory, what, why, fix }: RoomProblem): ScratchTooSmall {
  return new ScratchTooSmall({
    what: `${what} does not fit into ${directory}`,
    got: `${formatBytes(free)} free`,
    expected: `about ${formatBytes(needed)}${why === undefined ? '' : ` (${why})`}`,
    fix,
  });
}

/** @throws ScratchTooSmall where less is free than needed */
export function assertRoom(room: RoomProblem): void {
  if (room.free < room.needed) throw scratchTooSmall(room);
}
