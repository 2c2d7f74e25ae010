import path from 'node:path';
import { Duration, RemovalPolicy, Size, Stack, Validations } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import { Connections, type IConnectable } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Architecture, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { logName } from '../core/config/backup-log.ts';
import { postgresPort } from '../core/vocabulary.ts';
import { logEnvironment, logTimeoutSeconds } from '../functions/log/contract.ts';
import { alarmOnWaitingFailures } from './alarms.ts';
import { authoritiesLayer, authoritiesPath } from './authorities-layer.ts';
import type { BackupLogProps } from './backup-log-props.ts';
import { functionDefaults } from './config/schema.ts';
import { definedOnly } from './defined-only.ts';
import { egressGroup } from './egress.ts';
import { bundledFunction } from './function.ts';
import { packageRoot } from './package-root.ts';
import { mayReadSecret } from './rights.ts';

/** How long a database may be away before its rows are given up: so often a message is tried, six minutes apart. */
const tries = 50;

/**
 * Keeps a row per backup in a table of yours. The other functions publish what they do, and may do no more than that; one
 * function, which alone has the secret and the way to the database, writes it down in the order in which it happened.
 */
export class BackupLog extends Construct implements IConnectable {
  /** Where functions say what they did. */
  readonly eventTopic: ITopic;
  /** What is not written yet. */
  readonly queue: IQueue;
  /** What was given up. */
  readonly failureQueue: IQueue;
  readonly logFunction: LambdaFunction;
  readonly alarms: readonly Alarm[];
  /** Of the function, where it is in a VPC. */
  readonly connections: Connections;

  constructor(scope: Construct, id: string, props: BackupLogProps) {
    super(scope, id);
    for (const name of [props.schema, props.table]) if (name !== undefined) logName.parse(name);
    const key = new Key(this, 'Key', {
      description: 'Encrypts what pgproof tells to its log table',
      enableKeyRotation: true,
      // It protects messages in flight, nothing that has to be read again later.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const events = new Topic(this, 'Events', { fifo: true, masterKey: key, enforceSSL: true });
    const queues = { fifo: true, encryption: QueueEncryption.SQS_MANAGED, enforceSSL: true };
    const failures = new Queue(this, 'Failures', { ...queues, retentionPeriod: Duration.days(14) });
    Validations.of(failures).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'This is the dead-letter queue; nothing consumes it, people do.',
    });
    const queue = new Queue(this, 'Queue', {
      ...queues,
      retentionPeriod: Duration.days(4),
      // AWS's advice: six times what the function may take.
      visibilityTimeout: Duration.seconds(6 * logTimeoutSeconds),
      deadLetterQueue: { queue: failures, maxReceiveCount: tries },
    });
    events.addSubscription(new SqsSubscription(queue, { rawMessageDelivery: true }));
    this.eventTopic = events;
    this.queue = queue;
    this.failureQueue = failures;
    this.logFunction = logFunction(new Construct(this, 'Log'), props);
    this.logFunction.addEventSource(new SqsEventSource(queue, { reportBatchItemFailures: true }));
    this.connections = props.vpc === undefined ? new Connections() : this.logFunction.connections;
    this.alarms = [
      alarmOnWaitingFailures(this, 'FailuresWaiting', failures, {
        topic: props.topic,
        description:
          'pgproof: rows of the log table could not be written for hours and were given up. No backup is worse for that; read the log of its function, then delete the messages.',
      }),
    ];
  }
}

function logFunction(scope: Construct, props: BackupLogProps): LambdaFunction {
  const { secret, vpc, port = postgresPort, databasePeers, servicePeers } = props;
  const names = logEnvironment;
  const authorities = props.caFile && authoritiesLayer(scope, 'Authorities', props.caFile);
  return bundledFunction(scope, {
    ...props,
    description: 'pgproof: writes the log table',
    environment: definedOnly({
      [names.secretArn]: secret.secretFullArn ?? secret.secretArn,
      [names.host]: props.host,
      [names.port]: props.port?.toString(),
      [names.database]: props.database,
      [names.sslMode]: props.sslMode,
      [names.rootCert]: authorities && authoritiesPath,
      [names.schema]: props.schema,
      [names.table]: props.table,
    }) as Record<string, string>,
    statements: mayReadSecret(scope, secret),
    wildcards: {},
    ...(authorities ? { authorities } : {}),
    architecture: props.architecture ?? Architecture.ARM_64,
    memory: Size.mebibytes(256),
    temporaryStorage: Size.mebibytes(functionDefaults.temporaryStorageMiB),
    timeout: Duration.seconds(logTimeoutSeconds),
    logGroupName: `/pgproof/${Stack.of(scope).stackName}/log`,
    logRetention: props.logRetention ?? functionDefaults.logRetentionDays,
    codeDirectory: path.join(props.functionsDirectory ?? path.join(packageRoot(), 'dist/functions'), 'log'),
    securityGroups:
      props.securityGroups ??
      (vpc && [egressGroup(scope, vpc, { ports: [port], databasePeers, servicePeers })]),
    // The queue brings what could not be written again; nobody calls the function in another way.
    failureQueue: undefined,
    retryAttempts: 0,
    maxEventAge: Duration.hours(1),
  });
}
