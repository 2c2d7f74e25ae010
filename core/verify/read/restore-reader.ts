import { messageOf } from '../../errors.ts';
import { CopyRowCounter } from '../../postgres/archive/copy-rows.ts';
import { offlineEnvironment, sqlArguments } from '../../postgres/archive/offline-pg-restore.ts';
import { type PostgresTools, toolPath } from '../../postgres/programs/tools.ts';
import { offer } from '../../process/offer.ts';
import { startChild } from '../../process/run-child.ts';
import { stopReason } from '../../process/stop-reason.ts';
import {
  type ArchiveReader,
  type Decoding,
  decodingOfExit,
  decodingOfProblem,
  decodingOfText,
  undecided,
} from './decoding.ts';

/** An archive that comes through a pipe, or entries of one in the directory format, by a file of `withUseList`. */
type Archive =
  | { readonly format: 'custom' | 'tar'; readonly path?: undefined; readonly useList?: undefined }
  | { readonly format: 'directory'; readonly path: string; readonly useList: string };

type Options = {
  /** With a pg_restore that reads what this pg_dump wrote. */
  readonly tools: PostgresTools;
  readonly writtenBy: string;
  readonly archive: Archive;
  readonly signal: AbortSignal;
  /** After so long without taking or giving a byte it is stopped. */
  readonly stallSeconds: number;
};

/**
 * pg_restore turning an archive's data into SQL, and that being counted. Nothing of it touches a disk; memory is what
 * pg_restore takes for the table of contents. Of an archive that lies on the disk `end` alone is to be called.
 */
export function startRestoreReader({
  tools,
  writtenBy,
  archive,
  signal,
  stallSeconds,
}: Options): ArchiveReader {
  const child = startChild({
    file: toolPath(tools, 'pg_restore'),
    args: sqlArguments({ parts: ['--data-only'], ...archive }),
    env: offlineEnvironment,
    stdin: archive.path === undefined ? 'pipe' : 'ignore',
    signal,
  });
  const counter = new CopyRowCounter();
  let problem: { readonly error: unknown } | undefined;
  let stalled = false;
  let idle: NodeJS.Timeout | undefined;
  // Watched only while pg_restore has to do something: a slow store is not a stall of pg_restore.
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

  const decoding = async (): Promise<Decoding> => {
    await counted;
    try {
      const exit = await child.exited;
      if (signal.aborted) return undecided(stopReason(signal));
      if (stalled) return undecided(`pg_restore made no progress for ${stallSeconds} s and was stopped`);
      if (problem !== undefined) return decodingOfProblem(problem.error);
      return (await decodingOfExit(exit, { tools, writtenBy })) ?? decodingOfText(counter);
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
      return await watch(decoding());
    },
    abandon: async () => {
      child.kill();
      child.stdin?.destroy();
      await decoding();
    },
  };
}
