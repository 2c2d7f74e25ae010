import type { Format } from '../../vocabulary.ts';
import type { ArchiveAt } from '../archive/archive-at.ts';
import type { ConnectionParameters } from '../connect/parameters.ts';
import type { FoundTools } from '../programs/tools.ts';

/**
 * Something that was refused while a backup was restored. `backup`: what was stored is wrong; `environment`: the server
 * or the machine lacks something (an extension, a locale, a tablespace, room, time), which says nothing about the backup.
 */
export type RestoreProblem = {
  readonly fault: 'backup' | 'environment';
  /** One line for people: the server's or the program's own words. */
  readonly message: string;
  /** What lacks, where the fault is the environment's: `extension "vector"`, `locale "tr_TR.UTF-8"`, `room in /tmp`. */
  readonly missing?: string | undefined;
  /** What that is, where it can be accepted by its own name: see parseWithout. */
  readonly lacking?: { readonly kind: LackingKind; readonly name: string } | undefined;
  /** What the restored database knows of why, for people. */
  readonly hint?: string | undefined;
  /** Dump ids of the entries whose lack it comes from, where it comes from others'. */
  readonly causes?: readonly number[] | undefined;
  /** What is done about it, where that is not to tell it: see Lack. */
  readonly remedy?: Remedy | undefined;
  /** Set where somebody lacks a right although a superuser restores: the owner of what is restored. */
  readonly lacksRights?: true | undefined;
  /** Set where it ended the restore as a whole: what came of it is not worth a comparison. */
  readonly endsRestore?: true | undefined;
  /** Set where the archive itself cannot be read, whatever a server makes of it. */
  readonly isDamage?: true | undefined;
  /** The entry of the table of contents that it happened at: its dump id, and pg_restore's words for it. */
  readonly entry?: { readonly dumpId: number; readonly label: string } | undefined;
  /** The first part of the statement, on one line. */
  readonly statement?: string | undefined;
};

/** What a server's machine has, and no entry of an archive is. */
export type LackingKind = 'locale' | 'library';

/**
 * `one job`: jobs of the restore stood in each other's way. `without session libraries`: the database asks for a
 * library at the beginning of every session.
 */
export type Remedy = 'one job' | 'without session libraries';

export type PgRestoreProgress = {
  /** What pg_restore is busy with: `table data public.users`, `index public.users_email_idx`. */
  readonly doing: string;
  /** Entries begun so far, and how many there are where that is known. */
  readonly entries: number;
  readonly totalEntries: number | undefined;
};

export type PgRestoreRequest = {
  readonly tools: FoundTools;
  readonly format: Format;
  /** The archive's object name, whose end tells the compression of plain SQL: `archive.sql.zst`. */
  readonly archiveName: string;
  readonly archive: ArchiveAt;
  /** The version of the pg_dump that made it, where that is known: `17.11`. */
  readonly writtenBy?: string | undefined;
  /** The server, and a role that may create everything. Its `database` is not looked at. */
  readonly target: ConnectionParameters;
  /** Whether that role is a superuser: what is refused then lacks another role's rights, not its own. */
  readonly asSuperuser?: boolean | undefined;
  /** The database to restore into; must exist unless `create`. */
  readonly database: string;
  /**
   * Lets pg_restore create the database under its own name, with its locale, owner, settings, grants and comment.
   * Not for plain SQL.
   */
  readonly create: boolean;
  /** With `create`: the database is marked as incomplete since then, until somebody takes the mark away. */
  readonly incompleteSince?: Date | undefined;
  /**
   * Set where the archive may make schema `public`, as pg_dump has it for schemas that were asked for by name: whether the one
   * that is there gets the owner that it has in the archive.
   */
  readonly makesPublic?: 'with its owner' | 'as it is' | undefined;
  /** To be connected to while the archive makes its own; @default see maintenanceDatabase */
  readonly maintenance?: string | undefined;
  /** In which names of roles are bytes, as PostgreSQL calls it; undefined where it does not matter: see encodingOfOwners. */
  readonly encoding?: string | undefined;
  /** Settings of the session that dumped, under which what it wrote means the same: `TimeZone`, `lc_monetary`. */
  readonly dumpSettings?: Readonly<Record<string, string>> | undefined;
  /** What the server calls an error, where that may be another word than ERROR: see Language. */
  readonly errorWord?: string | undefined;
  /** At the most; one where the order in which the archive is loaded can matter. */
  readonly jobs: number;
  /** Entries of the table of contents that are left out, by dump id. Not for plain SQL, nor for a stream. */
  readonly leaveOut?: ReadonlySet<number> | undefined;
  /** A directory for files of ours, which the caller removes. */
  readonly directory: string;
  /** Ends at the first error. Otherwise every error is collected. */
  readonly exitOnError: boolean;
  /** Further arguments of pg_restore: `--table=…`, `--schema-only`, `--no-owner`. */
  readonly selection?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: PgRestoreProgress) => void) | undefined;
};

export type PgRestoreResult = {
  /** In order, at most a thousand; `problemCount` counts all. */
  readonly problems: readonly RestoreProblem[];
  readonly problemCount: number;
  /**
   * Several jobs spoke at once: every message is a server's or a program's own words, but which entry it is about is
   * not sure, nor that none was lost among the others.
   */
  readonly isMixed: boolean;
  /** Whether it was done under the restore's own settings; a pooler may refuse them. */
  readonly isSettled: boolean;
  /** That worked at once. */
  readonly jobs: number;
  /** Why it was one job although more were allowed: `a CHECK constraint calls public.f(integer)`. */
  readonly whyOneJob?: string | undefined;
  /** How long its rows took and what came after them, in milliseconds; undefined where there were none, or psql loaded them. */
  readonly phases?: { readonly rows: number; readonly after: number } | undefined;
};
