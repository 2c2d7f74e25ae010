import { createInterface } from 'node:readline';
import { messageOf } from '../../errors.ts';
import { startChild } from '../../process/run-child.ts';
import { stopReason } from '../../process/stop-reason.ts';
import { unfiledData } from './directory-layout.ts';
import { type DataReading, readingOfExit, undecided } from './reading.ts';
import { pgRestoreEnvironment } from './restore-reader.ts';

/** The dump ids of data that no file is called by (large objects, sequences), or why there is no telling. */
export async function listUnfiledData(
  program: string,
  directory: string,
  signal: AbortSignal,
  limitSeconds: number,
): Promise<number[] | DataReading> {
  const timeout = AbortSignal.timeout(limitSeconds * 1_000);
  const child = startChild({
    file: program,
    args: ['--format=directory', '--list', directory],
    env: pgRestoreEnvironment,
    signal: AbortSignal.any([signal, timeout]),
  });
  const ids: number[] = [];
  try {
    for await (const line of createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })) {
      const id = unfiledData(line);
      if (id !== undefined) ids.push(id);
    }
    const exit = await child.exited;
    if (signal.aborted) return undecided(stopReason(signal));
    if (timeout.aborted)
      return undecided(`pg_restore --list took more than ${limitSeconds} s and was stopped`);
    return readingOfExit(exit) ?? ids;
  } catch (error: unknown) {
    return undecided(messageOf(error));
  }
}
