import { join } from 'node:path';
import type { Manifest, StoredFile } from '../../manifest/manifest.ts';
import { scratchFile } from '../../scratch/scratch.ts';
import {
  type ArchiveContext,
  type ArchiveReading,
  type KeptArchive,
  readingOfGap,
  undecidedBy,
} from './archive-reading.ts';
import { startPlainReader } from './plain-reader.ts';
import { readDirectory } from './read-directory.ts';
import { type ArchiveReader, broken, undecided } from './reading.ts';
import { pipeArguments, startRestoreReader } from './restore-reader.ts';
import { readStored } from './stored-object.ts';
import { tarReader } from './tar-reader.ts';

/** Reads an archive's objects, each once, for their hashes and for the rows in them. Never rejects. */
export async function readArchive(manifest: Manifest, context: ArchiveContext): Promise<ArchiveReading> {
  const files = manifest.objects.filter(({ role }) => role === 'archive');
  const { format } = manifest.dump;
  if (format === 'directory') return await readDirectory(files, context);
  const [file] = files;
  if (file === undefined || files.length > 1)
    return { readings: [], data: broken(`the manifest names ${files.length} archives`) };
  if (format === 'plain') return await readOne(file, context, startPlainReader(file.name));
  let program: string;
  try {
    program = await context.pgRestore();
  } catch (error: unknown) {
    return { ...(await readOne(file, context, undefined)), data: undecidedBy(error) };
  }
  const { signal, stallSeconds } = context;
  const args = pipeArguments(format);
  const reader = startRestoreReader({ program, args, stdin: 'pipe', signal, stallSeconds });
  return await readOne(file, context, format === 'tar' ? tarReader(reader) : reader);
}

async function readOne(
  file: StoredFile,
  context: ArchiveContext,
  reader: ArchiveReader | undefined,
): Promise<ArchiveReading> {
  const path = context.keepIn === undefined ? undefined : join(context.keepIn, 'archive');
  const copy = path === undefined ? undefined : scratchFile(path);
  const reading = await readStored(file, context, async (chunk) => {
    const copied = copy?.write(chunk);
    await reader?.write(chunk);
    await copied;
  });
  const kept = path === undefined ? undefined : await copy?.end().then(() => ({ path }), problemOf);
  const readings = [reading];
  if (reading.kind === 'whole')
    return { readings, kept, data: (await reader?.end()) ?? undecided('it was not decoded') };
  // What a reader makes of bytes that stopped coming is no statement about the backup.
  await reader?.abandon();
  return { readings, kept, data: readingOfGap(reading) };
}

function problemOf(problem: unknown): KeptArchive {
  return { problem };
}
