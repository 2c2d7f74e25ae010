import { backslash, dollar, doubleQuote, isDigit, isNameStart, quote } from './sql-bytes.ts';
import type { SqlStretch, StatementText } from './sql-text.ts';

/**
 * A literal after its first quote. Strings are read with standard_conforming_strings on; with it off pg_dump doubles
 * backslashes, which ends them at the same place.
 */
export class StringLiteral implements SqlStretch {
  readonly mayEndText = false;
  readonly #text: StatementText;
  readonly #knowsBackslash: boolean;
  /** What the byte before this one said. */
  #after: 'text' | 'backslash' | 'quote' = 'text';

  /** @param knowsBackslash in `E'…'` a backslash takes the meaning from a quote */
  constructor(text: StatementText, knowsBackslash: boolean) {
    this.#text = text;
    this.#knowsBackslash = knowsBackslash;
  }

  scan(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      // Byte by byte only as long as the statement is kept: a large object's literals are skipped.
      if (this.#after === 'text' && this.#text.isFull && !this.#knowsBackslash) {
        at = chunk.indexOf(quote, at);
        if (at === -1) return -1;
        this.#after = 'quote';
        at += 1;
        continue;
      }
      const byte = chunk[at] as number;
      // Two quotes are one quote inside; the first alone was the end.
      if (this.#after === 'quote' && byte !== quote) return at;
      this.#text.keep(byte);
      this.#after = this.#next(byte);
      at += 1;
    }
    return -1;
  }

  #next(byte: number): 'text' | 'backslash' | 'quote' {
    if (this.#after !== 'text') return 'text';
    if (byte === quote) return 'quote';
    return byte === backslash && this.#knowsBackslash ? 'backslash' : 'text';
  }
}

/** A name after its first double quote. Of two together one ends it and one begins another: the same in the end. */
export class QuotedName implements SqlStretch {
  readonly mayEndText = false;
  readonly #text: StatementText;

  constructor(text: StatementText) {
    this.#text = text;
  }

  scan(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      this.#text.keep(byte);
      if (byte === doubleQuote) return at + 1;
    }
    return -1;
  }
}

/** What follows a dollar: `$tag$ … $tag$`, or no quote at all, as in `$1`. Of a quote only the tag is kept. */
export class DollarQuote implements SqlStretch {
  readonly mayEndText = false;
  readonly #text: StatementText;
  readonly #tag: number[] = [dollar];
  #isInBody = false;
  /** How much of the tag the bytes before this one were. */
  #matched = 0;

  constructor(text: StatementText) {
    this.#text = text;
  }

  scan(chunk: Buffer, from: number): number {
    let at = from;
    while (!this.#isInBody) {
      if (at >= chunk.length) return -1;
      const byte = chunk[at] as number;
      const isFirst = this.#tag.length === 1;
      if (byte !== dollar && !isNameStart(byte) && (isFirst || !isDigit(byte))) return at;
      this.#tag.push(byte);
      this.#text.keep(byte);
      this.#isInBody = byte === dollar;
      at += 1;
    }
    return this.#scanBody(chunk, at);
  }

  #scanBody(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      if (this.#matched === 0) {
        at = chunk.indexOf(dollar, at);
        if (at === -1) return -1;
      }
      const byte = chunk[at] as number;
      if (byte === this.#tag[this.#matched]) this.#matched += 1;
      else this.#matched = byte === dollar ? 1 : 0;
      at += 1;
      if (this.#matched === this.#tag.length) return at;
    }
    return -1;
  }
}
