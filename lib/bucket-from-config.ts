import { Annotations, Duration } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, type IBucket, StorageClass } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { asBucket, BackupBucket, BackupKey } from './bucket.ts';
import type { Config, TransitionConfig } from './config/schema.ts';

/** The first one first. */
export function transitionsOf({ transition = [] }: Config['bucket']): readonly TransitionConfig[] {
  return Array.isArray(transition) ? transition : [transition];
}

/** The bucket that `bucket` of the configuration describes: a new one, or one that is there already. */
export function bucketFrom(scope: Construct, config: Config['bucket']): IBucket {
  const { objectLock } = config;
  const encryptionKey = config.kms
    ? new BackupKey(scope, 'BucketKey')
    : config.kmsKeyArn && Key.fromKeyArn(scope, 'BucketKey', config.kmsKeyArn);
  if (config.existing !== undefined) {
    return Bucket.fromBucketAttributes(scope, 'Bucket', {
      bucketName: config.existing,
      ...(encryptionKey ? { encryptionKey } : {}),
    });
  }
  if (objectLock?.mode === 'compliance') {
    Annotations.of(scope).addWarningV2(
      'pgproof:compliance',
      `bucket.objectLock.mode is compliance: for ${objectLock.days} days nobody can delete a backup, neither the account's root nor AWS, and it is paid for. Where you only want no role to be able to, take governance.`,
    );
  }
  const bucket = new BackupBucket(scope, 'Bucket', {
    bucketName: config.name,
    encryptionKey: encryptionKey || undefined,
    transitions: transitionsOf(config).map(({ storageClass, afterDays }) => ({
      storageClass: new StorageClass(storageClass),
      after: Duration.days(afterDays),
    })),
    abortIncompleteUploadsAfter: Duration.days(config.abortIncompleteUploadsAfterDays),
    keepDeletedVersionsFor: Duration.days(config.keepDeletedVersionsDays),
    objectLock: objectLock && { mode: objectLock.mode, retention: Duration.days(objectLock.days) },
  });
  return asBucket(bucket);
}
