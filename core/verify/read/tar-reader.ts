import { type ArchiveReader, broken } from './decoding.ts';

const blockBytes = 512;

/**
 * Follows a tar stream from header to header (POSIX ustar, as pg_dump writes it) to know whether it may end where it
 * does. From a header that makes no sense on it follows no more: to judge that is pg_restore's part.
 */
export class TarFollower {
  readonly #header = Buffer.alloc(blockBytes);
  #headerBytes = 0;
  #memberBytes = 0;
  #member = '';
  #lost = false;

  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#lost) {
      if (this.#memberBytes > 0) {
        const step = Math.min(this.#memberBytes, chunk.length - at);
        this.#memberBytes -= step;
        at += step;
      } else {
        const copied = chunk.copy(this.#header, this.#headerBytes, at, at + blockBytes - this.#headerBytes);
        this.#headerBytes += copied;
        at += copied;
        if (this.#headerBytes === blockBytes) this.#begin();
      }
    }
  }

  /** What the stream would cut in two if it ended here; undefined where it may end. */
  get cut(): string | undefined {
    if (this.#lost) return undefined;
    if (this.#memberBytes > 0) return this.#member;
    return this.#headerBytes > 0 ? 'a header' : undefined;
  }

  #begin(): void {
    this.#headerBytes = 0;
    // Blocks of zeros end the archive.
    if (this.#header.every((byte) => byte === 0)) return;
    const bytes = sizeOf(this.#header);
    if (bytes === undefined) {
      this.#lost = true;
      return;
    }
    this.#member = this.#header.toString('latin1', 0, 100).replace(/\0.*$/s, '');
    this.#memberBytes = Math.ceil(bytes / blockBytes) * blockBytes;
  }
}

/** Sizes are octal digits; from 8 GiB on a marked big-endian number. Undefined where the header's sum is wrong. */
function sizeOf(header: Buffer): number | undefined {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  if (Number.parseInt(header.toString('latin1', 148, 156), 8) !== sum) return undefined;
  if (header[124] === 0x80) return Number(header.readBigUInt64BE(128));
  const bytes = Number.parseInt(header.toString('latin1', 124, 136), 8);
  return Number.isSafeInteger(bytes) && bytes >= 0 ? bytes : undefined;
}

/**
 * Keeps pg_restore from ever meeting the end of a tar archive that is cut short: every version up to 18 then loops
 * for ever (tried with 15, 17, 18; docs/decisions/0005).
 */
export function tarReader(restore: ArchiveReader): ArchiveReader {
  const follower = new TarFollower();
  return {
    write: async (chunk) => {
      follower.write(chunk);
      await restore.write(chunk);
    },
    end: async () => {
      const { cut } = follower;
      if (cut === undefined) return await restore.end();
      await restore.abandon();
      return broken(`the tar archive ends in the middle of ${cut}`);
    },
    abandon: () => restore.abandon(),
  };
}
