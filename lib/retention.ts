import path from 'node:path';
import { Duration, Size, Stack, TimeZone } from 'aws-cdk-lib';
import type { Alarm, Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Architecture, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { notDaily, pruneSchedule } from '../core/config/daily.ts';
import { policyDefaults, policyOf } from '../core/retention/policy.ts';
import { alarmOnErrors, alarmOnSilence, alarmOnWaitingFailures } from './alarms.ts';
import { functionDefaults } from './config/schema.ts';
import { FailureQueue } from './failure-queue.ts';
import { packageRoot } from './package-root.ts';
import type { PostgresBackup } from './postgres-backup.ts';
import { type KeepRules, pruneFunction } from './prune-function.ts';
import type { Place } from './rights.ts';
import { DailyRun } from './schedule.ts';

export interface BackupRetentionProps {
  /** Whose backups are looked at, and no others. At least one; all in one bucket, under one prefix. */
  readonly backups: readonly PostgresBackup[];
  /** `{ daily: 7, weekly: 4, monthly: 12, within: '30d' }`: at least one rule, each of which adds to the others. */
  readonly keep: KeepRules;
  /**
   * How many good backups of each database are kept whatever the rules say.
   * @default 3
   */
  readonly min?: number | undefined;
  /**
   * Below which part of the rows, or of the bytes, of the one before a backup is a cliff, which pins the one before. 0: none is.
   * @default 0.5
   */
  readonly cliff?: number | undefined;
  /**
   * Whether only backups that were verified count as good. False where you have switched the verification off.
   * @default true
   */
  readonly verified?: boolean | undefined;
  /**
   * IANA name of the zone whose days, weeks and months are meant: that of the schedules.
   * @default 'UTC'
   */
  readonly timeZone?: string | undefined;
  /**
   * When it runs: on every day, after the nights.
   * @default - at noon, in `timeZone`
   */
  readonly expression?: ScheduleExpression | undefined;
  /**
   * Who hears of what was refused or failed.
   * @default - the topic of the first backup
   */
  readonly topic?: ITopic | undefined;
  /** @default Architecture.ARM_64 */
  readonly architecture?: Architecture | undefined;
  /** @default Size.mebibytes(1024) */
  readonly memory?: Size | undefined;
  /**
   * How long a run may take. What it did not come to is done the next day.
   * @default Duration.minutes(15)
   */
  readonly timeout?: Duration | undefined;
  /** @default RetentionDays.THREE_MONTHS */
  readonly logRetention?: RetentionDays | undefined;
  /**
   * Directory with `prune/index.mjs`.
   * @default - dist/functions of this package
   */
  readonly functionsDirectory?: string | undefined;
}

/**
 * Deletes, daily, what no rule keeps of the backups of some sources: one function, whose role may hide objects of backups
 * and delete no version of them.
 */
export class BackupRetention extends Construct {
  readonly pruneFunction: LambdaFunction;
  /** Starts and runs that failed. */
  readonly failureQueue: IQueue;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: BackupRetentionProps) {
    super(scope, id);
    const first = checked(props);
    const { min, cliff, verified = true, timeZone = policyDefaults.timeZone } = props;
    const topic = props.topic ?? first.topic;
    this.failureQueue = new FailureQueue(this, 'Failures');
    this.pruneFunction = pruneFunction(new Construct(this, 'Prune'), {
      sourceNames: props.backups.map(({ sourceName }) => sourceName),
      storeUrl: first.storeUrl,
      place: placeOf(props.backups, first),
      keep: props.keep,
      min,
      cliff,
      verified,
      timeZone,
      topic,
      failureQueue: this.failureQueue,
      architecture: props.architecture ?? Architecture.ARM_64,
      memory: props.memory ?? Size.mebibytes(1024),
      temporaryStorage: Size.mebibytes(functionDefaults.temporaryStorageMiB),
      timeout: props.timeout ?? Duration.minutes(functionDefaults.timeoutMinutes),
      logRetention: props.logRetention ?? functionDefaults.logRetentionDays,
      logGroupName: `/pgproof/${Stack.of(this).stackName}/${this.node.id}/prune`,
      codeDirectory: path.join(
        props.functionsDirectory ?? path.join(packageRoot(), 'dist/functions'),
        'prune',
      ),
    });
    new DailyRun(this, 'Daily', {
      description: 'Deletes the backups that no rule keeps',
      expression: props.expression ?? ScheduleExpression.expression(pruneSchedule, TimeZone.of(timeZone)),
      handler: this.pruneFunction,
      failureQueue: this.failureQueue,
    });
    this.alarms = this.makeAlarms(topic);
  }

  /** Runs of the prune function that failed: something was refused, could not be deleted, or was not come to. */
  metricPruneErrors(options?: MetricOptions): Metric {
    return this.pruneFunction.metricErrors(options);
  }

  private makeAlarms(topic: ITopic): Alarm[] {
    const { pruneFunction: prune } = this;
    return [
      alarmOnErrors(this, 'PruneErrors', prune, {
        topic,
        description:
          'pgproof: a run of prune failed, refused a database or did not come to an end. The alert before this one says which; else read the function’s log. No good backup is lost by that.',
      }),
      alarmOnSilence(this, 'PruneSilent', prune, {
        topic,
        description:
          'pgproof: prune has not run for two days (or was deployed just now): backups add up. Look at its schedule.',
      }),
      alarmOnWaitingFailures(this, 'FailuresWaiting', this.failureQueue, {
        topic,
        description:
          'pgproof: a run of prune could not be started or failed. The queue holds the event; delete the message when it is dealt with.',
      }),
    ];
  }
}

/** What would be found out at night. @returns the first of the backups */
function checked({ backups, expression, ...policy }: BackupRetentionProps): PostgresBackup {
  const [first, ...others] = backups;
  if (first === undefined)
    throw new Error(
      'There is nothing to prune: got no backups (expected at least one). Add a PostgresBackup to backups.',
    );
  const elsewhere = others.find(({ storeUrl }) => storeUrl !== first.storeUrl);
  if (elsewhere !== undefined)
    throw new Error(
      `One BackupRetention is about one place: got ${first.sourceName} and ${elsewhere.sourceName} (expected the same bucket and prefix). Make one for each place.`,
    );
  // It says which part is wrong.
  policyOf({ ...policy, verified: policy.verified ?? true });
  const cron = expression?.expressionString ?? pruneSchedule;
  if (cron !== 'rate(1 day)' && notDaily(cron) !== undefined)
    throw new Error(
      `expression cannot be used: got ${cron} (expected one that means every day). Write cron(0 12 * * ? *): an alarm tells when prune has not run for two days.`,
    );
  return first;
}

/** The part of the bucket with all of them: `*` stands where a source's name does, and no other source is within reach. */
function placeOf(backups: readonly PostgresBackup[], { place, sourceName }: PostgresBackup): Place {
  const above = place.keyPrefix.slice(0, -`${sourceName}/`.length);
  return { ...place, keyPrefix: `${above}*/`, only: backups.map((one) => one.place.keyPrefix) };
}
