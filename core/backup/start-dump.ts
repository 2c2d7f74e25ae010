import { type DumpOptions, dumpArguments } from '../postgres/dump/dump-arguments.ts';
import { type PostgresTools, toolPath } from '../postgres/programs/tools.ts';
import { type RunningChild, startChild } from '../process/run-child.ts';

export type DumpRequest = {
  readonly dump: DumpOptions;
  readonly tools: PostgresTools;
  readonly env: Readonly<Record<string, string>>;
  readonly redact: (text: string) => string;
  readonly signal: AbortSignal;
  readonly onTable: () => void;
  /** pg_dump holds a lock on every table that it will read. */
  readonly onLocked: () => void;
  /** Each line of its standard error, redacted. */
  readonly onLine: (line: string) => void;
  /** Anything that shows the dump is alive. */
  readonly onLife: () => void;
};

/** @param directory where pg_dump makes its files, in the directory format */
export function startDump(request: DumpRequest, directory?: string): RunningChild {
  let lockingTables = false;
  return startChild({
    file: toolPath(request.tools, 'pg_dump'),
    args: dumpArguments(request.dump, request.tools.major, directory),
    env: request.env,
    redact: request.redact,
    signal: request.signal,
    onStderrLine: (line) => {
      request.onLife();
      request.onLine(line);
      // It locks the tables while it reads their list; what it does next comes after that.
      if (lockingTables && !line.startsWith('pg_dump: error:')) request.onLocked();
      lockingTables = line === 'pg_dump: reading user-defined tables';
      if (line.startsWith('pg_dump: dumping contents of table')) request.onTable();
    },
  });
}
