import { messageOf, PgproofError } from '../errors.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { isGoodVerdict, type Verification } from '../manifest/verification.ts';

export type BackupDone = {
  readonly status: 'done';
  readonly database: string;
  readonly id: string;
  /** Of the archive as stored. */
  readonly bytes: number;
  readonly seconds: number;
  readonly manifest: Manifest;
  /** Absent where no verification was asked for. */
  readonly verification?: Verification;
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
};

/** A backup counts as good when it is stored and its verification, if there was one, found nothing. */
export function isGoodResult(result: BackupResult): boolean {
  if (result.status === 'failed') return false;
  const verdict = result.verification?.verdict;
  return verdict === undefined || isGoodVerdict(verdict);
}

/** At least one database of the run has no good backup. Every other database was still taken. */
export class BackupFailed extends PgproofError {
  override readonly name = 'BackupFailed';
  readonly #report: BackupReport;

  constructor(report: BackupReport) {
    const bad = report.databases.filter((result) => !isGoodResult(result));
    super({
      what: `${bad.length} of ${report.databases.length} databases of ${report.source} have no good backup`,
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
