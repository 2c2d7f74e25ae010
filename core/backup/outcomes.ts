import { remarksOf } from '../manifest/remarks.ts';
import type { Outcome } from '../notify/alert.ts';
import { describeFailure } from '../notify/describe-failure.ts';
import type { BackupPlan } from './plan.ts';
import type { BackupDone } from './report.ts';

export type Circumstances = {
  readonly source: string;
  readonly store: string;
  readonly at: Date;
  readonly plan: BackupPlan;
};

function common({
  source,
  store,
  at,
  plan,
}: Circumstances): Pick<Outcome, 'source' | 'store' | 'at' | 'schedule' | 'reason'> {
  return { source, store, at, schedule: plan.schedule, reason: plan.reason };
}

/** A backup that did not come about; without a database, the whole run. */
export function failureOutcome(
  circumstances: Circumstances,
  error: unknown,
  details: Pick<Outcome, 'database' | 'reached' | 'seconds'>,
): Outcome {
  return {
    ...common(circumstances),
    ...details,
    ...describeFailure(error),
    result: 'failed',
    work: 'backup',
  };
}

export function doneOutcome(circumstances: Circumstances, done: BackupDone): Outcome {
  const { database, id, bytes, seconds, manifest } = done;
  return {
    ...common(circumstances),
    result: 'good',
    work: 'backup',
    database,
    id,
    bytes,
    seconds,
    remarks: remarksOf(manifest),
    what: `${manifest.tables.length} tables of PostgreSQL ${manifest.server.version}${done.verification ? `, ${done.verification.verdict}` : ', not verified yet'}`,
  };
}

/** The run ended before these databases had their turn: one message for all of them. */
export function notStartedOutcome(
  circumstances: Circumstances,
  reason: unknown,
  databases: readonly string[],
): Outcome {
  const outcome = failureOutcome(
    circumstances,
    reason,
    databases.length === 1 ? { database: databases[0] } : {},
  );
  const names = databases.map((name) => JSON.stringify(name)).join(', ');
  return { ...outcome, headline: undefined, what: `No backup was begun of ${names}: ${outcome.what}` };
}
