import type { StoredFile } from '../../manifest/manifest.ts';
import type { Toc } from '../../postgres/archive/toc.ts';

/** What is decoded in one go: files, and the entries of the table of contents that they belong to. */
export type Batch = {
  readonly files: readonly StoredFile[];
  readonly bytes: number;
  /** Table data by dump id; large objects where undefined: only the table of contents knows their ids. */
  readonly dumpIds: readonly number[] | undefined;
};

export type DirectoryLayout = {
  readonly toc: StoredFile;
  readonly tables: readonly { readonly file: StoredFile; readonly dumpId: number }[];
  readonly largeObjects: readonly StoredFile[];
};

/** The file's name inside the directory; undefined where it is none that pg_dump would write. */
export function nameInDirectory({ name }: StoredFile): string | undefined {
  return /^archive\/([A-Za-z0-9_][A-Za-z0-9_.]*)$/.exec(name)?.[1];
}

/**
 * pg_dump's directory format: toc.dat, one file per table called by its dump id, and the large objects, whose list
 * (`blobs.toc`, from PostgreSQL 17 on `blobs_<dump id>.toc`) needs all of them beside it.
 */
export function layoutOf(files: readonly StoredFile[]): DirectoryLayout | undefined {
  const toc = files.find((file) => file.name === 'archive/toc.dat');
  if (toc === undefined || files.some((file) => nameInDirectory(file) === undefined)) return undefined;
  const tables: { file: StoredFile; dumpId: number }[] = [];
  const largeObjects: StoredFile[] = [];
  for (const file of files) {
    const dumpId = /^archive\/(\d+)\.dat(?:\.gz|\.lz4|\.zst)?$/.exec(file.name)?.[1];
    if (dumpId !== undefined) tables.push({ file, dumpId: Number(dumpId) });
    else if (file !== toc) largeObjects.push(file);
  }
  return { toc, tables, largeObjects };
}

/** Small tables are decoded together up to this much, where there is room for it. */
const batchBytes = 256 * 1024 * 1024;

/** The batches that fit into `freeBytes`, or the smallest that there can be; and what the largest needs. */
export function batchesFor(
  layout: DirectoryLayout,
  freeBytes: number,
): { readonly batches: readonly Batch[]; readonly needsBytes: number } {
  const needsBytes = (batches: readonly Batch[]): number =>
    layout.toc.bytes + batches.reduce((most, { bytes }) => Math.max(most, bytes), 0);
  const large = batchesOf(layout, batchBytes);
  const batches = needsBytes(large) > freeBytes ? batchesOf(layout, 0) : large;
  return { batches, needsBytes: needsBytes(batches) };
}

/**
 * Tables together up to `limitBytes`, a larger one alone: one start of pg_restore reads the whole table of contents,
 * which for thousands of small tables would cost more than their data. Large objects last.
 */
export function batchesOf({ tables, largeObjects }: DirectoryLayout, limitBytes: number): Batch[] {
  const batches: { files: StoredFile[]; bytes: number; dumpIds: number[] }[] = [];
  for (const { file, dumpId } of tables) {
    const last = batches.at(-1);
    if (last !== undefined && last.bytes + file.bytes <= limitBytes) {
      last.files.push(file);
      last.dumpIds.push(dumpId);
      last.bytes += file.bytes;
    } else {
      batches.push({ files: [file], bytes: file.bytes, dumpIds: [dumpId] });
    }
  }
  const bytes = largeObjects.reduce((sum, file) => sum + file.bytes, 0);
  return [...batches, { files: largeObjects, bytes, dumpIds: undefined }];
}

/** The dump ids of data that no file is called by: large objects, and values of sequences. */
export function unfiledData({ entries }: Toc): number[] {
  return entries
    .filter(({ type }) => type === 'BLOBS' || type === 'SEQUENCE SET')
    .map(({ dumpId }) => dumpId);
}
