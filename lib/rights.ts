import { Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, type PolicyStatementProps } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { LockFor } from '../core/config/object-lock.ts';
import { archiveTag } from '../core/vocabulary.ts';
import { everyObject, type FunctionRole, keysFor, lockableKeys, lockers, type Right } from './access.ts';
import { mayLock, mayReadLocks } from './lock-rights.ts';

/*
 * The statements are written out: CDK's grantX methods hand out more (s3:GetBucket*, s3:Abort*, kms:ReEncrypt*), and
 * what a backup may do to a bucket should be read in one place.
 */

/** One source's part of a bucket. `keyPrefix` ends with a slash. */
export type Place = {
  readonly bucket: IBucket;
  readonly keyPrefix: string;
  readonly encryptionKey?: IKey | undefined;
  /** Where the bucket has Object Lock. */
  readonly lock?: LockFor | undefined;
  /** @default that of the stack */
  readonly region?: string | undefined;
  /**
   * Where `keyPrefix` stands for several sources with a wildcard: the prefixes of these, and nothing else is within reach.
   * A pattern per source and object would not fit into the 10,240 characters that a role's policies have room for.
   */
  readonly only?: readonly string[] | undefined;
};

/** Keys are named after databases and times, which nobody knows beforehand: every pattern of a role, and that reason. */
export function objectWildcards(role: FunctionRole, place: Place): Record<string, string> {
  const reason =
    'The keys below the prefix are named after databases and times, which nobody knows beforehand.';
  const rights: readonly Right[] = ['read', 'create', 'delete', 'end'];
  // Every role that locks has another right to what it locks.
  const patterns = rights.flatMap((right) => keysFor(role, right));
  return Object.fromEntries(arnsOf(place, patterns).map((arn) => [arn, reason]));
}

/** Of these patterns of keys, below the place's prefix. */
export function arnsOf({ bucket, keyPrefix }: Place, patterns: readonly string[]): string[] {
  return patterns.map((pattern) => bucket.arnForObjects(`${keyPrefix}${pattern}`));
}

export const deny = (sid: string, rest: PolicyStatementProps): PolicyStatement =>
  new PolicyStatement({ sid, effect: Effect.DENY, ...rest });

/**
 * What makes an object under its key, whatever lies there: a put without If-None-Match. CreateMultipartUpload, UploadPart
 * and UploadPartCopy are s3:PutObject too, take no such header and make no object; CompleteMultipartUpload does. CopyObject
 * is refused as well, which no function needs.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
 */
export const whateverLiesThere = {
  Null: { 's3:if-none-match': 'true' },
  Bool: { 's3:ObjectCreationOperation': 'true' },
};

/**
 * What a function may do in the bucket, as the table in access.ts has it. The denials name exactly what is not
 * allowed: they hold as well where the bucket's policy or another policy of the role, of somebody else's making, allows more.
 */
export function onObjects(role: FunctionRole, place: Place): PolicyStatement[] {
  const created = keysFor(role, 'create');
  const replaced = new Set(keysFor(role, 'replace'));
  const onlyCreated = created.filter((pattern) => !replaced.has(pattern));
  const ended = keysFor(role, 'end');
  const arns = (patterns: readonly string[]): string[] => arnsOf(place, patterns);
  const put = ['s3:PutObject'];
  return [
    ...mayList(role, place),
    new PolicyStatement({
      sid: 'ReadObjects',
      actions: ['s3:GetObject'],
      resources: arns(keysFor(role, 'read')),
    }),
    ...(created.length === 0
      ? [deny('PutNothing', { actions: put, resources: ['*'] })]
      : [
          new PolicyStatement({ sid: 'PutObjects', actions: put, resources: arns(inOnePattern(created)) }),
          deny('PutNothingElse', { actions: put, notResources: arns(created) }),
        ]),
    ...mayTag(arns(keysFor(role, 'tag'))),
    ...(ended.length === 0
      ? []
      : [
          // When the answer to the last call of an upload is lost, its parts tell whether it was done.
          new PolicyStatement({
            sid: 'EndUploads',
            actions: ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
            resources: arns(ended),
          }),
        ]),
    ...(onlyCreated.length === 0
      ? []
      : [
          deny('OnlyFreeKeys', {
            actions: put,
            resources: replaced.size === 0 ? ['*'] : arns(onlyCreated),
            conditions: whateverLiesThere,
          }),
        ]),
    ...mayDelete(role, place),
    ...(place.lock !== undefined && lockers.includes(role) ? mayLock(place.lock, arns(lockableKeys())) : []),
    ...staysWithin(place),
    ...mayUseBucketKey(place, created.length > 0),
  ];
}

/**
 * Many objects of a backup in one pattern, where a denial beside it names each of them: a role's policies have room for 10,240
 * characters, and those of the longest names would not fit twice.
 */
function inOnePattern(patterns: readonly string[]): readonly string[] {
  const ofBackup = patterns.filter((pattern) => pattern.startsWith(everyObject.slice(0, -1)));
  return ofBackup.length < many
    ? patterns
    : [everyObject, ...patterns.filter((one) => !ofBackup.includes(one))];
}

const many = 3;

/**
 * S3 asks for it beside s3:PutObject where an upload comes with a tag. With no other tag than that of archives: by another
 * one somebody's own rules might delete, or other policies allow.
 */
export function mayTag(archives: readonly string[]): PolicyStatement[] {
  const actions = ['s3:PutObjectTagging'];
  if (archives.length === 0) return [deny('TagNothing', { actions, resources: ['*'] })];
  const conditions = {
    StringEquals: { [`s3:RequestObjectTag/${archiveTag.key}`]: archiveTag.value },
    'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': archiveTag.key },
  };
  return [
    new PolicyStatement({ sid: 'TagArchives', actions, resources: [...archives], conditions }),
    deny('TagNothingElse', { actions, notResources: [...archives] }),
  ];
}

/**
 * What is deleted without naming a version is hidden, and comes back for as long as the bucket keeps what was deleted. No
 * role may do more, nor end a lock before its time.
 */
function mayDelete(role: FunctionRole, place: Place): PolicyStatement[] {
  const deleted = arnsOf(place, keysFor(role, 'delete'));
  const forGood = ['s3:DeleteObjectVersion', 's3:BypassGovernanceRetention'];
  const hide = ['s3:DeleteObject'];
  if (deleted.length === 0)
    return [deny('DeleteNothing', { actions: [...hide, ...forGood], resources: ['*'] })];
  return [
    new PolicyStatement({ sid: 'DeleteObjects', actions: hide, resources: deleted }),
    mayReadLocks(arnsOf(place, [everyObject])),
    deny('DeleteNothingElse', { actions: hide, notResources: deleted }),
    deny('DeleteNothingForGood', { actions: forGood, resources: ['*'] }),
  ];
}

export function staysWithin(...places: readonly Place[]): PolicyStatement[] {
  if (places.some(({ only }) => only === undefined)) return [];
  const within = places.flatMap(({ bucket, only = [] }) => [
    bucket.bucketArn,
    ...only.map((prefix) => bucket.arnForObjects(`${prefix}*`)),
  ]);
  return [deny('OnlyTheseSources', { actions: ['s3:*'], notResources: within })];
}

/**
 * Keys, sizes and dates below the source's prefix: how a missing object is told from a forbidden one. Uploads that are not
 * complete S3 lets one list of a whole bucket or not at all: there is no condition on their prefix.
 */
export function mayList(
  role: FunctionRole,
  { bucket, keyPrefix, only = [keyPrefix] }: Place,
  sid = 'ListBackups',
): PolicyStatement[] {
  const resources = [bucket.bucketArn];
  const backups = new PolicyStatement({
    sid,
    actions: ['s3:ListBucket'],
    resources,
    conditions: {
      StringLike: { 's3:prefix': only.length === 1 ? `${only[0]}*` : only.map((prefix) => `${prefix}*`) },
    },
  });
  if (keysFor(role, 'list').length === 0) return [backups];
  const uploads = new PolicyStatement({
    sid: 'ListUploads',
    actions: ['s3:ListBucketMultipartUploads'],
    resources,
  });
  return [backups, uploads];
}

/** By way of S3 only. S3 decrypts the parts of an upload when it puts them together: writing needs both. */
export function mayUseBucketKey(
  { bucket, encryptionKey, region = Stack.of(bucket).region }: Place,
  writes: boolean,
  sid = 'BucketKey',
): PolicyStatement[] {
  if (encryptionKey === undefined) return [];
  const { urlSuffix } = Stack.of(bucket);
  return [
    new PolicyStatement({
      sid,
      actions: writes ? ['kms:Decrypt', 'kms:GenerateDataKey'] : ['kms:Decrypt'],
      resources: [encryptionKey.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `s3.${region}.${urlSuffix}` } },
    }),
  ];
}

/** To all of them in one statement: a role's policies have room for 10,240 characters. */
export function mayPublish(...topics: readonly ITopic[]): PolicyStatement[] {
  const publish = new PolicyStatement({
    sid: 'Alert',
    actions: ['sns:Publish'],
    resources: topics.map(({ topicArn }) => topicArn),
  });
  const keys = topics.flatMap(({ masterKey }) => masterKey?.keyArn ?? []);
  if (keys.length === 0) return [publish];
  const key = new PolicyStatement({
    sid: 'AlertKey',
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: keys,
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
  const { region, urlSuffix } = Stack.of(scope);
  const key = new PolicyStatement({
    sid: `SecretKey${number}`,
    actions: ['kms:Decrypt'],
    resources: [secret.encryptionKey.keyArn],
    conditions: {
      StringEquals: { 'kms:ViaService': `secretsmanager.${region}.${urlSuffix}` },
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
