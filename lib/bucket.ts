import { Duration, Lazy, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  CfnBucket,
  type IBucket,
  ObjectOwnership,
  type StorageClass,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { LockFor } from '../core/config/object-lock.ts';
import { mostNightlyLockDays } from '../core/config/object-lock.ts';
import type { ObjectLockMode } from '../core/vocabulary.ts';
import { definedOnly } from './defined-only.ts';
import { whateverLiesThere } from './rights.ts';

export interface BackupBucketProps {
  /**
   * The bucket's name.
   * @default - CloudFormation chooses one
   */
  readonly bucketName?: string | undefined;
  /**
   * KMS key for everything in the bucket.
   * @default - encrypted with keys that S3 manages
   */
  readonly encryptionKey?: IKey | undefined;
  /**
   * The storage class that archives move to. Only classes that can be read at once: nothing thaws an archive.
   * @default - archives stay in the Standard class
   */
  readonly transitionStorageClass?: StorageClass | undefined;
  /**
   * The age at which they move.
   * @default Duration.days(30)
   */
  readonly transitionAfter?: Duration | undefined;
  /**
   * The age at which the parts of an upload that nobody finished are thrown away, 1 to 7 days.
   * @default Duration.days(3)
   */
  readonly abortIncompleteUploadsAfter?: Duration | undefined;
  /**
   * How long an object that was deleted or replaced can still be brought back.
   * @default Duration.days(30)
   */
  readonly keepDeletedVersionsFor?: Duration | undefined;
  /**
   * S3 itself keeps what a backup consists of, whoever wants to delete it. Only a new bucket can have it: one that is there
   * already would be replaced by an empty one (docs/upgrading.md).
   * @default - no Object Lock
   */
  readonly objectLock?: ObjectLockProps | undefined;
}

/** How S3 keeps archives, roles and manifests: each from its upload on, and prune makes it longer for what it keeps. */
export interface ObjectLockProps {
  /**
   * `governance`: somebody with s3:BypassGovernanceRetention may delete all the same; no role of pgproof has that.
   * `compliance`: nobody may, not the account's root and not AWS, before the time is up; it is paid for until then.
   */
  readonly mode: ObjectLockMode;
  /** For how long, 1 to 400 days. */
  readonly retention: Duration;
}

/**
 * A KMS key for backups, kept when the stack goes: without it no backup can be read. KMS's own default policy leaves it to
 * the account's IAM policies who may use it, and the roles' name it, by way of S3 only; so does whoever may read backups.
 */
export class BackupKey extends Key {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      description: 'Encrypts the backups of pgproof',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}

// Manifests are far smaller. They are read at every listing and must stay where reading costs nothing extra.
const smallestArchiveBytes = 1024 * 1024;

/** Where backups live: private, TLS only, encrypted, versioned, kept when the stack goes. */
export class BackupBucket extends Bucket {
  /** ARNs of the roles that may put under free keys only. */
  private readonly creators: string[] = [];
  /** How its objects are locked, where they are. */
  readonly objectLock: LockFor | undefined;

  constructor(scope: Construct, id: string, props: BackupBucketProps = {}) {
    const { transitionStorageClass, encryptionKey } = props;
    const objectLock = props.objectLock && lockSettings(props.objectLock);
    super(scope, id, {
      ...definedOnly({ bucketName: props.bucketName, encryptionKey }),
      encryption: encryptionKey === undefined ? BucketEncryption.S3_MANAGED : BucketEncryption.KMS,
      // One request to KMS per object would cost more than the object's storage.
      bucketKeyEnabled: encryptionKey !== undefined,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      versioned: true,
      // Without a default retention: it would lock verdicts, holds and prune's records too, which are written again.
      ...(objectLock === undefined ? {} : { objectLockEnabled: true }),
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        {
          id: 'incomplete-uploads',
          abortIncompleteMultipartUploadAfter: props.abortIncompleteUploadsAfter ?? Duration.days(3),
        },
        {
          id: 'deleted-versions',
          noncurrentVersionExpiration: props.keepDeletedVersionsFor ?? Duration.days(30),
          expiredObjectDeleteMarker: true,
        },
        ...(transitionStorageClass === undefined
          ? []
          : [
              {
                id: 'transition',
                objectSizeGreaterThan: smallestArchiveBytes,
                transitions: [
                  {
                    storageClass: transitionStorageClass,
                    transitionAfter: props.transitionAfter ?? Duration.days(30),
                  },
                ],
              },
            ]),
      ],
    });
    this.objectLock = objectLock;
    sendEventsToEventBridge(this);
    Validations.of(this).acknowledge({
      id: 'CloudFormation-Validate::W9003',
      reason:
        'CDK writes the size in a lifecycle rule as a number; CloudFormation takes it as the text it wants.',
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Access to backups is recorded by CloudTrail data events where an account wants it; access logs would need a second bucket with the same protection.',
    });
  }

  /**
   * Refuses this role every put that is not conditional on a free key, whatever else its own policies come to allow. One
   * statement for all roles: a bucket's policy has room for 20 KB. By the role's ARN as a condition, because a principal
   * turns into an id that means nothing once its role is gone.
   */
  onlyFreeKeysFor(role: IRole): void {
    this.creators.push(role.roleArn);
    if (this.creators.length > 1) return;
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: 'OnlyFreeKeys',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:PutObject'],
        resources: [this.arnForObjects('*')],
        conditions: {
          ...whateverLiesThere,
          ArnEquals: { 'aws:PrincipalArn': Lazy.list({ produce: () => this.creators }) },
        },
      }),
    );
  }
}

/** @throws where it is for longer than anybody should lock by configuration */
export function lockSettings({ mode, retention }: ObjectLockProps): LockFor {
  const days = retention.toDays();
  if (days >= 1 && days <= mostNightlyLockDays) return { mode, days };
  throw new Error(
    `objectLock.retention cannot be used: got ${days} days (expected a whole number from 1 to ${mostNightlyLockDays}). What is locked for longer by mistake is paid for until then; prune makes locks longer again, as far as you keep backups.`,
  );
}

/** A bucket is one, but CDK's own types do not say so to a compiler with exactOptionalPropertyTypes. */
export function asBucket(bucket: Bucket): IBucket {
  return bucket as IBucket;
}

/** On the L1: the L2's `eventBridgeEnabled` adds a function of CDK's own with rights on every bucket. */
function sendEventsToEventBridge(bucket: Bucket): void {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof CfnBucket))
    throw new TypeError('A bucket has an AWS::S3::Bucket as its default child');
  resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
}
