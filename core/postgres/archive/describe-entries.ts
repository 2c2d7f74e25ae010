import { createInterface } from 'node:readline';
import { startChild } from '../../process/run-child.ts';
import { nameDecoder } from '../facts/encodings.ts';
import { type PostgresTools, toolPath } from '../programs/tools.ts';
import { offlineEnvironment, sqlArguments } from './offline-pg-restore.ts';
import { declaredEncoding } from './sql-text.ts';
import type { TocEntry } from './toc.ts';
import { withUseList } from './use-list.ts';

/** What an entry is, each part by itself: a list of contents does not tell where a name with spaces ends. */
export type DescribedEntry = {
  /** `-` of what lies in none: a schema, an extension. */
  readonly schema: string;
  /** As it is listed: line breaks are blanks, a function has its arguments, a constraint its table before it. */
  readonly name: string;
  /** What it is made by; undefined where it is long. */
  readonly sql: string | undefined;
};

/** Enough for an operator, a foreign key or what a sequence is set to; a function's body nobody asks for. */
const keptLines = 40;

/**
 * Schema, name and definition of entries, from the SQL that pg_restore writes of them. Not of those with rows, which
 * would all be read.
 *
 * @param request.directory for a file of ours
 * @returns by dump id; what pg_restore writes nothing of, or what is not as the table of contents has it, is not in it
 */
export async function describeEntries(
  entries: readonly TocEntry[],
  request: {
    readonly tools: PostgresTools;
    readonly path: string;
    readonly directory: string;
    readonly signal: AbortSignal;
  },
): Promise<Map<number, DescribedEntry>> {
  if (entries.length === 0) return new Map();
  const { tools, path, directory, signal } = request;
  return await withUseList({ dumpIds: entries.map(({ dumpId }) => dumpId), directory }, async (useList) => {
    const child = startChild({
      file: toolPath(tools, 'pg_restore'),
      args: sqlArguments({ parts: ['--verbose', '--no-owner', '--no-tablespaces'], useList, path }),
      env: offlineEnvironment,
      signal,
    });
    // Byte by byte: in which encoding names are is told in the text itself.
    child.stdout.setEncoding('latin1');
    const reader = entryReader(entries);
    for await (const line of createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY }))
      reader.take(line);
    await child.exited;
    signal.throwIfAborted();
    return reader.described();
  });
}

/** Reads SQL as `pg_restore --verbose --no-owner --no-tablespaces` writes it, line by line, each byte a character. */
export function entryReader(entries: readonly TocEntry[]): {
  readonly take: (line: string) => void;
  readonly described: () => Map<number, DescribedEntry>;
} {
  const byId = new Map(entries.map((entry) => [entry.dumpId, entry]));
  const found = new Map<number, { schema: string; name: string; lines: string[] }>();
  let encoding = 'UTF8';
  let begun: TocEntry | undefined;
  let lines: string[] | undefined;
  const take = (line: string): void => {
    if (found.size === 0) encoding = declaredEncoding(line.replace(/;$/, '')) ?? encoding;
    const [, id] = /^-- TOC entry (\d+) \(class \d+ OID \d+\)$/.exec(line) ?? [];
    if (id !== undefined) begun = found.has(Number(id)) ? begun : byId.get(Number(id));
    const head = begun === undefined ? undefined : headIn(line, begun);
    if (head !== undefined && begun !== undefined) {
      lines = [];
      found.set(begun.dumpId, { ...head, lines });
      begun = undefined;
    } else if (lines !== undefined && lines.length <= keptLines) lines.push(line);
  };
  const described = (): Map<number, DescribedEntry> => {
    const decode = nameDecoder(encoding);
    const text = (bytes: string): string => decode(Buffer.from(bytes, 'latin1'));
    return new Map(
      [...found].map(([id, { schema, name, lines: own }]) => {
        const sql = own.filter((line) => !/^(?:--|\\)/.test(line)).join('\n');
        const isWhole = own.length <= keptLines;
        return [id, { schema: text(schema), name: text(name), sql: isWhole ? text(sql).trim() : undefined }];
      }),
    );
  };
  return { take, described };
}

/**
 * `-- Name: orders; Type: TABLE; Schema: public; Owner: -`. What stands in a comment of somebody's function is told
 * from it by the table of contents, which lists the entry as the same.
 */
function headIn(
  line: string,
  { type, label }: TocEntry,
): { readonly schema: string; readonly name: string } | undefined {
  const start = '-- Name: ';
  const end = '; Owner: -';
  if (!line.startsWith(start) || !line.endsWith(end)) return undefined;
  const middle = line.slice(start.length, -end.length);
  const word = `; Type: ${type}; Schema: `;
  for (let at = middle.indexOf(word); at >= 0; at = middle.indexOf(word, at + 1)) {
    const name = middle.slice(0, at);
    const schema = middle.slice(at + word.length);
    // Labels were read as UTF-8, whatever they are.
    const listed = Buffer.from(`${schema} ${name}`, 'latin1').toString('utf8').trimEnd();
    if (label === listed || label.startsWith(`${listed} `)) return { schema, name };
  }
  return undefined;
}
