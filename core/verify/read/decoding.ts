import { messageOf } from '../../errors.ts';
import { type CopyRowCounter, type CopyRowCounts, TruncatedSql } from '../../postgres/archive/copy-rows.ts';
import { damageInExit } from '../../postgres/archive/damage-in-exit.ts';
import type { PostgresTools } from '../../postgres/programs/tools.ts';
import { lastWords } from '../../process/child-failed.ts';
import { howSignalled } from '../../process/ended-by-signal.ts';
import type { ChildExit } from '../../process/run-child.ts';
import type { Scratch } from '../../scratch/scratch.ts';
import { oneLine } from '../../text/one-line.ts';
import { byteCount } from '../../text/units.ts';
import type { StoredObjectContext, StoredObjectResult } from './stored-object.ts';

/**
 * What came of decoding an archive. `broken` is the backup's fault, `undecided` a lack of the verifier's; the two must
 * never be taken for one another. `detail` is one line for people.
 */
export type Decoding =
  | { readonly kind: 'decoded'; readonly counts: CopyRowCounts }
  | { readonly kind: 'broken'; readonly detail: string }
  | { readonly kind: 'undecided'; readonly detail: string };

/** Takes an archive's bytes in order, and tells in the end what they were. None of it rejects. */
export type ArchiveReader = {
  /** Resolves when more may come; also where the reader has given up and needs no more. */
  write(chunk: Buffer): Promise<void>;
  /** After the last byte. */
  end(): Promise<Decoding>;
  /** Instead of `end`, where the bytes stopped coming. */
  abandon(): Promise<void>;
};

export const broken = (detail: string): Decoding => ({ kind: 'broken', detail: oneLine(detail) });
export const undecided = (detail: string): Decoding => ({ kind: 'undecided', detail: oneLine(detail) });

/** What pg_restore says when the fault is its own or the machine's, whatever the archive is like. */
const ownFaults: readonly RegExp[] = [
  /unsupported version \(\d+\.\d+\) in file header/,
  /does not support compression|compression (?:is )?not supported|compression algorithm .*not supported/i,
  /out of memory|Cannot allocate memory|No space left on device|Too many open files/,
  /error while loading shared libraries|could not load library/,
];

/** What pg_restore's end says about the archive, where it did not end well; undefined where it did. */
export async function decodingOfExit(
  exit: ChildExit,
  how: { readonly tools: PostgresTools; readonly writtenBy: string },
): Promise<Decoding | undefined> {
  const damage = await damageInExit(exit, how);
  if (damage !== undefined) return broken(damage);
  if (exit.signal !== null) {
    return undecided(howSignalled('pg_restore', exit));
  }
  if (exit.code === 0) return undefined;
  const words = lastWords(exit.stderrTail) ?? `exit status ${exit.code}`;
  if (exit.code === 126 || exit.code === 127) return undecided(`pg_restore could not be run: ${words}`);
  if (ownFaults.some((words) => words.test(exit.stderrTail)))
    return undecided(`this pg_restore cannot say: ${words}`);
  return broken(`pg_restore cannot decode it: ${words}`);
}

/** What a text that was read to its end says. */
export function decodingOfText(counter: CopyRowCounter): Decoding {
  try {
    const counts = counter.end();
    // The end of the last statement is no sign: only the comment says that pg_dump was done.
    if (!counts.complete) return broken('the dump stops half way: its last line is missing');
    return { kind: 'decoded', counts };
  } catch (error: unknown) {
    return decodingOfProblem(error);
  }
}

/** What an error of the counter says. */
export function decodingOfProblem(error: unknown): Decoding {
  return error instanceof TruncatedSql
    ? broken(`the dump stops half way: ${error.problem.got ?? ''}`)
    : undecided(messageOf(error));
}

/** What came of an archive: of every object's bytes, and of the data in them. */
export type ArchiveResult = {
  readonly objects: readonly StoredObjectResult[];
  readonly data: Decoding;
  /** Where the archive is kept, or why it is not; absent where that was not asked for. */
  readonly kept?: KeptArchive | undefined;
};

/** An archive on the disk: a file, or the directory of the directory format. */
export type KeptArchive = { readonly path: string } | { readonly problem: unknown };

export type ArchiveContext = StoredObjectContext & {
  /** The version of the pg_dump that made it. */
  readonly writtenBy: string;
  /** Finds programs that read what this pg_dump wrote. Rejects where there are none. */
  readonly archiveTools: () => Promise<PostgresTools>;
  readonly scratch: Scratch;
  /** After so long without taking or giving a byte pg_restore is stopped. */
  readonly stallSeconds: number;
  /** A directory that the archive is kept in, beside being read. */
  readonly keepIn?: string | undefined;
};

/** What can be said about data whose object could not be read whole. */
export function decodingOfGap(object: Exclude<StoredObjectResult, { kind: 'whole' }>): Decoding {
  const { file } = object;
  if (object.kind === 'missing') return broken(`${file.name} is missing`);
  return undecided(
    `${object.bytes} of ${byteCount(file.bytes)} of ${file.name} were read, then: ${object.reason}`,
  );
}

/** An error that says nothing about the backup. */
export function undecidedBy(error: unknown): Decoding {
  return undecided(messageOf(error));
}
