import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Bytes that differ at every place and from seed to seed, the same on every run. */
export function bytesOf(length: number, seed = 1): Buffer {
  const content = Buffer.allocUnsafe(length);
  let state = seed * 2654435761 + 1;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    content[index] = state >>> 24;
  }
  return content;
}

/** A stream of `content` in pieces of 64 KiB, as a pipe would give it; then `end` happens, if given. */
export function sourceOf(content: Uint8Array, end?: () => Promise<void> | void): Readable {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < content.length; offset += 65536)
      yield content.subarray(offset, offset + 65536);
    await end?.();
  }
  return Readable.from(pieces(), { objectMode: false });
}

export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
