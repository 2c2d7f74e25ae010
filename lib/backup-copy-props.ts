import type { Duration, Size } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Architecture } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { NotifyPolicy, StorageClass } from '../core/vocabulary.ts';
import type { BackupLog } from './backup-log.ts';
import type { ObjectLockProps } from './bucket.ts';
import type { PostgresBackup } from './postgres-backup.ts';
import type { BackupRetentionProps } from './retention-props.ts';

/** Which copies are kept: by rules of their own, and a function with a role of its own. */
export interface CopyRetentionProps
  extends Omit<
    BackupRetentionProps,
    'backups' | 'topic' | 'log' | 'architecture' | 'logRetention' | 'functionsDirectory'
  > {
  /**
   * `{"accessKeyId", "secretAccessKey"}` of somebody who may delete there. Required beside `credentials`: who copies should
   * not be able to delete.
   * @default - the function's role
   */
  readonly credentials?: ISecret | undefined;
}

/** A second place for the backups of some sources. */
export interface BackupCopyProps {
  /** What the place is called in alerts: 1 to 30 lower-case letters, digits and hyphens. */
  readonly copyName: string;
  /** Whose backups are copied. At least one; all in one bucket, under one prefix. */
  readonly backups: readonly PostgresBackup[];
  /** Where the copies go: `Bucket.fromBucketName(this, 'Offsite', 'acme-offsite')`. Not the bucket of the backups, but for another prefix. */
  readonly bucket: IBucket;
  /**
   * Where in the bucket, without slashes at the ends.
   * @default - at the top
   */
  readonly prefix?: string | undefined;
  /**
   * The region of the bucket.
   * @default - that of the stack
   */
  readonly region?: string | undefined;
  /**
   * The URL of what speaks S3's API: `https://storage.googleapis.com`. Needs `credentials`.
   * @default - S3
   */
  readonly endpoint?: string | undefined;
  /**
   * Whether the bucket stands in the path of a URL instead of the host name.
   * @default false
   */
  readonly pathStyle?: boolean | undefined;
  /**
   * `{"accessKeyId", "secretAccessKey"}` of somebody who may write there.
   * @default - the function's role, which the bucket's own policy must let in where it is another account's
   */
  readonly credentials?: ISecret | undefined;
  /**
   * KMS key for the copies, in the bucket's region.
   * @default - the bucket's own encryption
   */
  readonly encryptionKey?: IKey | undefined;
  /**
   * The storage class of copied archives.
   * @default 'STANDARD'
   */
  readonly storageClass?: StorageClass | undefined;
  /**
   * The most parts that the service takes for one upload.
   * @default 10000
   */
  readonly partLimit?: number | undefined;
  /**
   * How copies are locked. The bucket must have Object Lock.
   * @default - not
   */
  readonly objectLock?: ObjectLockProps | undefined;
  /**
   * How old the newest copy of a database may be before you hear of it, where the first place has a newer backup.
   * @default Duration.hours(48)
   */
  readonly maxAge?: Duration | undefined;
  /**
   * When what was missed is copied: on every day.
   * @default - at ten o'clock, UTC
   */
  readonly expression?: ScheduleExpression | undefined;
  /**
   * Which copies are kept.
   * @default - all
   */
  readonly retention?: CopyRetentionProps | undefined;
  /**
   * Who hears of what could not be copied.
   * @default - the topic of the first backup
   */
  readonly topic?: ITopic | undefined;
  /**
   * The table that hears of it.
   * @default - none
   */
  readonly log?: BackupLog | undefined;
  /**
   * Whom RECOVERY.md beside the copies says to ask when a database is lost: one line of at most 200 characters, no secret.
   * @default - nobody is named
   */
  readonly contact?: string | undefined;
  /**
   * Whether you are told of every copy.
   * @default 'failures'
   */
  readonly notify?: NotifyPolicy | undefined;
  /** @default Architecture.ARM_64 */
  readonly architecture?: Architecture | undefined;
  /**
   * Processor time is in proportion to it, and every byte is hashed.
   * @default Size.mebibytes(2048)
   */
  readonly memory?: Size | undefined;
  /**
   * How long a run may take.
   * @default Duration.minutes(15)
   */
  readonly timeout?: Duration | undefined;
  /** @default RetentionDays.THREE_MONTHS */
  readonly logRetention?: RetentionDays | undefined;
  /**
   * Directory with `copy/index.mjs` and, for `retention`, `prune/index.mjs`.
   * @default - dist/functions of this package
   */
  readonly functionsDirectory?: string | undefined;
}
