import { hasCrashed } from '../../process/ended-by-signal.ts';
import { isRefusalForSize } from '../../process/memory-facts.ts';
import { type ChildExit, startChild } from '../../process/run-child.ts';
import { type PostgresTools, toolPath } from '../programs/tools.ts';
import { offlineEnvironment } from './offline-pg-restore.ts';

const unknownVersion = /unsupported version \(\S+\) in file header/;

/** Whether this pg_restore reads all that this pg_dump writes: its own version's, and older ones'. */
export function mustRead({ version }: PostgresTools, writtenBy: string | undefined): boolean {
  if (writtenBy === undefined) return false;
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [itsMajor = 0, itsMinor = 0] = writtenBy.split('.').map((part) => Number.parseInt(part, 10));
  return major > itsMajor || (major === itsMajor && minor >= itsMinor);
}

/** The whole line: what pg_restore says where it gets no memory, without its name in front. */
const noMemory = /^out of memory$/m;

/**
 * What the end of a pg_restore says of the archive that it was reading, where it did not come to say so itself: lengths
 * and numbers of a damaged archive are taken as they are, and make it ask for memory that no machine has, or crash.
 *
 * @param writtenBy the version of the pg_dump that made the archive: `17.11`
 * @returns undefined where its end says nothing of the archive
 */
export async function damageInExit(
  exit: ChildExit,
  { tools, writtenBy }: { readonly tools: PostgresTools; readonly writtenBy?: string | undefined },
): Promise<string | undefined> {
  if (unknownVersion.test(exit.stderrTail) && mustRead(tools, writtenBy))
    return 'the archive is damaged: its first bytes name a version of the format that its pg_dump did not write';
  if (noMemory.test(exit.stderrTail) && exit.code !== 0 && isRefusalForSize())
    return 'the archive is damaged: by what is written in it pg_restore needs more memory at once than this machine has';
  if (hasCrashed(exit) && (await isSound(tools)))
    return `the archive is damaged: pg_restore crashes (${exit.signal}) when it reads it`;
  return undefined;
}

/** Whether the program works at all: one that always crashes says nothing of an archive. */
async function isSound(tools: PostgresTools): Promise<boolean> {
  const child = startChild({
    file: toolPath(tools, 'pg_restore'),
    args: ['--version'],
    env: offlineEnvironment,
  });
  child.stdout.resume();
  const exit = await child.exited.catch(() => undefined);
  return exit?.code === 0;
}
