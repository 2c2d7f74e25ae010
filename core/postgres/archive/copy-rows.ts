import { PgproofError } from '../../errors.ts';
import { nameDecoder } from '../facts/encodings.ts';
import { labelOf } from '../names.ts';
import { StatementScanner } from './sql-statements.ts';
import { copiedTable, declaredEncoding } from './sql-text.ts';

/** One table's data in a dump. */
export type CopyTable = {
  readonly schema: string;
  readonly name: string;
  readonly rows: number;
  /** Of each of its blocks; several where the partitions of a table are loaded through it. */
  readonly blocks: readonly number[];
};

export type CopyRowCounts = {
  /** In the order of their first block. */
  readonly tables: readonly CopyTable[];
  readonly rows: number;
  /** PostgreSQL's name of the encoding that the dump declares for itself; names were decoded from it. */
  readonly encoding: string;
  /** Whether the text has the comment with which pg_dump and pg_restore end it. */
  readonly complete: boolean;
};

/** SQL that stops in the middle of a statement or of a table's rows. */
export class TruncatedSql extends PgproofError {
  override readonly name = 'TruncatedSql';
}

const newline = 0x0a;
/** `\.` on a line of its own ends a block; in data a backslash is always doubled (manual, COPY, text format). */
const endOfData = Buffer.from('\\.\n');

/**
 * Counts the rows of every COPY block in SQL text as pg_dump and pg_restore write it. Takes it in pieces cut
 * anywhere; memory does not grow with the text, only with the number of tables.
 *
 * A table that comes twice adds up. A line is a row, an empty one too: that is how tables without columns look.
 */
export class CopyRowCounter {
  readonly #scanner = new StatementScanner();
  readonly #blocks = new Map<string, number[]>();
  #encoding = 'UTF8';
  #mode: 'sql' | 'copyLine' | 'rows' = 'sql';
  #table = '';
  #blockRows = 0;
  #totalRows = 0;
  #insideLine = false;
  #matched = 0;

  /** What was counted so far: whole blocks only for `tables`. */
  get progress(): { readonly tables: number; readonly rows: number } {
    return { tables: this.#blocks.size, rows: this.#totalRows + this.#blockRows };
  }

  /** @throws SqlUnreadable */
  write(chunk: Buffer): void {
    let at = 0;
    while (at !== -1 && at < chunk.length) {
      switch (this.#mode) {
        case 'sql':
          at = this.#scanner.scan(chunk, at);
          if (at !== -1) this.#statement(this.#scanner.takeStatement());
          break;
        case 'copyLine': {
          const end = chunk.indexOf(newline, at);
          if (end !== -1) this.#beginRows();
          at = end === -1 ? -1 : end + 1;
          break;
        }
        case 'rows':
          at = this.#countRows(chunk, at);
          if (at !== -1) this.#endRows();
          break;
      }
    }
  }

  /** @throws TruncatedSql where the text stops half way */
  end(): CopyRowCounts {
    if (this.#mode !== 'sql') throw truncated(`in the rows of ${labelOf(this.#decode(this.#table))}`);
    if (this.#scanner.inside) throw truncated('in the middle of a statement');
    const tables = [...this.#blocks].map(([key, blocks]) => ({
      ...this.#decode(key),
      rows: blocks.reduce((sum, rows) => sum + rows, 0),
      blocks,
    }));
    return { tables, rows: this.#totalRows, encoding: this.#encoding, complete: this.#scanner.complete };
  }

  #statement(statement: string): void {
    const table = copiedTable(statement);
    if (table !== undefined) {
      // No name can hold a NUL.
      this.#table = `${table.schema}\0${table.name}`;
      this.#mode = 'copyLine';
      return;
    }
    this.#encoding = declaredEncoding(statement) ?? this.#encoding;
  }

  #beginRows(): void {
    this.#mode = 'rows';
    this.#blockRows = 0;
    this.#insideLine = false;
    this.#matched = 0;
  }

  #endRows(): void {
    const blocks = this.#blocks.get(this.#table);
    if (blocks === undefined) this.#blocks.set(this.#table, [this.#blockRows]);
    else blocks.push(this.#blockRows);
    this.#totalRows += this.#blockRows;
    this.#blockRows = 0;
    this.#mode = 'sql';
  }

  /** The place after the end of the block, or -1. */
  #countRows(chunk: Buffer, from: number): number {
    let at = from;
    for (;;) {
      if (!this.#insideLine) {
        while (this.#matched < endOfData.length && chunk[at] === endOfData[this.#matched]) {
          this.#matched += 1;
          at += 1;
        }
        if (this.#matched === endOfData.length) return at;
        if (at >= chunk.length) return -1;
        this.#insideLine = true;
      }
      at = chunk.indexOf(newline, at);
      if (at === -1) return -1;
      at += 1;
      this.#blockRows += 1;
      this.#insideLine = false;
      this.#matched = 0;
    }
  }

  #decode(key: string): { schema: string; name: string } {
    const decode = nameDecoder(this.#encoding);
    const [schema = '', name = ''] = key.split('\0').map((part) => decode(Buffer.from(part, 'latin1')));
    return { schema, name };
  }
}

function truncated(where: string): TruncatedSql {
  return new TruncatedSql({
    what: 'The dump stops half way',
    got: `it ends ${where}`,
    fix: 'Take another backup; this one is incomplete.',
  });
}
