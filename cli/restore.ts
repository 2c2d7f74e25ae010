import { tmpdir } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { most } from '../core/config/options.ts';
import { PgproofError, UsageError } from '../core/errors.ts';
import { fetchGlobals } from '../core/inventory/fetch-archive.ts';
import { formatId } from '../core/manifest/backup-id.ts';
import { type ConnectionParameters, describeServer } from '../core/postgres/connect/parameters.ts';
import { parseTableSelector } from '../core/postgres/names.ts';
import { Interrupted } from '../core/process/interrupted.ts';
import { chooseBackup } from '../core/restore/choose-backup.ts';
import { RestoreFailed } from '../core/restore/report.ts';
import type { RestoreRequest, Selection, TableSelector } from '../core/restore/request.ts';
import { restoreBackup } from '../core/restore/restore.ts';
import { temporaryScratch } from '../core/scratch/scratch.ts';
import type { Store } from '../core/store/store.ts';
import { interruptible } from './interrupt.ts';
import {
  collectName,
  partialOption,
  type StoreFlags,
  storeCommand,
  storeFrom,
  wholeNumber,
  withAsOf,
} from './options.ts';
import { tell } from './output/edge.ts';
import { partialWarning } from './output/partial.ts';
import { restoreProgress } from './output/restore-progress.ts';
import { refusedTable, restoredTable, restoreSummary } from './output/restored.ts';
import { printJson, printLines, printSource } from './output/result.ts';
import { styleFor } from './output/style.ts';
import { machinePrograms } from './programs.ts';
import { targetFrom } from './target.ts';
import { type ThawFlags, thawIfAsked, withThawFlags } from './thaw.ts';

type RestoreFlags = StoreFlags &
  ThawFlags & {
    readonly to?: string;
    readonly create?: true;
    readonly jobs?: number;
    readonly table?: readonly TableSelector[];
    readonly schema?: readonly string[];
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

export function restoreCommand(): Command {
  return withThawFlags(withAsOf(storeCommand('restore')))
    .description('restore a backup into a server, and compare the rows of every table with what was recorded')
    .argument('<id>', 'SOURCE/DATABASE/STARTED-AT, or SOURCE/DATABASE/latest: the newest good one')
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
        'only this table, TABLE or SCHEMA.TABLE; may be given several times',
      ).argParser(collectTable),
    )
    .option('--schema <name>', 'only what is in this schema; may be given several times', collectName)
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
    .addOption(new Option('--scratch <directory>', 'where the archive lies meanwhile').default(tmpdir()))
    .action(run);
}

/** @throws InvalidArgumentError */
function collectTable(text: string, before: readonly TableSelector[] = []): readonly TableSelector[] {
  const name = parseTableSelector(text);
  if (name === undefined)
    throw new InvalidArgumentError('Expected TABLE or SCHEMA.TABLE, odd parts in double quotes as in SQL.');
  return [...before, name];
}

async function run(text: string, flags: RestoreFlags): Promise<void> {
  const store = await storeFrom(flags);
  if (flags.globals === 'print') return await printGlobals(store, text, flags);
  const target = targetFrom(flags.to);
  const style = styleFor(process.stderr);
  const progress = await restoreProgress(process.stderr);
  let isTouched = false;
  try {
    const report = await interruptible(async (signal) => {
      const { id, manifest, verdict, isGood } = await chooseBackup(store, text, {
        signal,
        any: flags.any,
        partial: flags.partial,
      });
      for (const line of partialWarning(manifest, formatId(id)))
        progress.say(`${style.yellow('Careful:')} ${line}`);
      if (!isGood)
        progress.say(`${style.yellow('Careful:')} ${formatId(id)} is ${verdict ?? 'not verified'}`);
      const { parameters, database } = await target.resolve(manifest.database);
      if (!flags.json) progress.say(`${style.yellow('Note:')} ${whoseRights(parameters)}`);
      progress.start(formatId(id), database);
      const request: RestoreRequest = {
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
      return await restoreBackup(request, {
        store,
        manifest,
        signal,
        target: parameters,
        beforeFetching: () => thawIfAsked(flags, { store, id, manifest, signal }, progress.say),
        scratch: temporaryScratch(flags.scratch),
        clock: () => new Date(),
        tools: machinePrograms({ signal, onProgress: progress.say }).tools,
        onProgress: (event) => {
          isTouched ||= event.step === 'restoring';
          progress.on(event);
        },
      });
    }).finally(progress.stop);
    if (flags.json) printJson(report);
    else {
      const table = restoredTable(report.tables, styleFor(process.stdout));
      if (table !== undefined) printLines(table);
      tell(process.stderr, restoreSummary(report, style));
    }
  } catch (error: unknown) {
    if (error instanceof Interrupted && isTouched)
      progress.say(
        'What was restored so far is not complete: drop that database, or empty it, before you use it.',
      );
    if (!flags.json && error instanceof RestoreFailed && error.report.keptGoing) {
      const refused = refusedTable(error.report.problems);
      if (refused !== undefined) printLines(refused);
    }
    if (flags.json && error instanceof PgproofError && 'report' in error) printJson(error.report);
    throw error;
  }
}

/** A dump is a program: its functions, triggers, checks and views run while it is restored, as whoever restores. */
function whoseRights(target: ConnectionParameters): string {
  return `what the backup holds (functions, triggers, checks) runs on ${describeServer(target)} with the rights of the role ${target.user}`;
}

function selectionFrom(flags: RestoreFlags): Selection {
  return {
    tables: flags.table ?? [],
    schemas: flags.schema ?? [],
    part: flags.schemaOnly ? 'schema' : flags.dataOnly ? 'data' : 'all',
    owners: flags.owner,
    privileges: flags.privileges,
  };
}

async function printGlobals(store: Store, text: string, { any, partial }: RestoreFlags): Promise<void> {
  await interruptible(async (signal) => {
    const { id, manifest } = await chooseBackup(store, text, { signal, any, partial });
    const sql = await fetchGlobals(manifest, { store, id, signal });
    if (sql === undefined) {
      throw new UsageError({
        what: 'This backup holds no roles',
        got: formatId(id),
        fix: 'Leave --globals out.',
      });
    }
    // As stored: the encoding of names is the one that the file itself declares.
    printSource(sql);
  });
}
