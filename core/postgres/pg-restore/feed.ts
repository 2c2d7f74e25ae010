import type { Transform, Writable } from 'node:stream';
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

/**
 * The same through what unpacks or changes the bytes on their way. That the program wants no more is for its exit status to
 * explain.
 *
 * @returns what could not be made of bytes that came whole: an error of the transforms, after which the program has ended
 * @throws the source's error, the signal's reason
 */
export async function feedThrough(
  child: RunningChild,
  source: AsyncIterable<Buffer>,
  transforms: readonly Transform[],
  signal: AbortSignal,
): Promise<unknown> {
  const [first] = transforms;
  if (child.stdin === undefined || first === undefined)
    throw new Error('there is a pipe, and one in front of it');
  const stages: readonly (Transform | Writable)[] = [...transforms, child.stdin];
  let problem: { readonly error: unknown } | undefined;
  const passed = pipeline(stages as [Transform, Writable], { signal }).catch((error: unknown) => {
    problem = { error };
  });
  try {
    // Also where nobody reads on: see feedWhole.
    for await (const chunk of source) {
      signal.throwIfAborted();
      await offer(first, chunk);
    }
  } catch (error: unknown) {
    first.destroy();
    child.kill();
    await Promise.all([passed, child.exited.catch(() => undefined)]);
    throw abortReasonOr(signal, error);
  }
  first.end();
  await passed;
  signal.throwIfAborted();
  if (problem === undefined || isBrokenPipe(problem.error)) return undefined;
  child.kill();
  await child.exited.catch(() => undefined);
  return problem.error;
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
