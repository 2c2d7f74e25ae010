import { messageOf } from '../../errors.ts';
import type { Scratch } from '../../scratch/scratch.ts';
import { broken, type DataReading, undecided } from './reading.ts';
import type { ObjectReading, ReadingContext } from './stored-object.ts';

/** What came of an archive: of every object's bytes, and of the data in them. */
export type ArchiveReading = {
  readonly readings: readonly ObjectReading[];
  readonly data: DataReading;
  /** Where the archive is kept, or why it is not; absent where that was not asked for. */
  readonly kept?: KeptArchive | undefined;
};

/** An archive on the disk: a file, or the directory of the directory format. */
export type KeptArchive = { readonly path: string } | { readonly problem: unknown };

export type ArchiveContext = ReadingContext & {
  /** Finds a pg_restore that reads what this pg_dump wrote: its absolute path. Rejects where there is none. */
  readonly pgRestore: () => Promise<string>;
  readonly scratch: Scratch;
  /** After so long without taking or giving a byte pg_restore is stopped. */
  readonly stallSeconds: number;
  /** A directory that the archive is kept in, beside being read. */
  readonly keepIn?: string | undefined;
};

/** What can be said about data whose object could not be read whole. */
export function readingOfGap(reading: Exclude<ObjectReading, { kind: 'whole' }>): DataReading {
  const { file } = reading;
  if (reading.kind === 'missing') return broken(`${file.name} is missing`);
  return undecided(
    `${reading.bytes} of ${file.bytes} bytes of ${file.name} were read, then: ${reading.reason}`,
  );
}

/** An error that says nothing about the backup. */
export function undecidedBy(error: unknown): DataReading {
  return undecided(messageOf(error));
}
