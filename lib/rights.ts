import { Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';

/*
 * The statements are written out: CDK's grantX methods hand out more (s3:GetBucket*, s3:Abort*, kms:ReEncrypt*), and
 * what a backup may do to a bucket should be read in one place.
 */

/** One source's part of a bucket. `keyPrefix` ends with a slash. */
export type Place = {
  readonly bucket: IBucket;
  readonly keyPrefix: string;
  readonly encryptionKey?: IKey | undefined;
};

/** Every object of the source. */
export function objectsOf({ bucket, keyPrefix }: Place): string {
  return bucket.arnForObjects(`${keyPrefix}*`);
}

/** Every verdict on a backup of the source, and `verification.kept-….json`: what lay in its place and could not be read. */
export function verificationsOf({ bucket, keyPrefix }: Place): string {
  return bucket.arnForObjects(`${keyPrefix}*/verification*.json`);
}

/** Every manifest of the source. */
export function manifestsOf({ bucket, keyPrefix }: Place): string {
  return bucket.arnForObjects(`${keyPrefix}*/manifest.json`);
}

/**
 * New objects under the source's prefix: no reading of archives, no deleting, no other source. When the answer to the
 * last call of an upload is lost, its parts tell whether it was done.
 */
export function mayPutBackups(place: Place): PolicyStatement {
  return new PolicyStatement({
    sid: 'PutBackups',
    actions: ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:PutObject'],
    resources: [objectsOf(place)],
  });
}

/** The manifests of the source: when the answer to writing one is lost, reading it tells whether it is ours. */
export function mayReadManifests(place: Place): PolicyStatement {
  return new PolicyStatement({
    sid: 'ReadManifests',
    actions: ['s3:GetObject'],
    resources: [manifestsOf(place)],
  });
}

export function mayReadBackups(place: Place): PolicyStatement {
  return new PolicyStatement({
    sid: 'ReadBackups',
    actions: ['s3:GetObject'],
    resources: [objectsOf(place)],
  });
}

/**
 * The verdict beside each manifest; it may be replaced by a newer one, the backup itself may not. Writing on the condition
 * that it is still what was read (If-Match) asks for s3:GetObject too, which whoever verifies has.
 */
export function mayPutVerifications(place: Place): PolicyStatement {
  return new PolicyStatement({
    sid: 'PutVerifications',
    actions: ['s3:PutObject'],
    resources: [verificationsOf(place)],
  });
}

/** Keys, sizes and dates below the source's prefix: how a missing object is told from a forbidden one. */
export function mayListBackups({ bucket, keyPrefix }: Place): PolicyStatement {
  return new PolicyStatement({
    sid: 'ListBackups',
    actions: ['s3:ListBucket'],
    resources: [bucket.bucketArn],
    conditions: { StringLike: { 's3:prefix': `${keyPrefix}*` } },
  });
}

/** S3 decrypts the parts of a multipart upload when it puts them together: writing needs both. */
export function mayUseBucketKey({ encryptionKey }: Place): PolicyStatement[] {
  if (encryptionKey === undefined) return [];
  return [
    new PolicyStatement({
      sid: 'BucketKey',
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: [encryptionKey.keyArn],
    }),
  ];
}

/** Only reading: a restore writes nothing into the bucket. */
export function mayDecryptBackups({ encryptionKey }: Place): PolicyStatement[] {
  if (encryptionKey === undefined) return [];
  return [
    new PolicyStatement({ sid: 'BucketKey', actions: ['kms:Decrypt'], resources: [encryptionKey.keyArn] }),
  ];
}

export function mayPublish(topic: ITopic): PolicyStatement[] {
  const publish = new PolicyStatement({
    sid: 'Alert',
    actions: ['sns:Publish'],
    resources: [topic.topicArn],
  });
  if (topic.masterKey === undefined) return [publish];
  const key = new PolicyStatement({
    sid: 'AlertKey',
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: [topic.masterKey.keyArn],
  });
  return [publish, key];
}

/** @param number makes the statements' ids unique where there are several secrets */
export function mayReadSecret(scope: Construct, secret: ISecret, number = ''): PolicyStatement[] {
  const read = new PolicyStatement({
    sid: `Secret${number}`,
    actions: ['secretsmanager:GetSecretValue'],
    // A secret that is known by name only: the real ARN ends with six characters that Secrets Manager chose.
    resources: [secret.secretFullArn ?? `${secret.secretArn}-??????`],
  });
  if (secret.encryptionKey === undefined) return [read];
  const key = new PolicyStatement({
    sid: `SecretKey${number}`,
    actions: ['kms:Decrypt'],
    resources: [secret.encryptionKey.keyArn],
    conditions: {
      StringEquals: { 'kms:ViaService': `secretsmanager.${Stack.of(scope).region}.amazonaws.com` },
    },
  });
  return [read, key];
}

/** A token for one role of one server: instance (db-…), cluster (cluster-…) or proxy (prx-…). */
export function mayConnect(scope: Construct, resourceId: string, user: string): PolicyStatement {
  const { partition, region, account } = Stack.of(scope);
  return new PolicyStatement({
    sid: 'Connect',
    actions: ['rds-db:connect'],
    resources: [`arn:${partition}:rds-db:${region}:${account}:dbuser:${resourceId}/${user}`],
  });
}
