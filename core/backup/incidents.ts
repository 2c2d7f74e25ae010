import type { Incident } from '../notify/alert.ts';
import { describeFailure } from '../notify/describe-failure.ts';
import type { BackupPlan } from './plan.ts';
import type { BackupDone } from './report.ts';

type Circumstances = {
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
}: Circumstances): Pick<Incident, 'source' | 'store' | 'at' | 'schedule' | 'reason'> {
  return { source, store, at, schedule: plan.schedule, reason: plan.reason };
}

/** A backup that did not come about; without a database, the whole run. */
export function failureIncident(
  circumstances: Circumstances,
  error: unknown,
  details: Pick<Incident, 'database' | 'reached' | 'seconds'>,
): Incident {
  return {
    ...common(circumstances),
    ...details,
    ...describeFailure(error),
    outcome: 'failed',
    work: 'backup',
  };
}

export function doneIncident(circumstances: Circumstances, done: BackupDone): Incident {
  const { database, id, bytes, seconds, manifest } = done;
  return {
    ...common(circumstances),
    outcome: 'good',
    work: 'backup',
    database,
    id,
    bytes,
    seconds,
    what: `${manifest.tables.length} tables of PostgreSQL ${manifest.server.version}${done.verification ? `, ${done.verification.verdict}` : ', not verified yet'}`,
  };
}

/** The run ended before these databases had their turn: one message for all of them. */
export function notStartedIncident(
  circumstances: Circumstances,
  reason: unknown,
  databases: readonly string[],
): Incident {
  const incident = failureIncident(
    circumstances,
    reason,
    databases.length === 1 ? { database: databases[0] } : {},
  );
  const names = databases.map((name) => JSON.stringify(name)).join(', ');
  return { ...incident, headline: undefined, what: `No backup was begun of ${names}: ${incident.what}` };
}
