import {
  backslash,
  dash,
  dollar,
  doubleQuote,
  isDigit,
  isLetterE,
  isNameStart,
  quote,
  semicolon,
  slash,
  space,
  star,
} from './sql-bytes.ts';
import { BlockComment, LineComment, MetaCommand } from './sql-comments.ts';
import { DollarQuote, QuotedName, StringLiteral } from './sql-quotes.ts';
import { type SqlStretch, StatementText } from './sql-text.ts';

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/** The last line comment of every text that pg_dump or pg_restore finished. */
const completeComment = ' PostgreSQL database dump complete';

/**
 * Finds where statements end in SQL as pg_dump and pg_restore write it (manual, "Lexical Structure"), over bytes
 * that come in pieces cut anywhere.
 */
export class StatementScanner {
  /** Whether the comment that ends a finished dump was seen. */
  complete = false;
  readonly #text: StatementText;
  /** The literal, quoted name or comment that is being read: a semicolon in it ends nothing. */
  #stretch: SqlStretch | undefined;
  /** A dash or slash that may begin a comment: the next byte tells. */
  #mark: typeof dash | typeof slash | undefined;
  #word: 'none' | 'letter E' | 'other' = 'none';

  /** @param kept see StatementText */
  constructor(kept?: number) {
    this.#text = new StatementText(kept);
  }

  /** Whether the text so far ends in the middle of a statement, a literal or a comment between stars. */
  get inside(): boolean {
    return !this.#text.isEmpty || this.#mark !== undefined || this.#stretch?.mayEndText === false;
  }

  /**
   * Reads on. Returns the place after the semicolon that ends a statement, which `takeStatement` then gives; or -1
   * where the chunk ran out first.
   */
  scan(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      if (this.#stretch !== undefined) {
        at = this.#stretch.scan(chunk, at);
        if (at === -1) return -1;
        this.#stretch = undefined;
        continue;
      }
      const byte = chunk[at] as number;
      at += 1;
      if (this.#mark !== undefined) {
        if (this.#beginsComment(this.#mark, byte)) continue;
      } else if (isSpace(byte) && this.#text.isEmpty) {
        // Blanks between statements are not kept.
        continue;
      }
      if (byte === semicolon) {
        this.#word = 'none';
        return at;
      }
      this.#code(byte);
    }
    return -1;
  }

  /** The statement that `scan` just ended, one character per byte, without comments; cut if it is no COPY. */
  takeStatement(): string {
    return this.#text.take();
  }

  /** Settles what the dash or slash before this byte was. */
  #beginsComment(mark: number, byte: number): boolean {
    this.#mark = undefined;
    if (byte !== (mark === dash ? dash : star)) {
      this.#text.keep(mark);
      return false;
    }
    this.#stretch =
      mark === dash
        ? new LineComment(completeComment.length + 1, (comment) => {
            if (comment === completeComment) this.complete = true;
          })
        : new BlockComment();
    // A comment parts words.
    if (!this.#text.isEmpty) this.#text.keep(space);
    return true;
  }

  /** A byte outside of literals, quoted names and comments. */
  #code(byte: number): void {
    const word = this.#word;
    if (isNameStart(byte) || isDigit(byte) || (word !== 'none' && byte === dollar)) {
      this.#word = word === 'none' && isLetterE(byte) ? 'letter E' : 'other';
      this.#text.keep(byte);
      return;
    }
    this.#word = 'none';
    if (byte === dash || byte === slash) {
      this.#mark = byte;
    } else if (byte === backslash && this.#text.isEmpty) {
      this.#stretch = new MetaCommand();
    } else {
      this.#text.keep(byte);
      // E'…' knows backslashes; the letter has to be a word of its own.
      if (byte === quote) this.#stretch = new StringLiteral(this.#text, word === 'letter E');
      else if (byte === doubleQuote) this.#stretch = new QuotedName(this.#text);
      else if (byte === dollar) this.#stretch = new DollarQuote(this.#text);
    }
  }
}
