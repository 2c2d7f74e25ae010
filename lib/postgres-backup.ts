import path from 'node:path';
import { Duration, Size, Stack } from 'aws-cdk-lib';
import type { Alarm, Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Connections, type IConnectable } from 'aws-cdk-lib/aws-ec2';
import type { Rule } from 'aws-cdk-lib/aws-events';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Architecture, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { defaultLevel, defaultPolicy } from '../core/config/defaults.ts';
import { mayRestore } from '../core/vocabulary.ts';
import { alarmOnErrors, alarmOnWaitingFailures } from './alarms.ts';
import { authoritiesLayer } from './authorities-layer.ts';
import { backupFunction } from './backup-function.ts';
import { asBucket, BackupBucket } from './bucket.ts';
import { checkNames } from './check-names.ts';
import { functionDefaults, mostTemporaryStorageMiB } from './config/schema.ts';
import type { WaysOut } from './egress.ts';
import { FailureQueue } from './failure-queue.ts';
import { ClientLayer, ServerLayer } from './layer.ts';
import { packageRoot } from './package-root.ts';
import type { PostgresBackupProps } from './postgres-backup-props.ts';
import { type RestoreFunctionProps, restoreFunction } from './restore-function.ts';
import type { Place } from './rights.ts';
import { BackupSchedules } from './schedule.ts';
import { AlertTopic } from './topic.ts';
import { verifyFunction, verifyOnManifest } from './verify-function.ts';

const memory = Size.mebibytes(functionDefaults.memoryMiB);
const smallStorage = Size.mebibytes(functionDefaults.temporaryStorageMiB);
const largeStorage = Size.mebibytes(mostTemporaryStorageMiB);
const timeout = Duration.minutes(functionDefaults.timeoutMinutes);

/**
 * One PostgreSQL server whose databases are dumped into a bucket on a schedule, and verified as soon as each backup is
 * complete. Several of them may share a bucket, a topic and a layer.
 */
export class PostgresBackup extends Construct implements IConnectable {
  readonly sourceName: string;
  /** `s3://bucket/prefix`, of this source and of others. */
  readonly storeUrl: string;
  readonly bucket: IBucket;
  readonly topic: ITopic;
  readonly backupFunction: LambdaFunction;
  readonly verifyFunction: LambdaFunction;
  /** Where `restore` asks for one. */
  readonly restoreFunction: LambdaFunction | undefined;
  /** Starts the verification. */
  readonly manifestRule: Rule;
  /** Starts, events and runs that failed. */
  readonly failureQueue: IQueue;
  readonly alarms: readonly Alarm[];
  /** Of the backup function, where it is in a VPC: `database.connections.allowDefaultPortFrom(backup)`. */
  readonly connections: Connections;
  /** Where its backups lie, and how they are encrypted and locked. */
  readonly place: Place;

  constructor(scope: Construct, id: string, props: PostgresBackupProps) {
    super(scope, id);
    checkNames(props);
    const { sourceName, prefix, notify = defaultPolicy, architecture = Architecture.ARM_64 } = props;
    this.sourceName = sourceName;
    this.bucket = props.bucket ?? asBucket(new BackupBucket(this, 'Bucket'));
    this.topic = props.topic ?? new AlertTopic(this, 'Alerts');
    this.failureQueue = new FailureQueue(this, 'Failures');
    const keyPrefix = prefix === undefined ? `${sourceName}/` : `${prefix}/${sourceName}/`;
    this.place = {
      bucket: this.bucket,
      keyPrefix,
      encryptionKey: props.encryptionKey ?? this.bucket.encryptionKey,
      lock: this.bucket instanceof BackupBucket ? this.bucket.objectLock : undefined,
    };
    this.storeUrl = `s3://${this.bucket.bucketName}${prefix === undefined ? '' : `/${prefix}`}`;

    const shared = {
      sourceName,
      notify,
      architecture,
      place: this.place,
      topic: this.topic,
      failureQueue: this.failureQueue,
      storeUrl: this.storeUrl,
      log: props.log,
      logRetention: props.logRetention ?? functionDefaults.logRetentionDays,
    };
    const clients = props.layer ?? ClientLayer.shared(this, { architecture });
    const code = props.functionsDirectory ?? path.join(packageRoot(), 'dist/functions');
    const logGroups = `/pgproof/${Stack.of(this).stackName}/${sourceName}`;
    const authorities = props.caFile && authoritiesLayer(this, 'Authorities', props.caFile);
    const ofServer = authorities ? { authorities } : {};
    this.backupFunction = backupFunction(new Construct(this, 'Backup'), {
      ...shared,
      ...ofServer,
      layer: clients,
      server: props,
      codeDirectory: path.join(code, 'backup'),
      memory: props.memory ?? memory,
      temporaryStorage: props.temporaryStorage ?? smallStorage,
      timeout: props.timeout ?? timeout,
      logGroupName: `${logGroups}/backup`,
      vpc: props.vpc,
      vpcSubnets: props.vpcSubnets,
      securityGroups: props.securityGroups,
      peers: peersOf(props),
    });
    this.protectBackups();
    const level = props.verifyLevel ?? defaultLevel.functions;
    this.verifyFunction = verifyFunction(new Construct(this, 'Verify'), {
      ...shared,
      level,
      checks: props.verifyChecks ?? [],
      without: props.verifyWithout ?? [],
      allowUncontained: props.verifyAllowUncontained ?? false,
      // A server layer holds the client programs of its major too.
      layer: mayRestore(level) ? (props.serverLayer ?? ServerLayer.shared(this, { architecture })) : clients,
      codeDirectory: path.join(code, 'verify'),
      memory: props.verifyMemory ?? memory,
      temporaryStorage: props.verifyTemporaryStorage ?? (mayRestore(level) ? largeStorage : smallStorage),
      timeout: props.verifyTimeout ?? timeout,
      logGroupName: `${logGroups}/verify`,
      ...props.verifyNetwork,
    });
    this.restoreFunction = this.makeRestore(props, {
      ...shared,
      // The source's own server is that of the source's own secret only.
      ...(props.restore?.secrets === undefined ? ofServer : {}),
      layer: clients,
      codeDirectory: path.join(code, 'restore'),
      logGroupName: `${logGroups}/restore`,
    });
    this.connections = props.vpc === undefined ? new Connections() : this.backupFunction.connections;
    this.manifestRule = verifyOnManifest(this, this.place, this.verifyFunction, this.failureQueue);
    new BackupSchedules(this, 'Schedules', {
      sourceName,
      schedules: props.schedules,
      backupFunction: this.backupFunction,
      failureQueue: this.failureQueue,
    });
    this.alarms = this.makeAlarms(sourceName);
  }

  /** In a bucket of another stack the role's own policy has to do: each stack would need the other to be there first. */
  private protectBackups(): void {
    const { bucket, backupFunction: creator } = this;
    if (creator.role === undefined || !(bucket instanceof BackupBucket)) return;
    if (Stack.of(bucket) === Stack.of(this)) bucket.onlyFreeKeysFor(creator.role);
  }

  /** Lets someone list and read this source's backups, as a restore does. */
  grantRead(grantee: IGrantable): Grant {
    const { bucket, keyPrefix, encryptionKey } = this.place;
    const grant = Grant.addToPrincipal({
      grantee,
      actions: ['s3:GetObject'],
      resourceArns: [bucket.arnForObjects(`${keyPrefix}*`)],
    });
    const list = Grant.addToPrincipal({
      grantee,
      actions: ['s3:ListBucket'],
      resourceArns: [bucket.bucketArn],
      conditions: { StringLike: { 's3:prefix': `${keyPrefix}*` } },
    });
    if (encryptionKey === undefined) return grant.combine(list);
    const decrypt = Grant.addToPrincipal({
      grantee,
      actions: ['kms:Decrypt'],
      resourceArns: [encryptionKey.keyArn],
    });
    return grant.combine(list).combine(decrypt);
  }

  /** Lets someone start a backup of this source by hand. */
  grantStart(grantee: IGrantable): Grant {
    return Grant.addToPrincipal({
      grantee,
      actions: ['lambda:InvokeFunction'],
      resourceArns: [this.backupFunction.functionArn],
    });
  }

  /** Runs of the backup function that failed, whatever the reason. */
  metricBackupErrors(options?: MetricOptions): Metric {
    return this.backupFunction.metricErrors(options);
  }

  /** Runs of the verify function that failed: a verdict of failed or unverifiable, or a run that broke. */
  metricVerifyErrors(options?: MetricOptions): Metric {
    return this.verifyFunction.metricErrors(options);
  }

  /** Starts, events and runs that wait in the failure queue. */
  metricWaitingFailures(options?: MetricOptions): Metric {
    return this.failureQueue.metricApproximateNumberOfMessagesVisible(options);
  }

  private makeRestore(
    props: PostgresBackupProps,
    shared: Omit<RestoreFunctionProps, 'secrets' | 'memory' | 'temporaryStorage' | 'timeout'>,
  ): LambdaFunction | undefined {
    const { restore, secret, host, vpc, vpcSubnets, securityGroups, port, sslMode } = props;
    if (restore === undefined) return undefined;
    return restoreFunction(new Construct(this, 'Restore'), {
      ...shared,
      vpc,
      vpcSubnets,
      securityGroups,
      peers: peersOf(props),
      port,
      sslMode,
      // The source's own server is that of the source's own secret only.
      ...(restore.secrets === undefined ? { host } : {}),
      secrets: restore.secrets ?? (secret === undefined ? [] : [secret]),
      memory: restore.memory ?? memory,
      temporaryStorage: restore.temporaryStorage ?? largeStorage,
      timeout: restore.timeout ?? timeout,
    });
  }

  private makeAlarms(sourceName: string): Alarm[] {
    const { topic, restoreFunction: restore } = this;
    return [
      ...(restore === undefined
        ? []
        : [
            alarmOnErrors(this, 'RestoreErrors', restore, {
              topic,
              description: `pgproof: a restore of a backup of ${sourceName} failed. What it restored into is not complete; read the function's log.`,
            }),
          ]),
      alarmOnErrors(this, 'BackupErrors', this.backupFunction, {
        topic,
        description: `pgproof: a backup run of ${sourceName} failed. Read the function's log; until it is mended, the newest backup is an older one.`,
      }),
      alarmOnErrors(this, 'VerifyErrors', this.verifyFunction, {
        topic,
        description: `pgproof: a backup of ${sourceName} was not found good. Read the verification.json beside its manifest, or the function's log.`,
      }),
      alarmOnWaitingFailures(this, 'FailuresWaiting', this.failureQueue, {
        topic,
        description: `pgproof: a run for ${sourceName} could not be started or failed for good. The queue holds the event; delete the message when it is dealt with.`,
      }),
    ];
  }
}

function peersOf({ databasePeers, servicePeers }: PostgresBackupProps): Omit<WaysOut, 'ports'> {
  return { databasePeers, servicePeers };
}
