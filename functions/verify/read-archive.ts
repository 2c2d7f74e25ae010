import type { Manifest, StoredFile } from '../shared/manifest/manifest.ts';
import { type ArchiveContext, type ArchiveReading, readingOfGap, undecidedBy } from './archive-reading.ts';
import { type ArchiveReader, broken } from './data-reading.ts';
import { startPlainReader } from './plain-reader.ts';
import { readDirectory } from './read-directory.ts';
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
    return { readings: [await readStored(file, context)], data: undecidedBy(error) };
  }
  const { signal, stallSeconds } = context;
  const args = pipeArguments(format);
  const reader = startRestoreReader({ program, args, stdin: 'pipe', signal, stallSeconds });
  return await readOne(file, context, format === 'tar' ? tarReader(reader) : reader);
}

async function readOne(
  file: StoredFile,
  context: ArchiveContext,
  reader: ArchiveReader,
): Promise<ArchiveReading> {
  const reading = await readStored(file, context, (chunk) => reader.write(chunk));
  if (reading.kind === 'whole') return { readings: [reading], data: await reader.end() };
  // What a reader makes of bytes that stopped coming is no statement about the backup.
  await reader.abandon();
  return { readings: [reading], data: readingOfGap(reading) };
}
