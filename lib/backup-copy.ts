import path from 'node:path';
import { Duration, Size, Stack } from 'aws-cdk-lib';
import type { Alarm, Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { Rule } from 'aws-cdk-lib/aws-events';
import { Architecture, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { copySchedule } from '../core/config/daily.ts';
import { defaultPolicy } from '../core/config/defaults.ts';
import { verificationSuffix } from '../functions/copy/contract.ts';
import { alarmOnErrors, alarmOnSilence, alarmOnWaitingFailures } from './alarms.ts';
import type { BackupCopyProps } from './backup-copy-props.ts';
import { lockSettings } from './bucket.ts';
import { checkCopy } from './check-copy.ts';
import { copyMaxAgeHours, functionDefaults } from './config/schema.ts';
import { copyFunction } from './copy-function.ts';
import { checkDaily, DailyPrune } from './daily-prune.ts';
import { FailureQueue } from './failure-queue.ts';
import { onObject } from './on-object.ts';
import { onePlace, placeOf } from './one-place.ts';
import { packageRoot } from './package-root.ts';
import type { PostgresBackup } from './postgres-backup.ts';
import type { Place } from './rights.ts';
import { DailyRun } from './schedule.ts';

/**
 * A second place for the backups of some sources: one function, which a verdict starts, and once a day a schedule for what
 * was missed. Its role reads backups, and puts objects of backups there; it deletes nothing.
 */
export class BackupCopy extends Construct {
  readonly copyFunction: LambdaFunction;
  /** Where `retention` asks for one. */
  readonly pruneFunction: LambdaFunction | undefined;
  /** They start the copy of a backup: one for each source. */
  readonly verdictRules: readonly Rule[];
  /** Starts and runs that failed. */
  readonly failureQueue: IQueue;
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: BackupCopyProps) {
    super(scope, id);
    const { backups, copyName, prefix, bucket } = props;
    const first = onePlace(backups, 'BackupCopy', 'copy');
    checkCopy(props, first);
    checkDaily(props.expression, copySchedule, 'copy');
    const topic = props.topic ?? first.topic;
    this.failureQueue = new FailureQueue(this, 'Failures');
    const shared = {
      topic,
      log: props.log,
      architecture: props.architecture ?? Architecture.ARM_64,
      logRetention: props.logRetention ?? functionDefaults.logRetentionDays,
      sourceNames: backups.map(({ sourceName }) => sourceName),
    };
    const logGroups = `/pgproof/${Stack.of(this).stackName}/copies/${copyName}`;
    const to = placeOfCopies(props);
    const toUrl = `s3://${bucket.bucketName}${prefix === undefined ? '' : `/${prefix}`}`;
    this.copyFunction = copyFunction(new Construct(this, 'Copy'), {
      ...shared,
      copyName,
      fromUrl: first.storeUrl,
      toUrl,
      from: placeOf(backups, first),
      to,
      otherPlace: props,
      storageClass: props.storageClass,
      partLimit: props.partLimit,
      contact: props.contact,
      maxAge: props.maxAge ?? Duration.hours(copyMaxAgeHours),
      notify: props.notify ?? defaultPolicy,
      failureQueue: this.failureQueue,
      memory: props.memory ?? Size.mebibytes(functionDefaults.memoryMiB),
      temporaryStorage: Size.mebibytes(functionDefaults.temporaryStorageMiB),
      timeout: props.timeout ?? Duration.minutes(functionDefaults.timeoutMinutes),
      logGroupName: `${logGroups}/copy`,
      codeDirectory: path.join(
        props.functionsDirectory ?? path.join(packageRoot(), 'dist/functions'),
        'copy',
      ),
    });
    this.verdictRules = backups.map((backup) => this.onVerdictOf(backup));
    new DailyRun(this, 'Daily', {
      description: `Copies to ${copyName} what is missing there`,
      expression: props.expression ?? ScheduleExpression.expression(copySchedule),
      handler: this.copyFunction,
      failureQueue: this.failureQueue,
    });
    const alarms = this.makeAlarms(topic, copyName);
    if (props.retention === undefined) {
      this.alarms = alarms;
      return;
    }
    const { credentials, ...retention } = props.retention;
    const pruned = new DailyPrune(this, 'Retention', {
      ...shared,
      ...retention,
      functionsDirectory: props.functionsDirectory,
      storeUrl: toUrl,
      place: to,
      otherPlace: { ...props, credentials },
      logGroupName: `${logGroups}/prune`,
      about: `the copies in ${copyName}`,
    });
    this.pruneFunction = pruned.pruneFunction;
    this.alarms = [...alarms, ...pruned.alarms];
  }

  /** Runs of the copy function that failed: something was not copied, or the newest copy is too old. */
  metricCopyErrors(options?: MetricOptions): Metric {
    return this.copyFunction.metricErrors(options);
  }

  /** Below the source's own prefix only: what is written into another prefix of the same bucket starts nothing. */
  private onVerdictOf({ sourceName, place }: PostgresBackup): Rule {
    return onObject(this, `Verdict-${sourceName}`, {
      place,
      suffix: verificationSuffix,
      description: `A backup of ${sourceName} has a verdict: it is copied`,
      handler: this.copyFunction,
      failureQueue: this.failureQueue,
    });
  }

  private makeAlarms(topic: ITopic, copyName: string): Alarm[] {
    return [
      alarmOnErrors(this, 'CopyErrors', this.copyFunction, {
        topic,
        description: `pgproof: a backup was not copied to ${copyName}, or the newest copy there is too old. The alert before this one says which; else read the function’s log. The backups themselves are not touched by that.`,
      }),
      alarmOnSilence(this, 'CopySilent', this.copyFunction, {
        topic,
        description: `pgproof: nothing has been copied to ${copyName} for two days (or it was deployed just now). Look at its schedule and its rules.`,
      }),
      alarmOnWaitingFailures(this, 'FailuresWaiting', this.failureQueue, {
        topic,
        description: `pgproof: a copy to ${copyName} could not be started or failed. The queue holds the event; the daily run copies what is missing, so delete the message when it is dealt with.`,
      }),
    ];
  }
}

function placeOfCopies({ backups, bucket, prefix, ...props }: BackupCopyProps): Place {
  const above = prefix === undefined ? '' : `${prefix}/`;
  return {
    bucket,
    region: props.region,
    encryptionKey: props.encryptionKey ?? bucket.encryptionKey,
    lock: props.objectLock && lockSettings(props.objectLock),
    keyPrefix: `${above}*/`,
    only: backups.map(({ sourceName }) => `${above}${sourceName}/`),
  };
}
