import { messageOf } from '../../errors.ts';
import { type CopyRowCounter, type CopyRowCounts, TruncatedSql } from '../../postgres/archive/copy-rows.ts';
import { lastWords } from '../../process/exit-gate.ts';
import type { ChildExit } from '../../process/run-child.ts';
import { oneLine } from '../../text/one-line.ts';

/**
 * What came of decoding an archive. `broken` is the backup's fault, `undecided` a limit of whoever verifies; the two
 * must never be taken for one another. `detail` is one line for people.
 */
export type DataReading =
  | { readonly kind: 'decoded'; readonly counts: CopyRowCounts }
  | { readonly kind: 'broken'; readonly detail: string }
  | { readonly kind: 'undecided'; readonly detail: string };

/** Takes an archive's bytes in order, and tells in the end what they were. None of it rejects. */
export type ArchiveReader = {
  /** Resolves when more may come; also where the reader has given up and needs no more. */
  write(chunk: Buffer): Promise<void>;
  /** After the last byte. */
  end(): Promise<DataReading>;
  /** Instead of `end`, where the bytes stopped coming. */
  abandon(): Promise<void>;
};

export const broken = (detail: string): DataReading => ({ kind: 'broken', detail: oneLine(detail) });
export const undecided = (detail: string): DataReading => ({ kind: 'undecided', detail: oneLine(detail) });

/** What a program says when the fault is its own or the machine's, whatever the archive is like. */
const limits: readonly RegExp[] = [
  /unsupported version \(\d+\.\d+\) in file header/,
  /does not support compression|compression (?:is )?not supported|compression algorithm .*not supported/i,
  /out of memory|Cannot allocate memory|No space left on device|Too many open files/,
  /error while loading shared libraries|could not load library/,
];

/** What pg_restore's end says about the archive, where it did not end well; undefined where it did. */
export function readingOfExit(exit: ChildExit): DataReading | undefined {
  if (exit.signal !== null) {
    return undecided(
      `pg_restore was killed by ${exit.signal}, not by pgproof; most often there was too little memory`,
    );
  }
  if (exit.code === 0) return undefined;
  const words = lastWords(exit.stderrTail) ?? `exit status ${exit.code}`;
  if (exit.code === 126 || exit.code === 127) return undecided(`pg_restore could not be run: ${words}`);
  if (limits.some((limit) => limit.test(exit.stderrTail)))
    return undecided(`this pg_restore cannot say: ${words}`);
  return broken(`pg_restore cannot decode it: ${words}`);
}

/** What a text that was read to its end says. */
export function readingOfText(counter: CopyRowCounter): DataReading {
  try {
    const counts = counter.end();
    // The end of the last statement is no sign: only the comment says that pg_dump was done.
    if (!counts.complete) return broken('the dump stops half way: its last line is missing');
    return { kind: 'decoded', counts };
  } catch (error: unknown) {
    return readingOfProblem(error);
  }
}

/** What an error of the counter says. */
export function readingOfProblem(error: unknown): DataReading {
  return error instanceof TruncatedSql
    ? broken(`the dump stops half way: ${error.problem.got ?? ''}`)
    : undecided(messageOf(error));
}
