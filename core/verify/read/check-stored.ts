import type { Manifest, StoredFile } from '../../manifest/manifest.ts';
import type { Check } from '../../manifest/verification.ts';
import { type PostgresTools, toolPath } from '../../postgres/programs/tools.ts';
import type { Scratch } from '../../scratch/scratch.ts';
import type { KeptArchive } from './archive-reading.ts';
import { checksumCheck } from './checksum-check.ts';
import { compareRows } from './compare-rows.ts';
import { readArchive } from './read-archive.ts';
import type { DataReading } from './reading.ts';
import { type ObjectReading, type ReadingContext, readStored } from './stored-object.ts';

export type PassContext = Omit<ReadingContext, 'onBytes'> & {
  /** Bytes read so far, of all objects. */
  readonly onBytes: (bytes: number) => void;
  readonly tools: (major: number) => Promise<PostgresTools>;
  readonly scratch: Scratch;
  readonly stallSeconds: number;
  /** A directory that the archive is kept in. */
  readonly keepIn?: string | undefined;
};

/** What reading every stored byte once came to. */
export type Pass = {
  readonly checks: readonly Check[];
  readonly kept: KeptArchive | undefined;
  /** The roles and tablespaces as SQL; undefined where they were not read whole. */
  readonly globals: Buffer | undefined;
};

/** Levels `checksum` and `read`: every object once from its first byte to its last. Never rejects. */
export async function readBackup(
  manifest: Manifest,
  level: 'checksum' | 'read',
  context: PassContext,
): Promise<Pass> {
  const { tools } = context;
  let got = 0;
  const onBytes = (bytes: number): void => {
    got += bytes;
    context.onBytes(got);
  };
  const reading: ReadingContext = { ...context, onBytes };
  const readings: ObjectReading[] = [];
  let data: DataReading | undefined;
  let kept: KeptArchive | undefined;
  if (level === 'read') {
    const pgRestore = async (): Promise<string> =>
      toolPath(await tools(Number.parseInt(manifest.dump.pgDump, 10)), 'pg_restore');
    const archive = await readArchive(manifest, { ...context, onBytes, pgRestore });
    readings.push(...archive.readings);
    ({ data, kept } = archive);
  }
  const read = new Set(readings.map(({ file }) => file));
  let globals: Buffer | undefined;
  for (const file of manifest.objects) {
    if (read.has(file)) continue;
    const { content, result } = await readOther(file, reading);
    readings.push(result);
    if (file.role === 'globals' && result.kind === 'whole') globals = content;
  }
  const checksum = checksumCheck(readings);
  return { checks: data === undefined ? [checksum] : [checksum, readCheck(data, manifest)], kept, globals };
}

/** Roles and tablespaces are kilobytes; what is larger is read for its hash and not held. */
const heldBytes = 64 * 1024 * 1024;

async function readOther(
  file: StoredFile,
  context: ReadingContext,
): Promise<{ readonly result: ObjectReading; readonly content: Buffer | undefined }> {
  const isHeld = file.role === 'globals' && file.bytes <= heldBytes;
  const chunks: Buffer[] = [];
  let held = 0;
  const result = await readStored(
    file,
    context,
    isHeld
      ? async (chunk) => {
          held += chunk.length;
          if (held <= heldBytes) chunks.push(chunk);
        }
      : undefined,
  );
  return { result, content: isHeld && held <= heldBytes ? Buffer.concat(chunks) : undefined };
}

function readCheck(data: DataReading, manifest: Manifest): Check {
  switch (data.kind) {
    case 'decoded':
      return compareRows(manifest.tables, data.counts);
    case 'broken':
      return { name: 'read', status: 'failed', detail: data.detail };
    case 'undecided':
      return { name: 'read', status: 'unverifiable', detail: data.detail };
  }
}
