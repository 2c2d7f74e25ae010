import { messageOf } from '../../errors.ts';
import { CopyRowCounter } from '../../postgres/archive/copy-rows.ts';
import { offer } from '../../process/offer.ts';
import { startChild } from '../../process/run-child.ts';
import { stopReason } from '../../process/stop-reason.ts';
import {
  type ArchiveReader,
  type DataReading,
  readingOfExit,
  readingOfProblem,
  readingOfText,
  undecided,
} from './reading.ts';

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
  /** After so long without taking or giving a byte it is stopped. */
  readonly stallSeconds: number;
};

/**
 * pg_restore turning an archive into SQL, and that being counted. Nothing of it touches a disk; memory is what
 * pg_restore takes for the table of contents.
 */
export function startRestoreReader({ program, args, stdin, signal, stallSeconds }: Options): ArchiveReader {
  const child = startChild({ file: program, args, env: pgRestoreEnvironment, stdin, signal });
  const counter = new CopyRowCounter();
  let problem: { readonly error: unknown } | undefined;
  let stalled = false;
  let idle: NodeJS.Timeout | undefined;
  // Watched only while it is pg_restore's turn: a slow store is no stall of its.
  const watch = async <T>(work: Promise<T>): Promise<T> => {
    idle = setTimeout(() => {
      stalled = true;
      child.kill();
    }, stallSeconds * 1_000);
    try {
      return await work;
    } finally {
      clearTimeout(idle);
    }
  };
  const counted = (async () => {
    try {
      for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
        idle?.refresh();
        counter.write(chunk);
      }
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
      if (stalled) return undecided(`pg_restore made no progress for ${stallSeconds} s and was stopped`);
      if (problem !== undefined) return readingOfProblem(problem.error);
      return readingOfExit(exit) ?? readingOfText(counter);
    } catch (error: unknown) {
      return undecided(messageOf(error));
    }
  };

  return {
    write: async (chunk) => {
      if (child.stdin !== undefined) await watch(offer(child.stdin, chunk));
    },
    end: async () => {
      child.stdin?.end();
      return await watch(reading());
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
