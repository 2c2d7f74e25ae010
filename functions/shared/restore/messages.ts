import type { RestoreProblem } from './restoration.ts';

/** An error as a program told it, before anybody judged whose fault it is. */
export type Complaint = Omit<RestoreProblem, 'fault' | 'missing'>;

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
};

const messageLimit = 600;
const statementLimit = 200;

/**
 * Reads what pg_restore or psql write to standard error. A message goes on until the next one begins, whatever lines a
 * statement or a name brings; the entry that pg_restore names counts until it names another.
 */
export function messageReader({ onComplaint, onStep }: Listener): MessageReader {
  let entry: Complaint['entry'];
  let open: { message: string[]; statement: string[]; inStatement: boolean } | undefined;
  let entryLines: string | undefined;

  const close = (): void => {
    if (open !== undefined) {
      onComplaint({
        message: oneLine(open.message.join(' '), messageLimit),
        ...(entry === undefined ? {} : { entry }),
        ...(open.statement.length === 0
          ? {}
          : { statement: oneLine(open.statement.join(' '), statementLimit) }),
      });
    }
    open = undefined;
    if (entryLines !== undefined) entry = entryIn(entryLines) ?? entry;
    entryLines = undefined;
  };

  const begin = (text: string): void => {
    close();
    const error = /^(?:error|fatal|detail): (.*)$/s.exec(text)?.[1];
    if (error !== undefined) open = { message: [error], statement: [], inStatement: false };
    else if (text.startsWith('from TOC entry ')) entryLines = text.slice('from TOC entry '.length);
    else if (!text.startsWith('warning: ')) onStep?.(text);
  };

  return {
    take: (line) => {
      const [, own] = /^pg_restore: (.*)$/.exec(line) ?? [];
      const [, psqls] = /^psql:.*?: ((?:ERROR|FATAL|PANIC|error): .*)$/.exec(line) ?? [];
      const [, lost] = /^(?:psql: error: |psql: )(.*)$/.exec(line) ?? [];
      if (own !== undefined) begin(own);
      else if (psqls !== undefined) begin(`error: ${psqls}`);
      else if (lost !== undefined) begin(`error: ${lost}`);
      // The server's own notices begin a message too.
      else if (/^psql:.*?: (?:NOTICE|WARNING|INFO|LOG): /.test(line)) close();
      else if (open !== undefined) {
        const [, statement] = /^Command was: (.*)$/.exec(line) ?? [];
        if (statement !== undefined) open.inStatement = true;
        if (open.inStatement) open.statement.push(statement ?? line);
        else open.message.push(line);
      } else if (entryLines !== undefined) entryLines += ` ${line}`;
    },
    end: close,
  };
}

/** `2; 3079 16385 EXTENSION hstore (no owner)` */
function entryIn(text: string): Complaint['entry'] {
  const [, id, label = ''] = /^(\d+); \d+ \d+ (.*)$/s.exec(text) ?? [];
  return id === undefined ? undefined : { dumpId: Number(id), label: oneLine(label, statementLimit) };
}

function oneLine(text: string, limit: number): string {
  const line = text.replace(/[\s\u0000-\u001f\u007f]+/g, ' ').trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}
