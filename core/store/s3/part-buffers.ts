import { bufferBudgetBytes, buffersFor } from './part-sizes.ts';

type Waiting = { readonly bytes: number; readonly resolve: (buffer: Buffer) => void };

/**
 * Lends the buffers that parts are gathered in, and takes them back: the same few serve a whole upload, so that
 * memory does not grow with the object. They come from outside of Node's pool, and their pages count only
 * once they are written to.
 */
export class PartBuffers {
  readonly #waiting: Waiting[] = [];
  #free: Buffer[] = [];
  #lentBytes = 0;
  #lent = 0;

  /** A buffer of exactly so many bytes, as soon as there is room for it within the budget. */
  async take(bytes: number): Promise<Buffer> {
    if (this.#hasRoom(bytes)) return this.#lend(bytes);
    return await new Promise((resolve) => this.#waiting.push({ bytes, resolve }));
  }

  giveBack(buffer: Buffer): void {
    this.#lentBytes -= buffer.length;
    this.#lent -= 1;
    this.#free.push(buffer);
    const next = this.#waiting[0];
    if (next === undefined || !this.#hasRoom(next.bytes)) return;
    this.#waiting.shift();
    next.resolve(this.#lend(next.bytes));
  }

  /** One buffer is always lent, however large: without it there is no upload. */
  #hasRoom(bytes: number): boolean {
    if (this.#lent === 0) return true;
    return this.#lent < buffersFor(bytes) && this.#lentBytes + bytes <= bufferBudgetBytes;
  }

  #lend(bytes: number): Buffer {
    this.#lentBytes += bytes;
    this.#lent += 1;
    // Parts only ever grow: a smaller buffer would never be asked for again.
    this.#free = this.#free.filter(({ length }) => length === bytes);
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(bytes);
  }
}
