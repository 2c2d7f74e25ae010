import path from 'node:path';
import { assertExitedWell } from './child-failed.ts';
import { type ChildOptions, startChild } from './run-child.ts';

export type OutputLimit = {
  readonly bytes: number;
  /** What is thrown where the program writes more, once it is killed. */
  readonly error: () => Error;
};

/**
 * Runs a program to its end, and gives what it wrote to standard output. For what is small: all of it is held.
 *
 * @throws ChildNotStarted, ChildFailed; the signal's reason when aborted; the limit's error
 */
export async function outputOf(options: ChildOptions, limit?: OutputLimit): Promise<Buffer> {
  const child = startChild(options);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (limit !== undefined && bytes > limit.bytes) {
      child.kill();
      await child.exited;
      throw limit.error();
    }
    chunks.push(chunk);
  }
  const exit = await child.exited;
  options.signal?.throwIfAborted();
  assertExitedWell(path.basename(options.file), exit);
  return Buffer.concat(chunks);
}
