import type { Manifest } from '../../manifest/manifest.ts';
import { archiveBytes } from '../../manifest/sizes.ts';
import { formatBytes, formatDuration } from '../../text/units.ts';

/** An empty cluster is 28 MB; the least that its write-ahead log may take is 32. */
const clusterBytes = 80 * 1024 * 1024;
/**
 * A restored database is denser than its source; but sorting for its indexes takes room at the same time, and so does
 * the log, a sixteenth of the room (see verificationSettings).
 */
const growth = 1.2;

/**
 * Modest on purpose: measured were 25 MB of database a second with two cores, most of it building indexes; a function
 * with less memory has less of a core. A guess that is too high runs into the time limit and has proven nothing.
 */
const restoreBytesPerCoreSecond = 10_000_000;
/** Of that time: indexes, constraints and materialized views; the rest loads rows. */
const shareAfterRows = 0.6;
/** Fetching, hashing and decoding the archive, which level `read` needs too. */
const readBytesPerSecond = 30_000_000;
/** Making the server, comparing schemas, taking all of it away again. */
const fixedSeconds = 15;

export type RestoreEstimate =
  /** `keepArchive`: there is room for the archive beside the database; else it is streamed a second time. */
  | {
      readonly kind: 'fits';
      readonly keepArchive: boolean;
      readonly databaseBytes: number;
      readonly seconds: number;
    }
  | { readonly kind: 'no room' | 'no time'; readonly detail: string };

export type RestoreMeans = {
  readonly freeBytes: number;
  /** Where these bytes are free, for people. */
  readonly directory: string;
  /** Seconds that remain; undefined without a limit. */
  readonly seconds: number | undefined;
  readonly cores: number;
};

/** Whether a backup can be restored here, from what its manifest says of its size. */
export function estimateRestore(manifest: Manifest, means: RestoreMeans): RestoreEstimate {
  const packedBytes = archiveBytes(manifest);
  const databaseBytes = Math.ceil(manifest.databaseBytes * growth) + clusterBytes;
  // A directory cannot be streamed: pg_restore reads its files.
  const mustKeep = manifest.dump.format === 'directory';
  const least = databaseBytes + (mustKeep ? packedBytes : 0);
  if (least > means.freeBytes) {
    return {
      kind: 'no room',
      detail: `needs about ${formatBytes(least)} in ${means.directory}, ${formatBytes(means.freeBytes)} are free`,
    };
  }
  const keepArchive = databaseBytes + packedBytes <= means.freeBytes;
  const seconds = secondsFor(manifest, { cores: means.cores, keepArchive });
  if (means.seconds !== undefined && seconds > means.seconds) {
    return {
      kind: 'no time',
      detail: `needs about ${formatDuration(seconds)}, ${formatDuration(means.seconds)} remain`,
    };
  }
  return { kind: 'fits', keepArchive, databaseBytes, seconds };
}

function secondsFor(
  manifest: Manifest,
  { cores, keepArchive }: { readonly cores: number; readonly keepArchive: boolean },
): number {
  const passes = keepArchive ? 1 : 2;
  const reading = (passes * archiveBytes(manifest)) / readBytesPerSecond;
  const { format, oneJob } = manifest.dump;
  // See restoreArchive: a stream, a tar and SQL are read from one end to the other, and order may matter.
  const most = keepArchive && (format === 'custom' || format === 'directory') ? cores : 1;
  const jobsFor = (why: string | null | undefined): number => (typeof why === 'string' ? 1 : most);
  const restoring = manifest.databaseBytes / restoreBytesPerCoreSecond;
  return (
    fixedSeconds +
    reading +
    restoring * ((1 - shareAfterRows) / jobsFor(oneJob?.rows) + shareAfterRows / jobsFor(oneJob?.after))
  );
}
