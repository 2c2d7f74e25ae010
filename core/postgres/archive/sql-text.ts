import { PgproofError } from '../../errors.ts';
import { unquoteIdentifier } from '../names.ts';

/** How much of a statement is kept when it is no COPY: enough for `SET client_encoding = '…'`. */
const keptOfOthers = 64;
/** 1600 columns, each of 63 bytes that are all quotes to double, make 210 kB. */
const keptOfCopy = 1024 * 1024;

/** SQL text that the scanner cannot follow. */
export class SqlUnreadable extends PgproofError {
  override readonly name = 'SqlUnreadable';
}

/**
 * A stretch of SQL in which a semicolon ends nothing: a literal, a quoted name, a comment. It is handed pieces of the
 * text, cut anywhere, until it finds its end.
 */
export type SqlStretch = {
  /** Whether a text may end in the middle of it. */
  readonly mayEndText: boolean;
  /** Reads on. The place after its end, or -1 where the chunk ran out first. @throws SqlUnreadable */
  readonly scan: (chunk: Buffer, from: number) => number;
};

/** The statement being read: a COPY whole, of any other the beginning only, however long it becomes. */
export class StatementText {
  readonly #bytes = Buffer.allocUnsafe(keptOfCopy);
  readonly #keptOfOthers: number;
  #length = 0;
  #limit: number;

  /** @param kept how much is kept of a statement that is no COPY, in bytes */
  constructor(kept: number = keptOfOthers) {
    this.#keptOfOthers = kept;
    this.#limit = kept;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Whether what follows will not be kept. */
  get isFull(): boolean {
    return this.#length >= this.#limit;
  }

  /** @throws SqlUnreadable where a COPY statement does not end */
  keep(byte: number): void {
    if (this.isFull) {
      if (this.#limit === keptOfCopy) throw tooLong();
      return;
    }
    this.#bytes[this.#length] = byte;
    this.#length += 1;
    if (this.#length === 5 && /^COPY[\s"]/i.test(this.#bytes.toString('latin1', 0, 5)))
      this.#limit = keptOfCopy;
  }

  /** What was kept, one character per byte; the next statement begins. */
  take(): string {
    const text = this.#bytes.toString('latin1', 0, this.#length);
    this.#length = 0;
    this.#limit = this.#keptOfOthers;
    return text;
  }
}

function tooLong(): SqlUnreadable {
  return new SqlUnreadable({
    what: 'A COPY statement in the dump is too long to be read',
    got: `more than ${keptOfCopy} bytes`,
    fix: 'Restore this backup by hand to verify it, and report the table definition to pgproof.',
  });
}

const identifier = String.raw`(?:"(?:[^"]|"")+"|[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*)`;
const columns = String.raw`\((?:[^()"]|"[^"]*")*\)`;
const copyFromStdin = new RegExp(
  String.raw`^COPY\s+(?:(${identifier})\s*\.\s*)?(${identifier})\s*(?:${columns}\s*)?FROM\s+stdin(?![A-Za-z0-9_$\x80-\xff])`,
  'i',
);
const setEncoding = /^SET\s+client_encoding\s*(?:=|TO)\s*'([^']*)'\s*$/i;

/** The table of a `COPY … FROM stdin`, one character per byte; undefined for any other statement. */
export function copiedTable(statement: string): { schema: string; name: string } | undefined {
  const match = copyFromStdin.exec(statement);
  if (match?.[2] === undefined) return undefined;
  return { schema: unquoteIdentifier(match[1] ?? ''), name: unquoteIdentifier(match[2]) };
}

/** The encoding that a `SET client_encoding` names; undefined for any other statement. */
export function declaredEncoding(statement: string): string | undefined {
  return setEncoding.exec(statement)?.[1];
}
