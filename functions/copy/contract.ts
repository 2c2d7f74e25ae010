import * as z from 'zod';
import { latestOptions, someText } from '../../core/config/options.ts';
import { variables } from '../../core/vocabulary.ts';
import { logEventsEnvironment, objectCreatedSchema, otherPlaceEnvironment } from '../lambda/contract.ts';

/** What the infrastructure and the copy function agree on; nothing heavy is imported here. */

export const copyEnvironment = {
  /** `s3://bucket/prefix` of the backups. Required. */
  store: variables.store,
  /** JSON array: the sources of the stack, whose backups alone are copied. Required. */
  sources: 'PGPROOF_SOURCES',
  /** What the second place is called in alerts and metrics. Required. */
  name: 'PGPROOF_COPY_NAME',
  /** `s3://bucket/prefix` of the copies. Required. */
  to: 'PGPROOF_COPY_TO',
  ...otherPlaceEnvironment,
  /** ARN of a KMS key for the copies; without it the other bucket's own encryption applies. */
  kmsKeyArn: variables.kmsKeyArn,
  /** S3 storage class of copied archives. */
  storageClass: variables.storageClass,
  /** The most parts that the other service takes for one upload. Default 10000. */
  partLimit: variables.partLimit,
  /** MODE:DAYS, such as `governance:30`: copies are locked for so long. The other bucket must have Object Lock. */
  objectLock: variables.objectLock,
  /** How old the newest copy of a database may be, in hours, where the first store has a newer backup. Required. */
  maxAgeHours: 'PGPROOF_COPY_MAX_AGE_HOURS',
  /** Whom RECOVERY.md beside the copies says to ask: one line. */
  contact: variables.contact,
  ...logEventsEnvironment,
  /** ARN of the SNS topic that alerts go to. Required. */
  topicArn: variables.topicArn,
  /** `failures` (default) or `all`. */
  notify: variables.notify,
} as const;

/** `{}` from the schedule or the console: everything that is missing. With `backup` that one, by its id. */
const byHandSchema = z.strictObject({
  backup: someText.optional(),
  ...latestOptions,
});

export const copyEventSchema = z.union([objectCreatedSchema, byHandSchema]);
export type CopyEvent = z.infer<typeof copyEventSchema>;

/** The key's end that starts a copy. */
export const verificationSuffix = '/verification.json';

/** CloudWatch metrics of the copy function: namespace `pgproof`, dimensions copy, source and database as in an id. */
export const copyMetrics = {
  namespace: 'pgproof',
  copied: 'BackupsCopied',
  copiedBytes: 'CopiedBytes',
  failed: 'CopiesFailed',
} as const;
