import { messageOf, PgproofError } from '../errors.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { isGood } from '../manifest/verification.ts';
import { inForceAfter, isInOrder, type Verified } from '../manifest/verified.ts';
import { plural } from '../text/units.ts';
import type { NotExcluded } from './select-databases.ts';

export type BackupDone = {
  readonly status: 'done';
  readonly database: string;
  readonly id: string;
  /** Of the archive as stored. */
  readonly bytes: number;
  readonly seconds: number;
  readonly manifest: Manifest;
  /** Absent where no verification was asked for. */
  readonly verification?: Verified;
};

export type BackupNotDone = {
  readonly status: 'failed';
  readonly database: string;
  readonly seconds: number;
  /** The error's class and its sentence; never a secret. */
  readonly error: {
    readonly name: string;
    readonly message: string;
    /** Of a defect only: what pgproof foresees needs none. */
    readonly stack?: string;
  };
  /** How far it got before it failed, in bytes of archive and tables begun; both 0 where it never started. */
  readonly reached: { readonly bytes: number; readonly tables: number };
};

/** One database's outcome. */
export type BackupResult = BackupDone | BackupNotDone;

/** One run's outcome. */
export type BackupReport = {
  readonly source: string;
  readonly store: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly databases: readonly BackupResult[];
  /** What was to be left out and is not there. Absent where there is none. */
  readonly notExcluded?: readonly NotExcluded[];
};

/** Whether all went as it was asked for: the backup is stored, and its verification, if there was one, found it in order. */
export function isGoodResult(result: BackupResult): boolean {
  if (result.status === 'failed') return false;
  return result.verification === undefined || isInOrder(result.verification);
}

/** Whether the store holds a backup of that database that counts as good, though its verification was not whole. */
function hasGoodBackup(result: BackupResult): boolean {
  return (
    result.status === 'done' &&
    (result.verification === undefined || isGood(inForceAfter(result.verification)))
  );
}

/** Which databases have no good backup, and which only were not verified as it was asked for; names as in JSON. */
export function shortfallOf({ databases, source }: BackupReport): string {
  const bad = databases.filter((result) => !isGoodResult(result));
  const named = (results: readonly BackupResult[]): string =>
    `${results.length} of ${plural(databases.length, 'database')} of ${source}: ${results.map(({ database }) => JSON.stringify(database)).join(', ')}`;
  const without = bad.filter((result) => !hasGoodBackup(result));
  const unproven = bad.filter(hasGoodBackup);
  return [
    ...(without.length > 0 ? [`No good backup of ${named(without)}`] : []),
    ...(unproven.length > 0 ? [`Stored and good, but not verified as asked: ${named(unproven)}`] : []),
  ].join('. ');
}

/** At least one database of the run has no good backup, or was not verified as asked. Every other was still taken. */
export class BackupFailed extends PgproofError {
  override readonly name = 'BackupFailed';
  readonly #report: BackupReport;

  constructor(report: BackupReport) {
    const bad = report.databases.filter((result) => !isGoodResult(result));
    super({
      what: shortfallOf(report),
      got: bad.map((result) => `${result.database}: ${shortReason(result)}`).join('\n'),
      fix: 'Mend what is named, then run again.',
    });
    this.#report = report;
  }

  /** No property of its own: Lambda's runtime writes those to the log, and the manifests in it can be megabytes. */
  get report(): BackupReport {
    return this.#report;
  }
}

function shortReason(result: BackupResult): string {
  if (result.status === 'failed') return result.error.message;
  return `stored, but its verification says ${result.verification?.verdict}`;
}

/** The backup is in the store, but the verification that was asked for could not be done. */
export class NotVerified extends PgproofError {
  override readonly name = 'NotVerified';

  constructor(id: string, cause: unknown) {
    super(
      {
        what: `The backup ${id} is stored, but could not be verified`,
        got: messageOf(cause),
        fix: `Mend the cause, then run: pgproof verify ${id}`,
      },
      { cause },
    );
  }
}
