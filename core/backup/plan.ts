import type { Compression } from '../config/compression.ts';
import type { LockFor } from '../config/object-lock.ts';
import type { TableSelection } from '../config/table-selection.ts';
import type { Verified } from '../manifest/verified.ts';
import type { Notifier } from '../notify/notifier.ts';
import type { PostgresTools } from '../postgres/programs/tools.ts';
import type { NoteOptions } from '../recovery/note-teller.ts';
import type { Scratch } from '../scratch/scratch.ts';
import type { Source } from '../source/source.ts';
import type { Store } from '../store/store.ts';
import type { Format, RowMode } from '../vocabulary.ts';
import type { OnProgress } from './progress.ts';

/** What is to be backed up, and how. Values only. */
export type BackupPlan = {
  /** Empty: every database that selectDatabases finds. */
  readonly databases: readonly string[];
  readonly excludeDatabases: readonly string[];
  /** What is left out of each on purpose. @default nothing */
  readonly selection?: TableSelection | undefined;
  readonly format: Format;
  /** Undefined: the best that the chosen pg_dump has. */
  readonly compression: Compression | undefined;
  /** pg_dump's workers for one database; more than 1 with the directory format only. */
  readonly jobs: number;
  /** Databases at once. */
  readonly parallel: number;
  /** `none` leaves the rows uncounted: faster, and a verification can then compare nothing but the tables' names. */
  readonly rows: RowMode;
  /** A hash of every table's content, taken while its rows are counted: slower, and of no use without the counts. */
  readonly fingerprint: boolean;
  /** Whether globals.sql is to hold the roles' password hashes, where the role that backs up may read them. */
  readonly rolePasswords: boolean;
  /** For how long the store is to let nobody delete it: archive, roles and manifest. @default it is not locked */
  readonly lock?: LockFor | undefined;
  readonly lockWaitSeconds: number;
  readonly stallSeconds: number;
  /** Said in alerts: why this run, which schedule. */
  readonly reason?: string | undefined;
  readonly schedule?: string | undefined;
};

/** What a backup works with: what it reads, where it writes, who hears of it. */
export type BackupDependencies = {
  readonly source: Source;
  readonly store: Store;
  /** The programs for a server of that major version. @throws NoMatchingTools */
  readonly tools: (serverMajor: number) => Promise<PostgresTools>;
  readonly clock: () => Date;
  /** Where the directory format's files lie until they are stored. @default the system's temporary directory */
  readonly scratch?: Scratch | undefined;
  readonly notifier: Notifier;
  /** Verifies a backup that was just written; undefined: it was not asked for, or the verify function does it. */
  readonly verify?: ((id: string) => Promise<Verified>) | undefined;
  /** RECOVERY.md beside the backups. @default none is written */
  readonly recovery?: NoteOptions | undefined;
  readonly onProgress: OnProgress;
  /** Ends the run early: the function's deadline, Ctrl-C. Its reason is what people are told. */
  readonly signal: AbortSignal;
};
