import { oneLine } from '../../text/one-line.ts';
import { withErrorInEnglish } from '../connect/language.ts';
import type { RestoreProblem } from './restoration.ts';

/** An error as a program told it, before it is judged whose fault it is. */
export type Complaint = Pick<RestoreProblem, 'message' | 'entry' | 'statement'>;

export type MessageReader = {
  /** One line of standard error. */
  readonly take: (line: string) => void;
  /** After the last line. */
  readonly end: () => void;
};

type Listener = {
  readonly onComplaint: (complaint: Complaint) => void;
  /** What pg_restore says it begins with: `creating INDEX "public.users_email"`. */
  readonly onStep?: ((text: string) => void) | undefined;
  /** What the server calls an error, where that may be another word than ERROR. */
  readonly errorWord?: string | undefined;
};

const messageLimit = 600;
const statementLimit = 200;

/**
 * Reads what pg_restore or psql write to standard error. A message goes on until the next one begins, whatever lines a
 * statement or a name brings; the entry that pg_restore names counts until it names another.
 */
export function messageReader({ onComplaint, onStep, errorWord }: Listener): MessageReader {
  const english = withErrorInEnglish(errorWord);
  let entry: Complaint['entry'];
  let open: { message: string[]; statement: string[]; inStatement: boolean } | undefined;
  let entryLines: string | undefined;

  const close = (): void => {
    if (open !== undefined) {
      onComplaint({
        message: squeezed(open.message.join(' '), messageLimit),
        ...(entry === undefined ? {} : { entry }),
        ...(open.statement.length === 0
          ? {}
          : { statement: squeezed(open.statement.join(' '), statementLimit) }),
      });
    }
    open = undefined;
    if (entryLines !== undefined) entry = entryIn(entryLines) ?? entry;
    entryLines = undefined;
  };

  const begin = (text: string): void => {
    close();
    if (text.startsWith('from TOC entry ')) entryLines = text.slice('from TOC entry '.length);
    else onStep?.(text);
  };

  const fail = (text: string): void => {
    close();
    open = { message: [text], statement: [], inStatement: false };
  };

  const takeOwn = (marks: string, text: string): void => {
    const aside = /(detail|hint): $/.exec(marks)?.[1];
    if (beginsStep.test(text)) begin(text);
    else if (aside !== undefined) open?.message.push(`${aside.toUpperCase()}: ${text}`);
    else if (/(?:error|fatal): /.test(marks) || beginsError.test(text)) fail(text);
    else if (/warning: /.test(marks)) close();
    else begin(text);
  };

  return {
    take: (written) => {
      const line = english(written);
      const [, marks = '', text = ''] = ownMarks.exec(line) ?? [];
      const [, psqls] = /^psql:.*?: ((?:ERROR|FATAL|PANIC|error): .*)$/.exec(line) ?? [];
      const [, lost] = /^(?:psql: error: |psql: )(.*)$/.exec(line) ?? [];
      if (marks.includes('pg_restore:') || beginsError.test(text) || beginsStep.test(text))
        takeOwn(marks, text);
      else if (psqls !== undefined) fail(psqls);
      else if (lost !== undefined) fail(lost);
      // The server's own notices begin a message too.
      else if (/^psql:.*?: (?:NOTICE|WARNING|INFO|LOG): /.test(line)) close();
      else if (open !== undefined) {
        const [, statement] = /^Command was: (.*)$/.exec(line) ?? [];
        if (statement !== undefined) open.inStatement = true;
        // A statement may be as long as the function that it makes: what is not shown is not kept.
        if (!open.inStatement) keep(open.message, line, messageLimit);
        else keep(open.statement, statement ?? line, statementLimit);
      } else if (entryLines !== undefined) entryLines += ` ${line}`;
    },
    end: close,
  };
}

/**
 * The jobs of pg_restore write at the same time, and each writes a line in up to three pieces: `pg_restore:`, ` error: `
 * and the text with the line's end. So there are lines like `pg_restore:pg_restore: error: the one`, and `the other`
 * without anything in front of it.
 */
const ownMarks = /^((?:pg_restore: ?| ?(?:error|fatal|detail|hint|warning): ?)*) ?(.*)$/s;
const beginsError = /^(?:could not execute query: (?:ERROR|FATAL): |COPY failed for table ")/;
const beginsStep =
  /^(?:(?:launching|finished|processing|skipping) item \d+ [A-Z]|processing data for table "|creating [A-Z]+ |from TOC entry \d+; \d+ \d+ [A-Z])/;

function keep(lines: string[], line: string, limit: number): void {
  if (lines.length < limit && lines.reduce((sum, { length }) => sum + length, 0) <= limit) lines.push(line);
}

/** `2; 3079 16385 EXTENSION hstore (no owner)` */
function entryIn(text: string): Complaint['entry'] {
  const [, id, label = ''] = /^(\d+); \d+ \d+ (.*)$/s.exec(text) ?? [];
  return id === undefined ? undefined : { dumpId: Number(id), label: squeezed(label, statementLimit) };
}

/** Statements and names bring lines and indentation of their own. */
function squeezed(text: string, limit: number): string {
  return oneLine(text, { limit, squeeze: true });
}
