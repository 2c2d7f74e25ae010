import { newline, slash, star } from './sql-bytes.ts';
import type { SqlStretch } from './sql-text.ts';

/** `-- …` up to the end of the line; what it says is told then. */
export class LineComment implements SqlStretch {
  readonly mayEndText = true;
  readonly #keptLength: number;
  readonly #onEnd: (comment: string) => void;
  #comment = '';

  /**
   * @param keptLength how much of its beginning is kept, however long it becomes
   * @param onEnd hears the comment, one character per byte, without dashes and newline
   */
  constructor(keptLength: number, onEnd: (comment: string) => void) {
    this.#keptLength = keptLength;
    this.#onEnd = onEnd;
  }

  scan(chunk: Buffer, from: number): number {
    const end = chunk.indexOf(newline, from);
    const room = this.#keptLength - this.#comment.length;
    const until = end === -1 ? chunk.length : end;
    if (room > 0) this.#comment += chunk.toString('latin1', from, Math.min(until, from + room));
    if (end === -1) return -1;
    this.#onEnd(this.#comment);
    return end + 1;
  }
}

/** A command of psql's own, such as `\restrict`, up to the end of the line. */
export class MetaCommand implements SqlStretch {
  readonly mayEndText = true;

  scan(chunk: Buffer, from: number): number {
    const end = chunk.indexOf(newline, from);
    return end === -1 ? -1 : end + 1;
  }
}

/** What follows the first slash and star; such comments nest. */
export class BlockComment implements SqlStretch {
  readonly mayEndText = false;
  #depth = 1;
  #previous = 0;

  scan(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (this.#previous === slash && byte === star) {
        this.#depth += 1;
        this.#previous = 0;
      } else if (this.#previous === star && byte === slash) {
        this.#depth -= 1;
        this.#previous = 0;
        if (this.#depth === 0) return at + 1;
      } else {
        this.#previous = byte;
      }
    }
    return -1;
  }
}
