import { access, constants } from 'node:fs/promises';
import { resolve } from 'node:path';
import { messageOf, UsageError } from '../core/errors.ts';
import { type Scratch, temporaryScratch } from '../core/scratch/scratch.ts';

/**
 * The place that `--scratch` names, else the system's.
 * @throws UsageError where there is no such directory, or we may not write there
 */
export async function scratchFrom({ scratch }: { readonly scratch?: string }): Promise<Scratch> {
  if (scratch === undefined) return temporaryScratch();
  const directory = resolve(scratch);
  try {
    // A trailing slash: a file is refused too.
    await access(`${directory}/`, constants.W_OK | constants.X_OK);
  } catch (cause: unknown) {
    throw new UsageError(
      {
        what: '--scratch is no directory that can be written to',
        got: messageOf(cause),
        fix: 'Make it, or name another one.',
      },
      { cause },
    );
  }
  return temporaryScratch(directory);
}
