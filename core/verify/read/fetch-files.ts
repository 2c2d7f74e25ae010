import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredFile } from '../../manifest/manifest.ts';
import { stopReason } from '../../process/stop-reason.ts';
import { scratchFile } from '../../scratch/scratch.ts';
import { type ArchiveContext, type Decoding, decodingOfGap, undecided, undecidedBy } from './decoding.ts';
import { nameInDirectory } from './directory-layout.ts';
import { readStored, type StoredObjectResult } from './stored-object.ts';

/** What came of the objects that were read, in their order. */
export type ObjectResults = Map<StoredFile, StoredObjectResult>;

/** Brings files of a directory archive into the directory `path`; undefined where all went well. */
export async function fetchFiles(
  files: readonly StoredFile[],
  path: string,
  context: ArchiveContext,
  objects: ObjectResults,
): Promise<Decoding | undefined> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  for (const file of files) {
    const copy = scratchFile(pathOf(path, file));
    const object = await readStored(file, context, copy.write);
    objects.set(file, object);
    try {
      await copy.end();
    } catch (error: unknown) {
      return undecidedBy(error);
    }
    if (context.signal.aborted) return undecided(stopReason(context.signal));
    if (object.kind !== 'whole') return decodingOfGap(object);
  }
  return undefined;
}

/** Where `fetchFiles` puts a file. */
export function pathOf(directory: string, file: StoredFile): string {
  const name = nameInDirectory(file);
  if (name === undefined) throw new Error('the layout lets only such files through');
  return join(directory, name);
}
