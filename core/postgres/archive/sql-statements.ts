import { StatementText } from './sql-text.ts';

const newline = 0x0a;
const doubleQuote = 0x22;
const dollar = 0x24;
const quote = 0x27;
const star = 0x2a;
const dash = 0x2d;
const slash = 0x2f;
const semicolon = 0x3b;
const backslash = 0x5c;

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isNameStart = (byte: number): boolean =>
  (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || byte >= 0x80;

type State =
  | 'code'
  | 'word'
  | 'dash'
  | 'slash'
  | 'lineComment'
  | 'blockComment'
  | 'string'
  | 'stringEnd'
  | 'escape'
  | 'identifier'
  | 'dollarTag'
  | 'dollarBody'
  | 'meta';

/** The last line comment of every text that pg_dump or pg_restore finished. */
const completeComment = ' PostgreSQL database dump complete';

/**
 * Finds where statements end in SQL as pg_dump and pg_restore write it (manual, "Lexical Structure"), over bytes
 * that come in pieces cut anywhere. Every encoding that a server can have keeps ASCII bytes for ASCII, so bytes
 * are enough. Strings are read with standard_conforming_strings on; with it off pg_dump doubles backslashes, which
 * ends them at the same place.
 */
export class StatementScanner {
  /** Whether the comment that ends a finished dump was seen. */
  complete = false;
  #state: State = 'code';
  readonly #text = new StatementText();
  #wordLength = 0;
  #wordIsE = false;
  #escapes = false;
  #commentDepth = 0;
  #previous = 0;
  #comment = '';
  #tag: number[] = [];
  #matched = 0;

  /** Whether the text so far ends in the middle of a statement, a literal or a comment between stars. */
  get inside(): boolean {
    return (
      !this.#text.isEmpty ||
      (this.#state !== 'code' && this.#state !== 'lineComment' && this.#state !== 'meta')
    );
  }

  /**
   * Reads on. Returns the place after the semicolon that ends a statement, which `takeStatement` then gives; or -1
   * where the chunk ran out first.
   */
  scan(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      const byte = chunk[at] as number;
      switch (this.#state) {
        case 'code':
          at += 1;
          if (byte === semicolon) return at;
          this.#code(byte);
          break;
        case 'word':
          if (isNameStart(byte) || isDigit(byte) || byte === dollar) {
            this.#wordLength += 1;
            this.#text.keep(byte);
            at += 1;
          } else {
            this.#state = 'code';
            // E'…' knows backslashes; the letter has to be a word of its own.
            this.#escapes = byte === quote && this.#wordIsE && this.#wordLength === 1;
            if (this.#escapes) {
              this.#text.keep(byte);
              this.#state = 'string';
              at += 1;
            }
          }
          break;
        case 'dash':
        case 'slash':
          at = this.#maybeComment(byte, at);
          break;
        case 'lineComment':
          at = this.#lineComment(chunk, at);
          break;
        case 'meta':
          at = this.#skipTo(newline, chunk, at, 'code');
          break;
        case 'blockComment':
          this.#blockComment(byte);
          at += 1;
          break;
        case 'string':
          at = this.#string(chunk, at);
          break;
        case 'stringEnd':
          // Two quotes are one quote inside.
          if (byte === quote) {
            this.#text.keep(byte);
            at += 1;
          }
          this.#state = byte === quote ? 'string' : 'code';
          break;
        case 'escape':
          this.#text.keep(byte);
          this.#state = 'string';
          at += 1;
          break;
        case 'identifier':
          // Two quotes end one identifier and begin another: the same place in the end.
          this.#text.keep(byte);
          if (byte === doubleQuote) this.#state = 'code';
          at += 1;
          break;
        case 'dollarTag':
          at = this.#dollarTag(byte, at);
          break;
        case 'dollarBody':
          at = this.#dollarBody(chunk, at);
          break;
      }
    }
    return -1;
  }

  /** The statement that `scan` just ended, one character per byte, without comments; cut if it is no COPY. */
  takeStatement(): string {
    return this.#text.take();
  }

  #code(byte: number): void {
    if (isSpace(byte)) {
      if (!this.#text.isEmpty) this.#text.keep(byte);
      return;
    }
    if (byte === dash || byte === slash) {
      // Kept, or not, when the next byte says which it is.
      this.#state = byte === dash ? 'dash' : 'slash';
      return;
    }
    if (byte === backslash && this.#text.isEmpty) {
      this.#state = 'meta';
      return;
    }
    this.#text.keep(byte);
    if (byte === quote) {
      this.#escapes = false;
      this.#state = 'string';
    } else if (byte === doubleQuote) {
      this.#state = 'identifier';
    } else if (byte === dollar) {
      this.#tag = [dollar];
      this.#state = 'dollarTag';
    } else if (isNameStart(byte) || isDigit(byte)) {
      this.#wordLength = 1;
      this.#wordIsE = byte === 0x45 || byte === 0x65;
      this.#state = 'word';
    }
  }

  #maybeComment(byte: number, at: number): number {
    const first = this.#state === 'dash' ? dash : slash;
    if (byte === (first === dash ? dash : star)) {
      this.#state = first === dash ? 'lineComment' : 'blockComment';
      this.#comment = '';
      this.#commentDepth = 1;
      this.#previous = 0;
      // A comment parts words.
      if (!this.#text.isEmpty) this.#text.keep(0x20);
      return at + 1;
    }
    this.#text.keep(first);
    this.#state = 'code';
    return at;
  }

  #lineComment(chunk: Buffer, at: number): number {
    const end = this.#skipTo(newline, chunk, at, 'code');
    const room = completeComment.length + 1 - this.#comment.length;
    if (room > 0) this.#comment += chunk.toString('latin1', at, Math.min(end, at + room));
    if (this.#comment === `${completeComment}\n`) this.complete = true;
    return end;
  }

  #blockComment(byte: number): void {
    if (this.#previous === slash && byte === star) {
      this.#commentDepth += 1;
      this.#previous = 0;
    } else if (this.#previous === star && byte === slash) {
      this.#commentDepth -= 1;
      this.#previous = 0;
      if (this.#commentDepth === 0) this.#state = 'code';
    } else {
      this.#previous = byte;
    }
  }

  #string(chunk: Buffer, from: number): number {
    // Byte by byte only as long as the statement is kept: a large object's literals are skipped.
    if (this.#text.isFull && !this.#escapes) return this.#skipTo(quote, chunk, from, 'stringEnd');
    const byte = chunk[from] as number;
    this.#text.keep(byte);
    if (byte === quote) this.#state = 'stringEnd';
    else if (byte === backslash && this.#escapes) this.#state = 'escape';
    return from + 1;
  }

  #dollarTag(byte: number, at: number): number {
    const first = this.#tag.length === 1;
    if (byte === dollar || isNameStart(byte) || (!first && isDigit(byte))) {
      this.#tag.push(byte);
      this.#text.keep(byte);
      if (byte === dollar) {
        this.#matched = 0;
        this.#state = 'dollarBody';
      }
      return at + 1;
    }
    // `$1`, or a stray dollar: no quote.
    this.#state = 'code';
    return at;
  }

  #dollarBody(chunk: Buffer, from: number): number {
    let at = from;
    if (this.#matched === 0) {
      at = chunk.indexOf(dollar, at);
      if (at === -1) return chunk.length;
    }
    const byte = chunk[at] as number;
    if (byte === this.#tag[this.#matched]) this.#matched += 1;
    else this.#matched = byte === dollar ? 1 : 0;
    if (this.#matched === this.#tag.length) this.#state = 'code';
    return at + 1;
  }

  #skipTo(byte: number, chunk: Buffer, from: number, state: State): number {
    const at = chunk.indexOf(byte, from);
    if (at === -1) return chunk.length;
    this.#state = state;
    return at + 1;
  }
}
