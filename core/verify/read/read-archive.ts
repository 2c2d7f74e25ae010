import { join } from 'node:path';
import type { Manifest, StoredFile } from '../../manifest/manifest.ts';
import type { PostgresTools } from '../../postgres/programs/tools.ts';
import { scratchFile } from '../../scratch/scratch.ts';
import {
  type ArchiveContext,
  type ArchiveReader,
  type ArchiveResult,
  broken,
  decodingOfGap,
  type KeptArchive,
  undecided,
  undecidedBy,
} from './decoding.ts';
import { startPlainReader } from './plain-reader.ts';
import { readDirectory } from './read-directory.ts';
import { startRestoreReader } from './restore-reader.ts';
import { readStored } from './stored-object.ts';
import { tarReader } from './tar-reader.ts';

/** Reads an archive's objects, each once, for their hashes and for the rows in them. Never rejects. */
export async function readArchive(manifest: Manifest, context: ArchiveContext): Promise<ArchiveResult> {
  const files = manifest.objects.filter(({ role }) => role === 'archive');
  const { format } = manifest.dump;
  if (format === 'directory') return await readDirectory(files, context);
  const [file] = files;
  if (file === undefined || files.length > 1)
    return { objects: [], data: broken(`the manifest names ${files.length} archives`) };
  if (format === 'plain') return await readOne(file, context, startPlainReader(file.name));
  let tools: PostgresTools;
  try {
    tools = await context.archiveTools();
  } catch (error: unknown) {
    return { ...(await readOne(file, context, undefined)), data: undecidedBy(error) };
  }
  const { signal, stallSeconds, writtenBy } = context;
  const reader = startRestoreReader({ tools, writtenBy, archive: { format }, signal, stallSeconds });
  return await readOne(file, context, format === 'tar' ? tarReader(reader) : reader);
}

async function readOne(
  file: StoredFile,
  context: ArchiveContext,
  reader: ArchiveReader | undefined,
): Promise<ArchiveResult> {
  const path = context.keepIn === undefined ? undefined : join(context.keepIn, 'archive');
  const copy = path === undefined ? undefined : scratchFile(path);
  const object = await readStored(file, context, async (chunk) => {
    const copied = copy?.write(chunk);
    await reader?.write(chunk);
    await copied;
  });
  const kept = path === undefined ? undefined : await copy?.end().then(() => ({ path }), problemOf);
  const objects = [object];
  if (object.kind === 'whole')
    return { objects, kept, data: (await reader?.end()) ?? undecided('it was not decoded') };
  // What a reader makes of bytes that stopped coming is no statement about the backup.
  await reader?.abandon();
  return { objects, kept, data: decodingOfGap(object) };
}

function problemOf(problem: unknown): KeptArchive {
  return { problem };
}
