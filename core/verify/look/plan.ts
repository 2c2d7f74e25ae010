import { availableParallelism } from 'node:os';
import type { Manifest } from '../../manifest/manifest.ts';
import { archiveBytes } from '../../manifest/sizes.ts';
import { scratchTooSmall } from '../../scratch/free-room.ts';
import { removeLeftovers } from '../../scratch/leftovers.ts';
import type { Scratch } from '../../scratch/scratch.ts';
import { estimateRestore } from '../prove/room.ts';

/** How a backup is restored here to be looked at. */
export type LookPlan = {
  /** Whether the archive is kept as a file; else it is streamed into the server. */
  readonly keepArchive: boolean;
  /** What the private server may take. */
  readonly databaseBytes: number;
  /** Of the whole backup, guessed by its size: mostly too many. */
  readonly seconds: number;
  readonly jobs: number;
};

/**
 * Whether there is room for it, found out before anything is fetched. Of some of the tables nobody knows how large they
 * are: then the archive must fit, and the server gets what is left.
 *
 * @throws ScratchTooSmall
 */
export async function planLook(
  manifest: Manifest,
  { scratch, isPartial }: { readonly scratch: Scratch; readonly isPartial: boolean },
): Promise<LookPlan> {
  // A run that was killed may have filled the room that this one counts on.
  await removeLeftovers(scratch.directory);
  const { directory } = scratch;
  const jobs = availableParallelism();
  const free = await scratch.freeBytes();
  const means = { freeBytes: free, directory, seconds: undefined, cores: jobs };
  const whole = estimateRestore(manifest, means);
  if (whole.kind === 'fits' && (whole.keepArchive || !isPartial)) return { ...whole, jobs };
  const least = estimateRestore({ ...manifest, databaseBytes: 0 }, means);
  if (isPartial && least.kind === 'fits' && least.keepArchive)
    return { ...least, databaseBytes: free - archiveBytes(manifest), jobs };
  throw scratchTooSmall({
    free,
    needed: neededFor(manifest, isPartial),
    directory,
    what: isPartial ? 'The archive, with a server beside it,' : 'The restored database',
    fix: 'Name a directory with more room with --scratch, or restore only the tables that you look for.',
  });
}

function neededFor(manifest: Manifest, isPartial: boolean): number {
  const unlimited = { freeBytes: Number.MAX_SAFE_INTEGER, directory: '', seconds: undefined, cores: 1 };
  const asked = isPartial ? { ...manifest, databaseBytes: 0 } : manifest;
  const estimate = estimateRestore(asked, unlimited);
  const mustKeep = isPartial || manifest.dump.format === 'directory';
  return (estimate.kind === 'fits' ? estimate.databaseBytes : 0) + (mustKeep ? archiveBytes(manifest) : 0);
}
