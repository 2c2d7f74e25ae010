import type { StoredFile } from '../manifest/manifest.ts';
import { type DumpPlan, dumpArguments } from '../postgres/dump/dump-arguments.ts';
import { type PostgresTools, toolPath } from '../postgres/programs/tools.ts';
import { type RunningChild, startChild } from '../process/run-child.ts';
import type { Scratch } from '../scratch/scratch.ts';
import type { StagedObject, Store } from '../store/store.ts';

/** An archive whose bytes are all in the store, and not yet visible. */
export type TakenArchive = {
  readonly staged: readonly StagedObject[];
  readonly files: readonly StoredFile[];
};

export type ArchiveRequest = {
  readonly plan: DumpPlan;
  readonly databaseBytes: number;
  readonly tools: PostgresTools;
  readonly env: Readonly<Record<string, string>>;
  readonly redact: (text: string) => string;
  readonly store: Store;
  /** Where pg_dump's files lie in the directory format. */
  readonly scratch: Scratch;
  /** Full key of an object of this backup, by its name. */
  readonly key: (name: string) => string;
  readonly signal: AbortSignal;
  /** Total of the archive so far. */
  readonly onBytes: (total: number) => void;
  readonly onTable: () => void;
  /** pg_dump holds a lock on every table that it will read. */
  readonly onLocked: () => void;
  /** Anything that shows the dump is alive. */
  readonly onLife: () => void;
};

export function startDump(request: ArchiveRequest, directory?: string): RunningChild {
  let lockingTables = false;
  return startChild({
    file: toolPath(request.tools, 'pg_dump'),
    args: dumpArguments(request.plan, request.tools.major, directory),
    env: request.env,
    redact: request.redact,
    signal: request.signal,
    onStderrLine: (line) => {
      request.onLife();
      // It locks the tables while it reads their list; what it does next comes after that.
      if (lockingTables && !line.startsWith('pg_dump: error:')) request.onLocked();
      lockingTables = line === 'pg_dump: reading user-defined tables';
      if (line.startsWith('pg_dump: dumping contents of table')) request.onTable();
    },
  });
}
