import type { StoredState } from '../inventory/stored-state.ts';
import type { BackupId } from '../manifest/backup-id.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { ConnectionParameters } from '../postgres/connect/parameters.ts';
import type { FoundTools } from '../postgres/programs/tools.ts';
import type { Scratch } from '../scratch/scratch.ts';
import type { Store } from '../store/store.ts';
import type { MadeRelation } from './what-to-drop.ts';

/** What of a backup is restored. All of it where nothing is named. */
export type Selection = {
  /** Tables, views, materialized views, foreign tables, sequences; a partitioned table is all its partitions. */
  readonly tables: readonly TableSelector[];
  /** Names of schemas, or patterns of psql's. */
  readonly schemas: readonly string[];
  /** What stays away of what is restored otherwise. */
  readonly excludeTables?: readonly TableSelector[] | undefined;
  readonly excludeSchemas?: readonly string[] | undefined;
  readonly part: 'all' | 'schema' | 'data';
  /** Whether objects get the owners, and people the rights, that they had. */
  readonly owners: boolean;
  readonly privileges: boolean;
};

/** A table; without a schema every one of that name. */
export type TableSelector = {
  readonly schema: string | undefined;
  readonly name: string;
  /** As it was asked for, where it may be a pattern too: see readTableSelector. */
  readonly pattern?: string | undefined;
};

export type RestoreRequest = {
  readonly id: BackupId;
  /** The database to restore into. */
  readonly database: string;
  /** Makes the database first; it must not be there. */
  readonly create: boolean;
  /** With `create`: drops a database of that name first that a failed restore left, and no other. */
  readonly replaceIncomplete?: boolean | undefined;
  /** Restores into a database that holds something already. */
  readonly intoNonEmpty: boolean;
  /** Restores into this schema, new or empty, of a database that is in use: beside the tables that it has. */
  readonly intoSchema?: string | undefined;
  /** Gives the tables that are in the way of those asked for another name; undone where the restore fails. */
  readonly renameExisting?: boolean | undefined;
  /** Workers of pg_restore; @default as many as there are processors */
  readonly jobs?: number | undefined;
  readonly selection: Selection;
  /** Restores all that can be restored; what was refused is in the report. @default ends at the first error */
  readonly keepGoing?: boolean | undefined;
  /** Makes the roles and tablespaces of globals.sql that the server lacks, before anything else. */
  readonly applyGlobals: boolean;
  /** Also superusers, and others who may do as much, that the server has not. @default false */
  readonly allowSuperusers?: boolean | undefined;
};

export const wholeBackup: Selection = {
  tables: [],
  schemas: [],
  part: 'all',
  owners: true,
  privileges: true,
};

export function isPartial({ tables, schemas, excludeTables, excludeSchemas }: Selection): boolean {
  return [tables, schemas, excludeTables ?? [], excludeSchemas ?? []].some(({ length }) => length > 0);
}

export type RestoreProgress =
  /** The archive comes from the store. */
  | { readonly step: 'fetching'; readonly bytes: number; readonly totalBytes: number }
  | {
      readonly step: 'restoring';
      /** `table data public.users` */
      readonly doing: string;
      readonly entries: number;
      readonly totalEntries: number | undefined;
      /** Size of the database that is being filled, and what it was at the source. */
      readonly bytes: number;
      readonly totalBytes: number;
    }
  | { readonly step: 'counting'; readonly tables: number; readonly totalTables: number };

/** What of the target is worked at, from the moment on in which something of it may be there. */
export type RestoreStep = 'roles' | 'creating' | 'restoring' | 'describing' | 'counting';

export type RestoreDependencies = {
  readonly store: Store;
  readonly manifest: Manifest;
  /** The server to restore into, and a role that may create what the backup holds. */
  readonly target: ConnectionParameters;
  /** Programs of this major version or the nearest newer one. */
  readonly tools: (major: number) => Promise<FoundTools>;
  /** In a rehearsal, whose `tools` fetches none: whether a restore would. */
  readonly fetchesTools?: boolean | undefined;
  readonly clock: () => Date;
  /** Sees to it that the archive can be read; may take hours. Begun once the target was found fit. */
  readonly beforeFetching?: (() => Promise<void>) | undefined;
  /** Whether the archive has to be thawed first, for a rehearsal; undefined where nobody can be asked. */
  readonly storedState?: (() => Promise<StoredState | undefined>) | undefined;
  /** Where the archive lies while it is restored. */
  readonly scratch: Scratch;
  readonly signal: AbortSignal;
  readonly onProgress?: ((event: RestoreProgress) => void) | undefined;
  /** Hears, before the target is changed, what is to be made there: see `makes` of Left. */
  readonly onMakes?: ((makes: readonly MadeRelation[] | undefined) => void) | undefined;
  /** Told when each begins; none of them before the target is changed. */
  readonly onStep?: ((step: RestoreStep) => void) | undefined;
};
