import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredFile } from '../../manifest/manifest.ts';
import type { CopyRowCounts } from '../../postgres/archive/copy-rows.ts';
import { stopReason } from '../../process/stop-reason.ts';
import { scratchFile, withScratchDirectory } from '../../scratch/scratch.ts';
import {
  type ArchiveContext,
  type ArchiveReading,
  type KeptArchive,
  readingOfGap,
  undecidedBy,
} from './archive-reading.ts';
import { type Batch, batchesOf, layoutOf, nameInDirectory } from './directory-layout.ts';
import { listUnfiledData } from './list-contents.ts';
import { broken, type DataReading, undecided } from './reading.ts';
import { runRestoreReader } from './restore-reader.ts';
import { type ObjectReading, readStored } from './stored-object.ts';

/** Small tables are decoded together up to this much, where there is room for it. */
const batchBytes = 256 * 1024 * 1024;

/**
 * pg_restore reads this format from files only. So that an archive larger than the disk can be verified, its files
 * come to the disk in batches: the table of contents stays, a table's file is decoded and goes.
 */
export async function readDirectory(
  files: readonly StoredFile[],
  context: ArchiveContext,
): Promise<ArchiveReading> {
  const readings = new Map<StoredFile, ObjectReading>();
  const data = await decodeDirectory(files, context, readings).catch(undecidedBy);
  // What was not decoded is read for its hash all the same.
  for (const file of files) {
    if (!readings.has(file)) readings.set(file, await readStored(file, context));
  }
  const { keepIn } = context;
  const kept: KeptArchive | undefined =
    keepIn === undefined
      ? undefined
      : data.kind === 'decoded'
        ? { path: join(keepIn, 'archive') }
        : { problem: new Error('the archive could not be decoded whole') };
  return { readings: [...readings.values()], data, kept };
}

async function decodeDirectory(
  files: readonly StoredFile[],
  context: ArchiveContext,
  readings: Map<StoredFile, ObjectReading>,
): Promise<DataReading> {
  const layout = layoutOf(files);
  if (layout === undefined) return broken('the manifest does not name the files of a directory archive');
  const program = await context.pgRestore();
  const { signal, stallSeconds } = context;
  const { directory: place, freeBytes } = context.scratch;
  const free = await freeBytes();
  const needs = (batches: readonly Batch[]): number =>
    layout.toc.bytes + Math.max(...batches.map(({ bytes }) => bytes));
  let batches = batchesOf(layout, batchBytes);
  if (needs(batches) > free) batches = batchesOf(layout, 0);
  if (needs(batches) > free) {
    return undecided(
      `no room: ${needs(batches)} bytes are needed in ${place}, ${needs(batches) - free} of them are missing`,
    );
  }
  const { keepIn } = context;
  const withDirectory = <T>(work: (directory: string) => Promise<T>): Promise<T> =>
    keepIn === undefined ? withScratchDirectory(context.scratch, work) : work(keepIn);
  return await withDirectory(async (scratch) => {
    const directory = join(scratch, 'archive');
    const gap = await fetchFiles([layout.toc], directory, context, readings);
    if (gap !== undefined) return gap;
    const unfiled = await listUnfiledData(program, directory, signal, stallSeconds);
    if (!Array.isArray(unfiled)) return unfiled;
    const list = join(scratch, 'list');
    const counts: CopyRowCounts[] = [];
    for (const batch of batches) {
      const missing = await fetchFiles(batch.files, directory, context, readings);
      if (missing !== undefined) return missing;
      const ids = batch.dumpIds ?? unfiled;
      if (ids.length === 0) continue;
      await writeFile(list, ids.map((id) => `${id};\n`).join(''), { mode: 0o600 });
      const args = ['--format=directory', '--data-only', `--use-list=${list}`, '--file=-', directory];
      const reading = await runRestoreReader({ program, args, signal, stallSeconds });
      if (reading.kind !== 'decoded') return reading;
      counts.push(reading.counts);
      if (keepIn !== undefined) continue;
      for (const file of batch.files) await rm(pathOf(directory, file));
    }
    return { kind: 'decoded', counts: together(counts) };
  });
}

/** Brings files into the scratch directory; undefined where all went well. */
async function fetchFiles(
  files: readonly StoredFile[],
  directory: string,
  context: ArchiveContext,
  readings: Map<StoredFile, ObjectReading>,
): Promise<DataReading | undefined> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  for (const file of files) {
    const copy = scratchFile(pathOf(directory, file));
    const reading = await readStored(file, context, copy.write);
    readings.set(file, reading);
    try {
      await copy.end();
    } catch (error: unknown) {
      return undecidedBy(error);
    }
    if (context.signal.aborted) return undecided(stopReason(context.signal));
    if (reading.kind !== 'whole') return readingOfGap(reading);
  }
  return undefined;
}

function pathOf(directory: string, file: StoredFile): string {
  const name = nameInDirectory(file);
  if (name === undefined) throw new Error('the layout lets only such files through');
  return join(directory, name);
}

function together(all: readonly CopyRowCounts[]): CopyRowCounts {
  return {
    tables: all.flatMap(({ tables }) => tables),
    rows: all.reduce((sum, { rows }) => sum + rows, 0),
    encoding: all[0]?.encoding ?? 'UTF8',
    complete: all.every(({ complete }) => complete),
  };
}
