import { Readable, type Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { offer } from '../../process/offer.ts';
import type { RunningChild } from '../../process/run-child.ts';
import { abortReasonOr } from '../../process/stop-reason.ts';

/**
 * Gives the program its input, and reads the source to its end even where the program needs no more of it (pg_restore
 * leaves the end of a tar): only there the source finds that its bytes are not those that were stored.
 */
export async function feedWhole(
  child: RunningChild,
  source: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<void> {
  if (child.stdin === undefined) throw new Error('standard input is always a pipe here');
  try {
    for await (const chunk of source) {
      signal.throwIfAborted();
      await offer(child.stdin, chunk);
    }
    child.stdin.end();
  } catch (error: unknown) {
    child.kill();
    await child.exited.catch(() => undefined);
    throw abortReasonOr(signal, error);
  }
}

/** Gives the program its input. That it wants no more is for its exit status to explain, not an error of the source. */
export async function feed(
  child: RunningChild,
  source: AsyncIterable<Buffer>,
  transforms: readonly Transform[],
  signal: AbortSignal,
): Promise<void> {
  if (child.stdin === undefined) throw new Error('standard input is always a pipe here');
  let sourceError: { readonly error: unknown } | undefined;
  const watched = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* source;
    } catch (error: unknown) {
      sourceError = { error };
      throw error;
    }
  };
  const stages: (Readable | Transform | Writable)[] = [Readable.from(watched()), ...transforms, child.stdin];
  try {
    await pipeline(stages as [Readable, Writable], { signal });
  } catch (error: unknown) {
    child.kill();
    if (signal.aborted || sourceError !== undefined || !isBrokenPipe(error)) {
      await child.exited.catch(() => undefined);
      throw abortReasonOr(signal, sourceError?.error ?? error);
    }
  }
}

function isBrokenPipe(error: unknown): boolean {
  const code = (error as { readonly code?: unknown }).code;
  return (
    code === 'EPIPE' ||
    code === 'ECONNRESET' ||
    code === 'ERR_STREAM_PREMATURE_CLOSE' ||
    code === 'ERR_STREAM_DESTROYED'
  );
}
