import { addAbortSignal, Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { byteCount } from '../../text/units.ts';

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
  const stream = new ResumableRead(first, reopen, toError);
  return signal === undefined ? stream : addAbortSignal(signal, stream);
}

class ResumableRead extends Readable {
  readonly #first: Opened;
  readonly #reopen: Reopen;
  readonly #toError: (error: unknown) => Error;
  readonly #stopping = new AbortController();
  #body: Readable | undefined;
  #offset = 0;
  #breaks = 0;
  #lastError: Error | undefined;
  /** Whether the reader has room for more. */
  #isWanted = false;
  /** Whether the connection broke while nothing was wanted. */
  #isBroken = false;

  constructor(first: Opened, reopen: Reopen, toError: (error: unknown) => Error) {
    super({ highWaterMark: 1 << 20 });
    this.#first = first;
    this.#reopen = reopen;
    this.#toError = toError;
    this.#attach(first.body);
  }

  override _read(): void {
    this.#isWanted = true;
    if (this.#isBroken) void this.#resume();
    else this.#body?.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stopping.abort();
    this.#body?.destroy();
    done(error);
  }

  #attach(body: Readable): void {
    this.#body = body;
    body.on('data', (chunk: Buffer) => {
      this.#offset += chunk.length;
      this.#breaks = 0;
      if (!this.push(chunk)) {
        this.#isWanted = false;
        body.pause();
      }
    });
    // Not 'end': a connection that is closed early may end in order, with bytes missing.
    body.once('close', () => this.#closed(body));
    body.on('error', (error) => {
      this.#lastError = error;
    });
    if (!this.#isWanted) body.pause();
  }

  #closed(body: Readable): void {
    if (this.destroyed || this.#body !== body) return;
    if (this.#offset >= this.#first.bytes) {
      this.push(null);
      return;
    }
    this.#isBroken = true;
    // Nothing is read at the moment: a connection opened now would only go idle and break again.
    if (this.#isWanted) void this.#resume();
  }

  async #resume(): Promise<void> {
    this.#isBroken = false;
    this.#body = undefined;
    this.#breaks += 1;
    try {
      if (this.#breaks > maxBreaks) throw this.#lastError ?? this.#endedEarly();
      const { signal } = this.#stopping;
      await sleep(firstDelayMs * 2 ** (this.#breaks - 1), undefined, { signal });
      const { body } = await this.#reopen(this.#offset, this.#first.etag, signal);
      if (this.destroyed) body.destroy();
      else this.#attach(body);
    } catch (error) {
      this.destroy(this.#toError(error));
    }
  }

  #endedEarly(): Error {
    return new Error(`the connection ended after ${this.#offset} of ${byteCount(this.#first.bytes)}`);
  }
}
