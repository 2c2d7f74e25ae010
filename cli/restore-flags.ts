import { tmpdir } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { most } from '../core/config/options.ts';
import type { BackupId } from '../core/manifest/backup-id.ts';
import { isSchemaSelector, readTableSelector } from '../core/restore/name-pattern.ts';
import type { RestoreRequest, Selection, TableSelector } from '../core/restore/request.ts';
import { partialOption, type StoreFlags, wholeNumber } from './options.ts';
import type { ThawFlags } from './thaw.ts';

export type RestoreFlags = StoreFlags &
  ThawFlags & {
    readonly to?: string;
    readonly create?: true;
    readonly jobs?: number;
    readonly table?: readonly TableSelector[];
    readonly schema?: readonly string[];
    readonly excludeTable?: readonly TableSelector[];
    readonly excludeSchema?: readonly string[];
    readonly schemaOnly?: true;
    readonly dataOnly?: true;
    readonly owner: boolean;
    readonly privileges: boolean;
    readonly globals?: 'print' | 'apply';
    readonly allowSuperusers?: true;
    readonly any?: true;
    readonly partial?: true;
    readonly intoNonEmpty?: true;
    readonly keepGoing?: true;
    readonly scratch: string;
    readonly json?: true;
  };

/** Everything that `pgproof restore` takes beside a store. */
export function withRestoreFlags(command: Command): Command {
  return command
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
    .addOption(
      new Option(
        '--table <name>',
        'only this table, view or sequence, TABLE or SCHEMA.TABLE, or a pattern as psql has it; may be given several times',
      ).argParser(collectTable),
    )
    .addOption(
      new Option(
        '--schema <name>',
        'only what is in this schema, a name or a pattern; may be given several times',
      ).argParser(collectSchema),
    )
    .addOption(
      new Option(
        '--exclude-table <name>',
        'not this table, a name or a pattern; may be given several times',
      ).argParser(collectTable),
    )
    .addOption(
      new Option(
        '--exclude-schema <name>',
        'nothing of this schema, a name or a pattern; may be given several times',
      ).argParser(collectSchema),
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
    .option('--any', 'latest is the newest, whatever its verdict')
    .addOption(partialOption())
    .option('--into-non-empty', 'restore into a database that holds something already')
    .option('--keep-going', 'restore all that can be restored, and list what was not; exit status 1')
    .addOption(new Option('--scratch <directory>', 'where the archive lies meanwhile').default(tmpdir()));
}

/** @throws InvalidArgumentError */
function collectTable(text: string, before: readonly TableSelector[] = []): readonly TableSelector[] {
  const name = readTableSelector(text);
  if (name === undefined)
    throw new InvalidArgumentError(
      'Expected TABLE or SCHEMA.TABLE, odd parts in double quotes as in SQL, or a pattern as psql has it.',
    );
  return [...before, name];
}

/** @throws InvalidArgumentError */
function collectSchema(text: string, before: readonly string[] = []): readonly string[] {
  if (!isSchemaSelector(text)) throw new InvalidArgumentError('Expected the name of a schema, or a pattern.');
  return [...before, text];
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
    tables: flags.table ?? [],
    schemas: flags.schema ?? [],
    excludeTables: flags.excludeTable ?? [],
    excludeSchemas: flags.excludeSchema ?? [],
    part: flags.schemaOnly ? 'schema' : flags.dataOnly ? 'data' : 'all',
    owners: flags.owner,
    privileges: flags.privileges,
  };
}
