import type { Manifest } from '../manifest/manifest.ts';
import { remarksOf } from '../manifest/remarks.ts';
import { archiveBytes } from '../manifest/sizes.ts';
import type { Outcome } from '../notify/alert.ts';
import { describeFailure } from '../notify/describe-failure.ts';
import { plural } from '../text/units.ts';
import { type Alarm, describeAlarm } from './alarms.ts';
import type { BackupPlan } from './plan.ts';
import type { BackupDone } from './report.ts';
import { AlreadyRunning } from './take-turn.ts';

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
    // The other one tells how it ends; what somebody should look at is that the two met.
    result: error instanceof AlreadyRunning ? 'doubtful' : 'failed',
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
    what: `${plural(manifest.tables.length, 'table')}${manifest.partial === true ? ' (partial: others were left out on purpose)' : ''} of PostgreSQL ${manifest.server.version}${done.verification ? `, ${done.verification.verdict}` : ', not verified yet'}`,
  };
}

/** A backup that is done, and holds something that somebody should look at; all of it in one message. */
export function alarmOutcome(
  circumstances: Circumstances,
  manifest: Manifest,
  alarms: readonly Alarm[],
): Outcome {
  const told = alarms.map((alarm) => describeAlarm(alarm, manifest.source));
  return {
    ...common(circumstances),
    result: 'doubtful',
    work: 'backup',
    database: manifest.database,
    id: manifest.id,
    bytes: archiveBytes(manifest),
    what: `The backup is done. ${told.map(({ what }) => what).join('. ')}`,
    headline: told.map(({ headline }) => headline).join('; '),
    fix: told.map(({ fix }) => fix).join('\n'),
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
