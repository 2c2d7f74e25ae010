import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredFile } from '../../manifest/manifest.ts';
import type { CopyRowCounts } from '../../postgres/archive/copy-rows.ts';
import { readToc, TocUnreadable } from '../../postgres/archive/toc.ts';
import { withUseList } from '../../postgres/archive/use-list.ts';
import type { PostgresTools } from '../../postgres/programs/tools.ts';
import { stopReason } from '../../process/stop-reason.ts';
import { withScratchDirectory } from '../../scratch/scratch.ts';
import {
  type ArchiveContext,
  type ArchiveResult,
  broken,
  type Decoding,
  decodingOfExit,
  type KeptArchive,
  undecided,
  undecidedBy,
} from './decoding.ts';
import { type Batch, batchesFor, type DirectoryLayout, layoutOf, unfiledData } from './directory-layout.ts';
import { fetchFiles, type ObjectResults, pathOf } from './fetch-files.ts';
import { startRestoreReader } from './restore-reader.ts';
import { readStored } from './stored-object.ts';

/**
 * pg_restore reads this format from files only. So that an archive larger than the disk can be verified, its files
 * come to the disk in batches: the table of contents stays, a table's file is decoded and goes.
 */
export async function readDirectory(
  files: readonly StoredFile[],
  context: ArchiveContext,
): Promise<ArchiveResult> {
  const objects: ObjectResults = new Map();
  const data = await decodeDirectory(files, context, objects).catch(undecidedBy);
  // What was not decoded is read for its hash all the same.
  for (const file of files) {
    if (!objects.has(file)) objects.set(file, await readStored(file, context));
  }
  return { objects: [...objects.values()], data, kept: keptOf(data, context) };
}

function keptOf(data: Decoding, { keepIn }: ArchiveContext): KeptArchive | undefined {
  if (keepIn === undefined) return undefined;
  return data.kind === 'decoded'
    ? { path: join(keepIn, 'archive') }
    : { problem: new Error('the archive could not be decoded whole') };
}

async function decodeDirectory(
  files: readonly StoredFile[],
  context: ArchiveContext,
  objects: ObjectResults,
): Promise<Decoding> {
  const layout = layoutOf(files);
  if (layout === undefined) return broken('the manifest does not name the files of a directory archive');
  const tools = await context.archiveTools();
  const { directory, freeBytes } = context.scratch;
  const free = await freeBytes();
  const { batches, needsBytes } = batchesFor(layout, free);
  if (needsBytes > free) {
    return undecided(
      `no room: ${needsBytes} bytes are needed in ${directory}, ${needsBytes - free} of them are missing`,
    );
  }
  const decode = (place: string): Promise<Decoding> =>
    decodeIn(place, { layout, batches, tools }, context, objects);
  return await (context.keepIn === undefined
    ? withScratchDirectory(context.scratch, decode)
    : decode(context.keepIn));
}

type Plan = {
  readonly layout: DirectoryLayout;
  readonly batches: readonly Batch[];
  readonly tools: PostgresTools;
};

async function decodeIn(
  place: string,
  { layout, batches, tools }: Plan,
  context: ArchiveContext,
  objects: ObjectResults,
): Promise<Decoding> {
  const { signal, stallSeconds, keepIn, writtenBy } = context;
  const path = join(place, 'archive');
  const gap = await fetchFiles([layout.toc], path, context, objects);
  if (gap !== undefined) return gap;
  const unfiled = await listUnfiled(tools, path, context);
  if (!Array.isArray(unfiled)) return unfiled;
  const counts: CopyRowCounts[] = [];
  for (const batch of batches) {
    const missing = await fetchFiles(batch.files, path, context, objects);
    if (missing !== undefined) return missing;
    const dumpIds = batch.dumpIds ?? unfiled;
    if (dumpIds.length === 0) continue;
    const decoding = await withUseList({ dumpIds, directory: place }, (useList) => {
      const archive = { format: 'directory', path, useList } as const;
      return startRestoreReader({ tools, writtenBy, archive, signal, stallSeconds }).end();
    });
    if (decoding.kind !== 'decoded') return decoding;
    counts.push(decoding.counts);
    if (keepIn !== undefined) continue;
    for (const file of batch.files) await rm(pathOf(path, file));
  }
  return { kind: 'decoded', counts: together(counts) };
}

/** The dump ids of data that no file is called by (large objects, sequences), or why they cannot be known. */
async function listUnfiled(
  tools: PostgresTools,
  path: string,
  { signal, stallSeconds, writtenBy }: ArchiveContext,
): Promise<number[] | Decoding> {
  const timeout = AbortSignal.timeout(stallSeconds * 1_000);
  const eitherSignal = AbortSignal.any([signal, timeout]);
  try {
    return unfiledData(await readToc({ tools, path, format: 'directory', signal: eitherSignal }));
  } catch (error: unknown) {
    if (signal.aborted) return undecided(stopReason(signal));
    if (timeout.aborted)
      return undecided(`pg_restore --list took more than ${stallSeconds} s and was stopped`);
    const decoding =
      error instanceof TocUnreadable ? await decodingOfExit(error.exit, { tools, writtenBy }) : undefined;
    return decoding ?? undecidedBy(error);
  }
}

function together(all: readonly CopyRowCounts[]): CopyRowCounts {
  return {
    tables: all.flatMap(({ tables }) => tables),
    rows: all.reduce((sum, { rows }) => sum + rows, 0),
    encoding: all[0]?.encoding ?? 'UTF8',
    complete: all.every(({ complete }) => complete),
  };
}
