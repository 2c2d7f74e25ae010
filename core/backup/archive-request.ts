import type { StoredFile } from '../manifest/manifest.ts';
import type { DumpOptions } from '../postgres/dump/dump-arguments.ts';
import type { RunningChild } from '../process/run-child.ts';
import type { Scratch } from '../scratch/scratch.ts';
import type { ObjectLock, StagedObject, Store } from '../store/store.ts';

/** An archive whose bytes are all in the store, and not yet visible. */
export type TakenArchive = {
  readonly staged: readonly StagedObject[];
  readonly files: readonly StoredFile[];
};

export type ArchiveRequest = {
  readonly dump: Pick<DumpOptions, 'format' | 'compression'>;
  /** Starts pg_dump; into that directory in the directory format, else to its standard output. */
  readonly startDump: (directory?: string) => RunningChild;
  readonly databaseBytes: number;
  readonly store: Store;
  /** Where pg_dump's files lie in the directory format. */
  readonly scratch: Scratch;
  /** Full key of an object of this backup, by its name. */
  readonly key: (name: string) => string;
  /** Of what is stored from now on. */
  readonly lock: () => ObjectLock | undefined;
  readonly signal: AbortSignal;
  /** Total of the archive so far. */
  readonly onBytes: (total: number) => void;
  /** Anything that shows the dump is alive. */
  readonly onLife: () => void;
};
