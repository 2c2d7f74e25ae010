import path from 'node:path';
import { Duration, Size, TimeZone } from 'aws-cdk-lib';
import type { Alarm, Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Architecture, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { notDaily, pruneSchedule } from '../core/config/daily.ts';
import { policyDefaults, policyOf } from '../core/retention/policy.ts';
import { alarmOnErrors, alarmOnSilence, alarmOnWaitingFailures } from './alarms.ts';
import { functionDefaults } from './config/schema.ts';
import { FailureQueue } from './failure-queue.ts';
import type { OtherPlace } from './other-place.ts';
import { packageRoot } from './package-root.ts';
import { pruneFunction } from './prune-function.ts';
import type { BackupRetentionProps } from './retention-props.ts';
import type { Place } from './rights.ts';
import { DailyRun } from './schedule.ts';

/** A policy, and the place that it is about, all settled. */
export interface DailyPruneProps extends Omit<BackupRetentionProps, 'backups' | 'topic'> {
  readonly sourceNames: readonly string[];
  readonly storeUrl: string;
  readonly place: Place;
  readonly topic: ITopic;
  readonly logGroupName: string;
  /** What lies there, in alarms and descriptions: `the backups`. */
  readonly about: string;
  /** How the bucket is reached, where it is not one of the stack's own account and region. */
  readonly otherPlace?: OtherPlace | undefined;
}

/** A prune function with its schedule, its failures and its alarms. */
export class DailyPrune extends Construct {
  readonly pruneFunction: LambdaFunction;
  /** Starts and runs that failed. */
  readonly failureQueue: IQueue;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: DailyPruneProps) {
    super(scope, id);
    checkPolicy(props);
    const { min, cliff, verified = true, timeZone = policyDefaults.timeZone, topic } = props;
    this.failureQueue = new FailureQueue(this, 'Failures');
    this.pruneFunction = pruneFunction(new Construct(this, 'Prune'), {
      description: `pgproof: deletes ${props.about} that no rule keeps`,
      sourceNames: props.sourceNames,
      storeUrl: props.storeUrl,
      place: props.place,
      otherPlace: props.otherPlace,
      keep: props.keep,
      min,
      cliff,
      verified,
      timeZone,
      topic,
      log: props.log,
      failureQueue: this.failureQueue,
      architecture: props.architecture ?? Architecture.ARM_64,
      memory: props.memory ?? Size.mebibytes(1024),
      temporaryStorage: Size.mebibytes(functionDefaults.temporaryStorageMiB),
      timeout: props.timeout ?? Duration.minutes(functionDefaults.timeoutMinutes),
      logRetention: props.logRetention ?? functionDefaults.logRetentionDays,
      logGroupName: props.logGroupName,
      codeDirectory: path.join(
        props.functionsDirectory ?? path.join(packageRoot(), 'dist/functions'),
        'prune',
      ),
    });
    new DailyRun(this, 'Daily', {
      description: `Deletes ${props.about} that no rule keeps`,
      expression: props.expression ?? ScheduleExpression.expression(pruneSchedule, TimeZone.of(timeZone)),
      handler: this.pruneFunction,
      failureQueue: this.failureQueue,
    });
    this.alarms = this.makeAlarms(topic, props.about);
  }

  /** Runs of the prune function that failed: something was refused, could not be deleted, or was not come to. */
  metricPruneErrors(options?: MetricOptions): Metric {
    return this.pruneFunction.metricErrors(options);
  }

  private makeAlarms(topic: ITopic, about: string): Alarm[] {
    const { pruneFunction: prune } = this;
    return [
      alarmOnErrors(this, 'PruneErrors', prune, {
        topic,
        description: `pgproof: a run of prune on ${about} failed, refused a database or did not come to an end. The alert before this one says which; else read the function’s log. No good backup is lost by that.`,
      }),
      alarmOnSilence(this, 'PruneSilent', prune, {
        topic,
        description: `pgproof: prune has not run on ${about} for two days (or was deployed just now): they add up. Look at its schedule.`,
      }),
      alarmOnWaitingFailures(this, 'FailuresWaiting', this.failureQueue, {
        topic,
        description: `pgproof: a run of prune on ${about} could not be started or failed. The queue holds the event; delete the message when it is dealt with.`,
      }),
    ];
  }
}

/** What would be found out at night. */
function checkPolicy({ expression, ...policy }: DailyPruneProps): void {
  // It says which part is wrong.
  policyOf({ ...policy, verified: policy.verified ?? true });
  checkDaily(expression, pruneSchedule, 'prune');
}

/** An alarm tells when such a function has not run for two days. */
export function checkDaily(expression: ScheduleExpression | undefined, usual: string, work: string): void {
  const cron = expression?.expressionString ?? usual;
  if (cron !== 'rate(1 day)' && notDaily(cron) !== undefined)
    throw new Error(
      `expression cannot be used: got ${cron} (expected one that means every day). Write ${usual}: an alarm tells when ${work} has not run for two days.`,
    );
}
