import { documentLimits } from '../../manifest/document.ts';
import type { Manifest, StoredFile } from '../../manifest/manifest.ts';
import { archiveBytes } from '../../manifest/sizes.ts';
import { secondsBetween } from '../../manifest/timings.ts';
import type { Check, Timings } from '../../manifest/verification.ts';
import type { CopyRowCounts } from '../../postgres/archive/copy-rows.ts';
import type { PostgresTools } from '../../postgres/programs/tools.ts';
import type { Scratch } from '../../scratch/scratch.ts';
import { checksumCheck } from './checksum-check.ts';
import { compareRows } from './compare-rows.ts';
import type { Decoding, KeptArchive } from './decoding.ts';
import { readArchive } from './read-archive.ts';
import { readStored, type StoredObjectContext, type StoredObjectResult } from './stored-object.ts';
import { sortByRoot, type ThroughRoot } from './through-root.ts';

export type CheckContext = Omit<StoredObjectContext, 'onBytes'> & {
  /** Bytes read so far, of all objects. */
  readonly onBytes: (bytes: number) => void;
  readonly tools: (major: number) => Promise<PostgresTools>;
  readonly scratch: Scratch;
  readonly stallSeconds: number;
  /** A directory that the archive is kept in. */
  readonly keepIn?: string | undefined;
};

/** What reading every stored byte once came to. */
export type StoredChecks = {
  readonly checks: readonly Check[];
  readonly kept: KeptArchive | undefined;
  /** The roles and tablespaces as SQL; undefined where they were not read whole. */
  readonly globals: Buffer | undefined;
  /** Partitions whose rows the archive loads through the root of their tree. */
  readonly throughRoot: readonly ThroughRoot[];
  /** The database itself as SQL; undefined where there is none, or it was not read whole. */
  readonly database: Buffer | undefined;
  /** Rows per table as the archive has them; undefined where it was not decoded whole. */
  readonly counts: CopyRowCounts | undefined;
  /** How long that took; undefined where not every object was read whole, and as recorded. */
  readonly timings: Timings | undefined;
};

/** Levels `checksum` and `read`: every object once from its first byte to its last. Never rejects. */
export async function checkStored(
  manifest: Manifest,
  level: 'checksum' | 'read',
  context: CheckContext,
): Promise<StoredChecks> {
  const { tools } = context;
  const began = performance.now();
  let got = 0;
  const onBytes = (bytes: number): void => {
    got += bytes;
    context.onBytes(got);
  };
  let objects: StoredObjectResult[] = [];
  let data: Decoding | undefined;
  let kept: KeptArchive | undefined;
  if (level === 'read') {
    const archiveTools = (): Promise<PostgresTools> => tools(Number.parseInt(manifest.dump.pgDump, 10));
    const archive = await readArchive(manifest, {
      ...context,
      onBytes,
      archiveTools,
      writtenBy: manifest.dump.pgDump,
    });
    objects = [...archive.objects];
    ({ data, kept } = archive);
  }
  const read = new Set(objects.map(({ file }) => file));
  let globals: Buffer | undefined;
  let database: Buffer | undefined;
  for (const file of manifest.objects) {
    if (read.has(file)) continue;
    const { content, result } = await readOther(file, { ...context, onBytes });
    objects.push(result);
    if (result.kind !== 'whole') continue;
    if (file.role === 'globals') globals = content;
    if (file.role === 'database') database = content;
  }
  const checksum = checksumCheck(objects);
  const checks = data === undefined ? [checksum] : [checksum, readCheck(data, manifest)];
  const throughRoot =
    data?.kind === 'decoded'
      ? sortByRoot(manifest.tables, data.counts.tables, (name) => name, manifest.catalog).throughRoot
      : [];
  const counts = data?.kind === 'decoded' ? data.counts : undefined;
  const timings =
    checksum.status === 'passed'
      ? { fetchSeconds: secondsBetween(began, performance.now()), fetchedBytes: archiveBytes(manifest) }
      : undefined;
  return { checks, kept, globals, database, counts, throughRoot, timings };
}

/** Roles and tablespaces are kilobytes; what is larger is read for its hash and not held. */
const heldBytes = documentLimits.bytes;

async function readOther(
  file: StoredFile,
  context: StoredObjectContext,
): Promise<{ readonly result: StoredObjectResult; readonly content: Buffer | undefined }> {
  const isHeld = file.role !== 'archive' && file.bytes <= heldBytes;
  const chunks: Buffer[] = [];
  let held = 0;
  const result = await readStored(
    file,
    context,
    isHeld
      ? async (chunk) => {
          held += chunk.length;
          // More than was recorded: the checksum fails it, and nothing is made of it.
          if (held <= file.bytes) chunks.push(chunk);
        }
      : undefined,
  );
  return { result, content: isHeld && held <= file.bytes ? Buffer.concat(chunks) : undefined };
}

function readCheck(data: Decoding, manifest: Manifest): Check {
  switch (data.kind) {
    case 'decoded':
      return compareRows(manifest.tables, data.counts, manifest.catalog);
    case 'broken':
      return { name: 'read', status: 'failed', detail: data.detail };
    case 'undecided':
      return { name: 'read', status: 'unverifiable', detail: data.detail };
  }
}
