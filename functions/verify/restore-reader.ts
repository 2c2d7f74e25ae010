import { messageOf } from '../shared/errors.ts';
import { CopyRowCounter } from '../shared/postgres/copy-row-counter.ts';
import { startChild } from '../shared/process/run-child.ts';
import {
  type ArchiveReader,
  type DataReading,
  readingOfExit,
  readingOfProblem,
  readingOfText,
  stopReason,
  undecided,
} from './data-reading.ts';
import { offer } from './stored-object.ts';

/**
 * The whole environment of pg_restore: it reads no server and no configuration. C, because the messages that tell a
 * limit from a fault are known in English.
 */
export const pgRestoreEnvironment = { LC_ALL: 'C', PATH: '/usr/bin:/bin' } as const;

type Options = {
  /** Absolute path of pg_restore. */
  readonly program: string;
  readonly args: readonly string[];
  readonly stdin: 'pipe' | 'ignore';
  readonly signal: AbortSignal;
};

/**
 * pg_restore turning an archive into SQL, and that being counted. Nothing of it touches a disk; memory is what
 * pg_restore takes for the table of contents.
 */
export function startRestoreReader({ program, args, stdin, signal }: Options): ArchiveReader {
  const child = startChild({ file: program, args, env: pgRestoreEnvironment, stdin, signal });
  const counter = new CopyRowCounter();
  let problem: { readonly error: unknown } | undefined;
  const counted = (async () => {
    try {
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) counter.write(chunk);
    } catch (error: unknown) {
      problem = { error };
      child.kill();
    }
  })();

  const reading = async (): Promise<DataReading> => {
    await counted;
    try {
      const exit = await child.exited;
      if (signal.aborted) return undecided(stopReason(signal));
      if (problem !== undefined) return readingOfProblem(problem.error);
      return readingOfExit(exit) ?? readingOfText(counter);
    } catch (error: unknown) {
      return undecided(messageOf(error));
    }
  };

  return {
    write: async (chunk) => {
      if (child.stdin !== undefined) await offer(child.stdin, chunk);
    },
    end: async () => {
      child.stdin?.end();
      return await reading();
    },
    abandon: async () => {
      child.kill();
      child.stdin?.destroy();
      await reading();
    },
  };
}

/** Runs pg_restore on files, to its end. */
export function runRestoreReader(options: Omit<Options, 'stdin'>): Promise<DataReading> {
  return startRestoreReader({ ...options, stdin: 'ignore' }).end();
}

/** pg_restore's arguments for an archive that comes through a pipe: everything in it that is data. */
export function pipeArguments(format: 'custom' | 'tar'): string[] {
  return [`--format=${format}`, '--data-only', '--file=-'];
}
