import { PgproofError } from '../errors.ts';
import type { RowsStatus } from '../manifest/rows-compared.ts';
import { quoteIdentifier } from '../postgres/names.ts';
import type { RestoreProblem } from '../postgres/pg-restore/restoration.ts';
import { formatCount, plural } from '../text/units.ts';
import { type Left, whatToDrop } from './what-to-drop.ts';

export type RestoredTable = {
  readonly schema: string;
  readonly name: string;
  /** Rows by the manifest; null where they were not counted when the backup was made. */
  readonly recorded: number | null;
  /** Rows in the target; null where the table is missing. */
  readonly restored: number | null;
  /** Rows by the archive's own COPY, where they were not counted when the backup was made and it could be asked. */
  readonly inArchive?: number | undefined;
  readonly status: RowsStatus;
};

/** What a restore came to. Plain values: the command prints it, the function returns it. */
export type RestoreReport = {
  readonly id: string;
  /** `db.example.com:5432`, or the path of a socket. */
  readonly server: string;
  readonly database: string;
  readonly created: boolean;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** Of pg_restore and of the server. */
  readonly program: string;
  readonly serverVersion: string;
  readonly jobs: number;
  /** Whether it went on after errors: then `problems` lists all that was not restored, a thousand at the most. */
  readonly keptGoing: boolean;
  readonly archiveBytes: number;
  /** Empty where the rows were not compared; `notes` says why. */
  readonly tables: readonly RestoredTable[];
  readonly problems: readonly RestoreProblem[];
  /** The schema of a database in use that it was restored into: the one of `tables`. */
  readonly intoSchema?: string | undefined;
  /** What got another name, so that the restored tables have theirs. */
  readonly renamed?: readonly Renamed[] | undefined;
  /** The statements that take the restored tables away and give those of before their names back. */
  readonly undo?: readonly string[] | undefined;
  /** Set where it failed and nothing of it stayed in the database. */
  readonly isUnchanged?: boolean | undefined;
  /** True where roles or tablespaces could not be made, so that the database was not even begun. */
  readonly endedAtRoles?: boolean | undefined;
  /** Set where the archive is not the one that was stored, which showed only as it was restored. */
  readonly isDamaged?: boolean | undefined;
  /** What people should know although nothing failed. */
  readonly notes: readonly string[];
  /** Of one that failed: what it may have left in a database that was not its own to make. */
  readonly left?: Left | undefined;
};

/** Something that was in the way of a restored table, with its names as SQL has them, without their schema. */
export type Renamed = {
  /** As ALTER has it: `TABLE`, `INDEX`, `SEQUENCE`. */
  readonly kind: string;
  readonly schema: string;
  readonly from: string;
  readonly to: string;
};

export function isRestored({ problems, tables }: RestoreReport): boolean {
  return problems.length === 0 && tables.every(({ status }) => status !== 'differs' && status !== 'missing');
}

/** The restore ran, and the target is not what the backup holds. */
export class RestoreFailed extends PgproofError {
  override readonly name = 'RestoreFailed';
  readonly report: RestoreReport;

  constructor(report: RestoreReport, options?: ErrorOptions) {
    const { id, database, problems, tables, keptGoing } = report;
    const bad = tables.filter(({ status }) => status === 'differs' || status === 'missing');
    const words = [
      ...problems.slice(0, 10).map(({ message, entry }) => (entry ? `${entry.label}: ${message}` : message)),
      ...bad.slice(0, 10).map(describeTable),
    ];
    super(
      {
        what: `${id} was not restored whole into ${JSON.stringify(database)}`,
        got: words.join('\n'),
        // Where it ended as a whole, nobody knows what is there.
        fix:
          keptGoing && !report.isUnchanged && !problems.some(({ endsRestore }) => endsRestore)
            ? `All else is there. ${adviceFor(report)}`
            : `${whatIsLeft(report)} ${adviceFor(report)}`,
      },
      options,
    );
    this.report = report;
  }
}

function whatIsLeft({
  created,
  intoSchema,
  isUnchanged,
  endedAtRoles,
  undo,
  left = { makes: undefined },
}: RestoreReport): string {
  if (endedAtRoles)
    return 'Nothing was made or changed but roles and tablespaces; those that could be made stay, and another run leaves them as they are. With --keep-going all else is restored.';
  if (isUnchanged) return 'Nothing of it stayed in that database.';
  if (intoSchema !== undefined)
    return `What is in the schema is not complete: DROP SCHEMA ${quoteIdentifier(intoSchema)} CASCADE before you try again.`;
  if (undo !== undefined) return `To have the tables of before back: ${undo.join(' ')}`;
  return whatToDrop(left, created);
}

function describeTable({ schema, name, recorded, restored, inArchive }: RestoredTable): string {
  const rows = restored === null ? 'is missing' : `has ${plural(restored, 'row')}`;
  if (recorded === null && inArchive !== undefined)
    return `${schema}.${name} ${rows}, in the archive are ${formatCount(inArchive)}`;
  return `${schema}.${name} ${rows}, recorded were ${recorded === null ? 'none' : formatCount(recorded)}`;
}

function adviceFor({ problems, isDamaged }: RestoreReport): string {
  if (isDamaged || problems.some(({ isDamage }) => isDamage))
    return 'The archive is damaged, and nothing of it can be trusted: restore another backup, pgproof list shows which there are.';
  if (problems.some(({ message }) => /role ".*" does not exist/.test(message)))
    return 'Roles are missing on this server: add --globals apply, or leave owners and rights out with --no-owner --no-privileges.';
  if (problems.some(({ remedy }) => remedy === 'one job'))
    return 'Its jobs waited for each other, or for others who work in that database: keep those out, and add --jobs 1.';
  const missing = problems.flatMap((problem) => problem.missing ?? []);
  if (missing.length > 0) return `The server lacks: ${[...new Set(missing)].join(', ')}.`;
  if (problems.length === 0)
    return 'The server refused nothing: see whether something else writes into those tables, such as a trigger or an application; pgproof verify tells whether the backup itself is whole.';
  return "Read the server's words above; pgproof verify tells whether the backup itself is whole.";
}
