import { CfnOutput, Duration, Size, TimeZone } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { sharedZone } from '../core/config/daily.ts';
import { policyDefaults } from '../core/retention/policy.ts';
import { BackupCopy } from './backup-copy.ts';
import type { BackupCopyProps } from './backup-copy-props.ts';
import { bucketUrlPattern, type Config, type CopyConfig } from './config/schema.ts';

/** What `copies` of the configuration describe, in a part of the stack that is there only with them. */
export function copiesFrom(
  scope: Construct,
  { copies, sources }: Config,
  shared: Pick<
    BackupCopyProps,
    | 'backups'
    | 'topic'
    | 'log'
    | 'notify'
    | 'contact'
    | 'architecture'
    | 'functionsDirectory'
    | 'logRetention'
  >,
): BackupCopy[] {
  if (copies.length === 0) return [];
  const parts = new Construct(scope, 'Copies');
  const zones = sources.flatMap(({ schedules }) => schedules.map(({ timeZone }) => timeZone));
  const timeZone = sharedZone(zones) ?? policyDefaults.timeZone;
  return copies.map((copy) => {
    const made = new BackupCopy(parts, copy.name, { ...shared, ...propsOf(parts, copy, timeZone) });
    tell(scope, copy, made);
    return made;
  });
}

function propsOf(
  scope: Construct,
  copy: CopyConfig,
  timeZone: string,
): Omit<BackupCopyProps, 'backups' | 'topic'> {
  const { name, region, kmsKeyArn, objectLock, prune } = copy;
  const [, bucketName = '', prefix] = bucketUrlPattern.exec(copy.url) ?? [];
  return {
    copyName: name,
    bucket: Bucket.fromBucketAttributes(scope, `${name}-bucket`, {
      bucketName,
      ...(region === undefined ? {} : { region }),
    }),
    prefix,
    region,
    endpoint: copy.endpoint,
    pathStyle: copy.pathStyle,
    credentials: secretOf(scope, `${name}-credentials`, copy.credentialsSecretArn, copy.secretKmsKeyArn),
    encryptionKey: kmsKeyArn === undefined ? undefined : Key.fromKeyArn(scope, `${name}-key`, kmsKeyArn),
    storageClass: copy.storageClass,
    partLimit: copy.partLimit,
    objectLock: objectLock && { mode: objectLock.mode, retention: Duration.days(objectLock.days) },
    maxAge: Duration.hours(copy.maxAgeHours),
    expression: ScheduleExpression.expression(copy.schedule, TimeZone.of(timeZone)),
    memory: Size.mebibytes(copy.memoryMiB),
    timeout: Duration.minutes(copy.timeoutMinutes),
    retention: prune && {
      keep: prune.keep,
      min: prune.min,
      cliff: prune.cliff,
      verified: prune.verified,
      timeZone: prune.timeZone ?? timeZone,
      expression: ScheduleExpression.expression(prune.schedule, TimeZone.of(prune.timeZone ?? timeZone)),
      credentials: secretOf(
        scope,
        `${name}-prune-credentials`,
        prune.credentialsSecretArn,
        copy.secretKmsKeyArn,
      ),
    },
  };
}

function secretOf(
  scope: Construct,
  id: string,
  secretCompleteArn: string | undefined,
  keyArn: string | undefined,
): ISecret | undefined {
  if (secretCompleteArn === undefined) return undefined;
  return Secret.fromSecretAttributes(scope, id, {
    secretCompleteArn,
    ...(keyArn === undefined ? {} : { encryptionKey: Key.fromKeyArn(scope, `${id}-key`, keyArn) }),
  });
}

/** What is needed to start them by hand, and to let them in where the bucket is another account's. */
function tell(scope: Construct, { name, credentialsSecretArn }: CopyConfig, made: BackupCopy): void {
  new CfnOutput(scope, `${name}-copy-function`, {
    description: `Copies backups to ${name}`,
    value: made.copyFunction.functionName,
  });
  if (made.pruneFunction !== undefined) {
    new CfnOutput(scope, `${name}-copy-prune-function`, {
      description: `Deletes the copies in ${name} that no rule keeps`,
      value: made.pruneFunction.functionName,
    });
  }
  if (credentialsSecretArn !== undefined || made.copyFunction.role === undefined) return;
  new CfnOutput(scope, `${name}-copy-role`, {
    description: `For the policy of the bucket of ${name}, where it is another account's (docs/deploy.md, Copies)`,
    value: made.copyFunction.role.roleArn,
  });
  if (made.pruneFunction?.role === undefined) return;
  new CfnOutput(scope, `${name}-copy-prune-role`, {
    description: `The same for the role that deletes copies in ${name}`,
    value: made.pruneFunction.role.roleArn,
  });
}
