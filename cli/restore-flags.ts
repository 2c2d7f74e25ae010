import { tmpdir } from 'node:os';
import { type Command, Option } from 'commander';
import { most } from '../core/config/options.ts';
import type { BackupId } from '../core/manifest/backup-id.ts';
import type { RestoreRequest, Selection } from '../core/restore/request.ts';
import { type LatestFlags, type StoreFlags, wholeNumber, withLatestFlags } from './options.ts';
import { namesFrom, type SelectionFlags, withSelectionFlags } from './selection-flags.ts';
import type { ThawFlags } from './thaw.ts';

export type RestoreFlags = StoreFlags &
  LatestFlags &
  ThawFlags &
  SelectionFlags & {
    readonly to?: string;
    readonly create?: true;
    readonly jobs?: number;
    readonly schemaOnly?: true;
    readonly dataOnly?: true;
    readonly owner: boolean;
    readonly privileges: boolean;
    readonly globals?: 'print' | 'apply' | 'skip';
    readonly globalsOnly?: true;
    readonly replaceIncomplete?: true;
    readonly dryRun?: true;
    readonly allowSuperusers?: true;
    readonly intoNonEmpty?: true;
    readonly intoSchema?: string;
    readonly renameExisting?: true;
    readonly keepGoing?: true;
    readonly scratch: string;
    readonly json?: true;
  };

/** Everything that `pgproof restore` takes beside a store. */
export function withRestoreFlags(command: Command): Command {
  return withSelectionFlags(withLatestFlags(command))
    .option(
      '--to <url>',
      "the server and the database: postgresql://user@host/database; default: libpq's environment",
    )
    .option('--create', 'make the database first')
    .option(
      '--replace-incomplete',
      '--create, and drop first what a failed restore left under that name; no other database is ever dropped',
    )
    .option(
      '--dry-run',
      'say what would be done, how long it took and what the target lacks; make nothing. Exit status 1 where it would be refused',
    )
    .addOption(
      new Option('--jobs <n>', 'workers of pg_restore; default: one per processor').argParser(
        wholeNumber(1, most.jobs),
      ),
    )
    .option('--schema-only', 'no rows')
    .option('--data-only', 'rows only, into tables that are there')
    .option('--no-owner', 'everything belongs to the role that restores')
    .option('--no-privileges', 'leave out who may do what')
    .addOption(
      new Option(
        '--globals <what>',
        "print: the server's roles and tablespaces as SQL, and nothing else; apply: make those that are missing; skip: make none (default)",
      ).choices(['print', 'apply', 'skip']),
    )
    .option('--globals-only', 'make the roles and tablespaces that are missing, and restore nothing else')
    .option(
      '--allow-superusers',
      'with --globals apply: make superusers, and others who may do as much, that the server has not',
    )
    .option('--into-non-empty', 'restore into a database that holds something already')
    .option(
      '--into-schema <name>',
      'restore into this schema, new or empty, beside what a database in use holds',
    )
    .option('--rename-existing', 'with --table: what is in the way gets another name first')
    .option('--keep-going', 'restore all that can be restored, and list what was not; exit status 1')
    .addOption(new Option('--scratch <directory>', 'where the archive lies meanwhile').default(tmpdir()));
}

/** What the flags ask for, of a backup that was chosen and a database that was found out. */
export function requestFrom(
  flags: RestoreFlags,
  { id, database }: { readonly id: BackupId; readonly database: string },
): RestoreRequest {
  return {
    id,
    database,
    selection: selectionFrom(flags),
    applyGlobals: flags.globals === 'apply',
    allowSuperusers: flags.allowSuperusers ?? false,
    create: flags.create === true || flags.replaceIncomplete === true,
    replaceIncomplete: flags.replaceIncomplete ?? false,
    intoNonEmpty: flags.intoNonEmpty ?? false,
    intoSchema: flags.intoSchema,
    renameExisting: flags.renameExisting ?? false,
    jobs: flags.jobs,
    keepGoing: flags.keepGoing ?? false,
  };
}

function selectionFrom(flags: RestoreFlags): Selection {
  return {
    ...namesFrom(flags),
    part: flags.schemaOnly ? 'schema' : flags.dataOnly ? 'data' : 'all',
    owners: flags.owner,
    privileges: flags.privileges,
  };
}
