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
    readonly globals?: 'print' | 'apply';
    readonly allowSuperusers?: true;
    readonly intoNonEmpty?: true;
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
    .addOption(
      new Option('--jobs <n>', 'workers of pg_restore; default: one per processor').argParser(
        wholeNumber(1, most.jobs),
      ),
    )
    .addOption(new Option('--schema-only', 'no rows').conflicts('dataOnly'))
    .option('--data-only', 'rows only, into tables that are there')
    .option('--no-owner', 'everything belongs to the role that restores')
    .option('--no-privileges', 'leave out who may do what')
    .addOption(
      new Option(
        '--globals <what>',
        "print: the server's roles and tablespaces as SQL, and nothing else; apply: make those that are missing",
      ).choices(['print', 'apply']),
    )
    .option(
      '--allow-superusers',
      'with --globals apply: make superusers, and others who may do as much, that the server has not',
    )
    .option('--into-non-empty', 'restore into a database that holds something already')
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
    create: flags.create ?? false,
    intoNonEmpty: flags.intoNonEmpty ?? false,
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
