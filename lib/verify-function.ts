import { Duration } from 'aws-cdk-lib';
import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { manifestSuffix, verifyEnvironment, type verifyLevels } from '../functions/verify/contract.ts';
import { checksBytes, checksLimitBytes } from './config/checks-limit.ts';
import { type BundledFunctionProps, bundledFunction } from './function.ts';
import {
  mayListBackups,
  mayPublish,
  mayPutVerifications,
  mayReadBackups,
  mayUseBucketKey,
  objectsOf,
  type Place,
  verificationsOf,
} from './rights.ts';

export type VerifyLevel = (typeof verifyLevels)[number];

/** SQL that must return one row with one column that is true, in every restored database or in the one that is named. */
export type VerifyCheck = {
  readonly name?: string | undefined;
  readonly database?: string | undefined;
  readonly sql: string;
};

/** Whether a level restores, and so needs a PostgreSQL server and room for a database. */
export function needsServer(level: VerifyLevel): boolean {
  return level === 'auto' || level === 'restore';
}

export interface VerifyFunctionProps
  extends Omit<
    BundledFunctionProps,
    | 'description'
    | 'environment'
    | 'statements'
    | 'wildcards'
    | 'retryAttempts'
    | 'maxEventAge'
    | 'vpc'
    | 'vpcSubnets'
    | 'securityGroups'
  > {
  readonly sourceName: string;
  readonly storeUrl: string;
  readonly place: Place;
  readonly topic: ITopic;
  readonly notify: 'failures' | 'all';
  readonly level: VerifyLevel;
  readonly checks: readonly VerifyCheck[];
}

/** What would be found out in the middle of a deployment, or never. */
function refuseChecks({ sourceName, level, checks }: VerifyFunctionProps): void {
  if (checks.length === 0) return;
  if (!needsServer(level)) {
    throw new Error(
      `The checks of ${sourceName} would never run: got verifyLevel ${level} (expected auto or restore). Change it, or remove verifyChecks.`,
    );
  }
  const bytes = checksBytes(checks);
  if (bytes <= checksLimitBytes) return;
  throw new Error(
    `The checks of ${sourceName} are too long for a function's environment: got ${bytes} bytes (expected at most ${checksLimitBytes}). Make them views or functions in the database, and call these.`,
  );
}

/**
 * The function that verifies a source's backups. Outside of any VPC: it talks to S3 and SNS only, and needs neither
 * endpoints nor addresses for that. Made inside `scope`, which should hold nothing else.
 */
export function verifyFunction(scope: Construct, props: VerifyFunctionProps): LambdaFunction {
  refuseChecks(props);
  const { place, topic } = props;
  const names = verifyEnvironment;
  return bundledFunction(scope, {
    ...props,
    description: `pgproof: verifies the backups of ${props.sourceName}`,
    environment: {
      [names.store]: props.storeUrl,
      [names.level]: props.level,
      ...(props.checks.length === 0 ? {} : { [names.checks]: JSON.stringify(props.checks) }),
      [names.topicArn]: topic.topicArn,
      [names.notify]: props.notify,
      // Whoever wrote the database that is restored must not read the function's credentials.
      ...(needsServer(props.level) ? { AWS_LAMBDA_EXEC_WRAPPER: '/var/task/keep-secrets.sh' } : {}),
      ...(place.encryptionKey === undefined ? {} : { [names.kmsKeyArn]: place.encryptionKey.keyArn }),
    },
    statements: [
      mayReadBackups(place),
      mayListBackups(place),
      mayPutVerifications(place),
      ...mayUseBucketKey(place),
      ...mayPublish(topic),
    ],
    wildcards: {
      [objectsOf(place)]:
        'The keys below the prefix are named after databases and times, which nobody knows beforehand.',
      [verificationsOf(place)]: 'One object beside each manifest, wherever below the prefix that is.',
    },
    // Never again by itself: a backup that failed its verification does not become better, and people would be
    // alerted twice. Requests to S3 are retried inside.
    retryAttempts: 0,
    maxEventAge: Duration.hours(6),
  });
}

/** Starts the verification of every backup of this source that was completed: of every manifest that appears. */
export function verifyOnManifest(
  scope: Construct,
  { bucket, keyPrefix }: Place,
  handler: LambdaFunction,
  failureQueue: IQueue,
): Rule {
  return new Rule(scope, 'ManifestCreated', {
    description: 'A backup is complete: its manifest was written',
    eventPattern: {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: {
        bucket: { name: [bucket.bucketName] },
        // One wildcard: EventBridge takes a prefix and a suffix in one list as alternatives.
        object: { key: Match.wildcard(`${keyPrefix}*${manifestSuffix}`) },
      },
    },
    targets: [
      new LambdaTarget(handler, {
        deadLetterQueue: failureQueue,
        maxEventAge: Duration.hours(6),
        retryAttempts: 60,
      }),
    ],
  });
}
