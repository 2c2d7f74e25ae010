import { type Command, Option } from 'commander';
import type { BackupPlan } from '../core/backup/plan.ts';
import { type Compression, parseCompression } from '../core/config/compression.ts';
import { defaultLevel, planDefaults } from '../core/config/defaults.ts';
import { type LockFor, parseObjectLock } from '../core/config/object-lock.ts';
import { most } from '../core/config/options.ts';
import { contradictingPattern, selectionFrom, type TableSelection } from '../core/config/table-selection.ts';
import { UsageError } from '../core/errors.ts';
import { chooseCompression } from '../core/postgres/dump/compression.ts';
import {
  type Format,
  formats,
  type NotifyPolicy,
  type RowMode,
  rowModes,
  type VerifyChoice,
  variables,
  verifyChoices,
} from '../core/vocabulary.ts';
import { withAlertFlags } from './alerts.ts';
import { allowUncontainedOption, type RestoreFlags, restoreTimeoutOption } from './containment.ts';
import { type LogFlags, withLogFlags } from './log.ts';
import {
  type ContactFlag,
  collectName,
  contactOption,
  nameOf,
  type StoreFlags,
  wholeNumber,
  withUploadFlags,
} from './options.ts';
import { refuseWithout, withoutOption } from './without.ts';

export type BackupFlags = StoreFlags &
  ContactFlag &
  RestoreFlags &
  LogFlags & {
    readonly source?: string;
    readonly name?: string;
    readonly database?: readonly string[];
    readonly excludeDatabase?: readonly string[];
    readonly schema?: readonly string[];
    readonly excludeSchema?: readonly string[];
    readonly excludeTable?: readonly string[];
    readonly excludeTableData?: readonly string[];
    readonly format: Format;
    readonly compress?: string;
    readonly jobs: number;
    readonly parallel: number;
    readonly rows: RowMode;
    readonly fingerprint?: true;
    readonly rolePasswords: boolean;
    readonly objectLock?: LockFor;
    readonly verify: VerifyChoice;
    readonly without?: readonly string[];
    readonly lockWaitTimeout: number;
    readonly stallTimeout: number;
    readonly topic?: string;
    readonly notify: NotifyPolicy;
    readonly json?: true;
  };

export function withBackupFlags(command: Command): Command {
  const flags = command
    .option(
      '--source <url>',
      "a server: postgresql://user@host/ or a libpq connection string; default: libpq's environment",
    )
    .option(
      '--name <name>',
      "the source's name in backup ids; default: the host's name, and the port where it is not 5432",
      nameOf,
    )
    .option(
      '--database <name>',
      'only this one; may be given several times; default: all but templates and postgres',
      collectName,
    )
    .option('--exclude-database <name>', 'all but this one; may be given several times', collectName)
    .option('--schema <pattern>', "only this schema; these four as pg_dump's, and several times", collectName)
    .option('--exclude-schema <pattern>', 'all but this schema', collectName)
    .option('--exclude-table <pattern>', 'all but this table', collectName)
    .option('--exclude-table-data <pattern>', 'of this table the definition only', collectName)
    .addOption(choice('--format <format>', "pg_dump's format", formats, planDefaults.format))
    .option(
      '--compress <method[:level]>',
      'zstd, gzip, lz4 or none; default: zstd:1 where pg_dump has it, else gzip:1',
    )
    .addOption(
      number('--jobs <n>', 'workers for one database; directory format only', most.jobs, planDefaults.jobs),
    )
    .addOption(number('--parallel <n>', 'databases at once', most.parallel, planDefaults.parallel))
    .addOption(choice('--rows <how>', 'count the rows of every table', rowModes, planDefaults.rows))
    .addOption(
      new Option('--fingerprint', "a hash of every table's content, in the scan that counts its rows"),
    )
    .option('--no-role-passwords', "leave the hashes of the roles' passwords out of globals.sql")
    .addOption(
      new Option(
        '--object-lock <mode:days>',
        'S3: lock archive, roles and manifest for so long: governance:30, compliance:30',
      )
        .env(variables.objectLock)
        .argParser(parseObjectLock),
    )
    .addOption(contactOption())
    .addOption(choice('--verify <level>', 'verify each backup at once', verifyChoices, defaultLevel.command))
    .addOption(withoutOption())
    .addOption(restoreTimeoutOption())
    .addOption(allowUncontainedOption())
    .addOption(
      number(
        '--lock-wait-timeout <s>',
        'seconds to wait for a table lock',
        aDay,
        planDefaults.lockWaitSeconds,
      ),
    )
    .addOption(
      number(
        '--stall-timeout <s>',
        'seconds without progress that end a dump',
        aDay,
        planDefaults.stallSeconds,
      ),
    );
  return withLogFlags(withAlertFlags(withUploadFlags(flags)));
}

const aDay = 86_400;

function choice(flags: string, description: string, choices: readonly string[], value: string): Option {
  return new Option(flags, description).choices([...choices]).default(value);
}

function number(flags: string, description: string, most: number, value: number): Option {
  return new Option(flags, description).argParser(wholeNumber(1, most)).default(value);
}

/** @throws UsageError where flags contradict each other */
export function planFromFlags(flags: BackupFlags): BackupPlan {
  refuseWithout(flags.without, flags.verify);
  if (flags.jobs > 1 && flags.format !== 'directory') {
    throw new UsageError({
      what: '--jobs needs the directory format',
      got: `--jobs ${flags.jobs} --format ${flags.format}`,
      fix: 'Add --format directory; --parallel takes several databases at once in any format.',
    });
  }
  if (flags.fingerprint && flags.rows === 'none') {
    throw new UsageError({
      what: '--fingerprint is taken while rows are counted',
      got: '--fingerprint --rows none',
      fix: 'Leave out one of the two.',
    });
  }
  const selection = selectionFromFlags(flags);
  return {
    databases: flags.database ?? [],
    excludeDatabases: flags.excludeDatabase ?? [],
    ...(selection === undefined ? {} : { selection }),
    format: flags.format,
    compression: compressionFrom(flags),
    jobs: flags.jobs,
    parallel: flags.parallel,
    rows: flags.rows,
    fingerprint: flags.fingerprint ?? false,
    rolePasswords: flags.rolePasswords,
    lock: flags.objectLock,
    lockWaitSeconds: flags.lockWaitTimeout,
    stallSeconds: flags.stallTimeout,
  };
}

function selectionFromFlags(flags: BackupFlags): TableSelection | undefined {
  const selection = selectionFrom({
    schemas: flags.schema,
    excludeSchemas: flags.excludeSchema,
    excludeTables: flags.excludeTable,
    excludeTableData: flags.excludeTableData,
  });
  const same = contradictingPattern(selection ?? {});
  if (same === undefined) return selection;
  throw new UsageError({
    what: 'A schema is asked for and left out',
    got: `--schema ${JSON.stringify(same)} --exclude-schema ${JSON.stringify(same)}`,
    fix: 'Leave out one of the two.',
  });
}

/** What no pg_dump could do is refused before anything is connected to. */
function compressionFrom({ compress, format }: BackupFlags): Compression | undefined {
  if (compress === undefined) return undefined;
  const asked = parseCompression(compress);
  return chooseCompression({ asked, format, pgDumpMajor: Number.POSITIVE_INFINITY, hasZstd: true });
}
