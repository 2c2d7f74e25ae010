import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/**
 * Pipes until the end, or until `signal` aborts, and then rejects at once. Since Node 22, pipeline itself waits for the
 * source to be closed first, which a source that hangs never is; and hanging is why the signal aborts.
 */
export async function pipelineUntil(
  source: Readable,
  sink: Writable,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (signal === undefined) return await pipeline(source, sink);
  const piped = pipeline(source, sink, { signal });
  const settled = new AbortController();
  const aborted = once(signal, 'abort', { signal: settled.signal }).then(() => {
    throw signal.reason;
  });
  // The one that settles second must not count as an unhandled rejection.
  for (const promise of [piped, aborted]) promise.catch(() => undefined);
  try {
    signal.throwIfAborted();
    await Promise.race([piped, aborted]);
  } finally {
    settled.abort();
  }
}
