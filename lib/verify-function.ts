import { Duration } from 'aws-cdk-lib';
import type { Rule } from 'aws-cdk-lib/aws-events';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { UserCheck } from '../core/config/checks.ts';
import { parseWithout } from '../core/config/without.ts';
import { type LevelChoice, mayRestore, type NotifyPolicy } from '../core/vocabulary.ts';
import {
  checksBytes,
  checksLimitBytes,
  manifestSuffix,
  verifyEnvironment,
} from '../functions/verify/contract.ts';
import { egressGroup, type WaysOut } from './egress.ts';
import { bundledFunction, type SourceFunctionProps } from './function.ts';
import { logVariables, topicsOf } from './log-rights.ts';
import { onObject } from './on-object.ts';
import { mayPublish, objectWildcards, onObjects, type Place } from './rights.ts';

export interface VerifyFunctionProps extends SourceFunctionProps {
  /** Where S3 and SNS are reached, for a security group of its own. */
  readonly servicePeers?: WaysOut['servicePeers'];
  readonly notify: NotifyPolicy;
  readonly level: LevelChoice;
  readonly checks: readonly UserCheck[];
  readonly without: readonly string[];
  readonly allowUncontained: boolean;
}

/** What would be found out in the middle of a deployment, or never. */
function refuseChecks({ sourceName, level, checks }: VerifyFunctionProps): void {
  if (checks.length === 0) return;
  if (!mayRestore(level)) {
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

function refuseWithout({ sourceName, level, without }: VerifyFunctionProps): void {
  for (const text of without) parseWithout(text);
  if (without.length === 0 || mayRestore(level)) return;
  throw new Error(
    `Nothing of ${sourceName} is restored, so nothing can lack: got verifyLevel ${level} (expected auto or restore). Change it, or remove verifyWithout.`,
  );
}

/**
 * The function that verifies a source's backups. It talks to S3 and SNS only: outside of any VPC it needs neither endpoints
 * nor addresses for that, in one it need reach nothing else. Made inside `scope`, which should hold nothing else.
 */
export function verifyFunction(scope: Construct, props: VerifyFunctionProps): LambdaFunction {
  refuseChecks(props);
  refuseWithout(props);
  const { place, topic } = props;
  const names = verifyEnvironment;
  return bundledFunction(scope, {
    ...props,
    description: `pgproof: verifies the backups of ${props.sourceName}`,
    environment: {
      [names.store]: props.storeUrl,
      [names.level]: props.level,
      ...(props.checks.length === 0 ? {} : { [names.checks]: JSON.stringify(props.checks) }),
      ...(props.without.length === 0 ? {} : { [names.without]: JSON.stringify(props.without) }),
      ...(props.allowUncontained ? { [names.allowUncontained]: 'true' } : {}),
      [names.topicArn]: topic.topicArn,
      [names.notify]: props.notify,
      // Whoever wrote the database that is restored must not read the function's credentials.
      ...(mayRestore(props.level) ? { AWS_LAMBDA_EXEC_WRAPPER: '/var/task/keep-secrets.sh' } : {}),
      ...(place.encryptionKey === undefined ? {} : { [names.kmsKeyArn]: place.encryptionKey.keyArn }),
      ...logVariables(props.log),
    },
    statements: [...onObjects('verify', place), ...mayPublish(topic, ...topicsOf(props.log))],
    wildcards: objectWildcards('verify', place),
    securityGroups:
      props.securityGroups ??
      (props.vpc && [egressGroup(scope, props.vpc, { ports: [], servicePeers: props.servicePeers })]),
    // Never again by itself: a backup that failed its verification does not become better, and people would be
    // alerted twice. Requests to S3 are retried inside.
    retryAttempts: 0,
    maxEventAge: Duration.hours(6),
  });
}

/** Starts the verification of every backup of this source that was completed: of every manifest that appears. */
export function verifyOnManifest(
  scope: Construct,
  place: Place,
  handler: LambdaFunction,
  failureQueue: IQueue,
): Rule {
  return onObject(scope, 'ManifestCreated', {
    place,
    suffix: manifestSuffix,
    description: 'A backup is complete: its manifest was written',
    handler,
    failureQueue,
  });
}
