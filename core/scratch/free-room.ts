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
