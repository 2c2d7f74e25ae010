import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** One answer to a GetObject: its body, from the offset that was asked for. */
export type Opened = { readonly body: Readable; readonly etag: string | undefined; readonly bytes: number };

/** Asks for the rest of the same version. Rejects with errors for people. */
export type Reopen = (offset: number, etag: string | undefined, signal: AbortSignal) => Promise<Opened>;

/** Broken connections in a row, without one byte between them, before a read fails. */
const maxBreaks = 6;
const firstDelayMs = 100;

/**
 * A stream of the whole object that outlives broken connections: it asks for the rest, of the same version, and
 * goes on. So a network hiccup never looks like a damaged backup.
 * @param first The answer whose headers have been seen; its body has not been touched.
 * @param toError What the stream fails with, made of what broke it at last.
 */
export function resumableRead(
  first: Opened,
  reopen: Reopen,
  toError: (error: unknown) => Error,
  signal?: AbortSignal,
): Readable {
  const stopping = new AbortController();
  let body: Readable | undefined;
  let offset = 0;
  let breaks = 0;
  let wanted = false;
  let broken = false;

  const stream = new Readable({
    highWaterMark: 1 << 20,
    ...(signal === undefined ? {} : { signal }),
    read() {
      wanted = true;
      if (broken) void resume();
      else body?.resume();
    },
    destroy(error, done) {
      stopping.abort();
      body?.destroy();
      done(error);
    },
  });

  function attach(next: Readable): void {
    body = next;
    next.on('data', (chunk: Buffer) => {
      offset += chunk.length;
      breaks = 0;
      if (!stream.push(chunk)) {
        wanted = false;
        next.pause();
      }
    });
    // Not 'end': a connection that is closed early may end in order, with bytes missing.
    next.once('close', () => {
      if (stream.destroyed || body !== next) return;
      if (offset >= first.bytes) {
        stream.push(null);
        return;
      }
      broken = true;
      // Nothing is read at the moment: a connection opened now would only go idle and break again.
      if (wanted) void resume();
    });
    next.on('error', (error) => {
      lastError = error;
    });
    if (!wanted) next.pause();
  }

  let lastError: Error | undefined;
  async function resume(): Promise<void> {
    broken = false;
    body = undefined;
    breaks += 1;
    if (breaks > maxBreaks) {
      stream.destroy(
        toError(lastError ?? new Error(`the connection ended after ${offset} of ${first.bytes} bytes`)),
      );
      return;
    }
    try {
      await sleep(firstDelayMs * 2 ** (breaks - 1), undefined, { signal: stopping.signal });
      const { body: rest } = await reopen(offset, first.etag, stopping.signal);
      if (stream.destroyed) rest.destroy();
      else attach(rest);
    } catch (error) {
      stream.destroy(toError(error));
    }
  }

  attach(first.body);
  return stream;
}
