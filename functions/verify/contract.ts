import * as z from 'zod';

/** What the infrastructure and the verify function agree on; nothing heavy is imported here. */

export const verifyEnvironment = {
  /** `s3://bucket/prefix`. Required. */
  store: 'PGPROOF_STORE',
  /** `auto` (default: `restore` where it fits into room and time, else `read`), `checksum`, `read` or `restore`. */
  level: 'PGPROOF_VERIFY_LEVEL',
  /** A JSON array of `{"name"?, "database"?, "sql"}`: SQL that must return true in the restored database. */
  checks: 'PGPROOF_VERIFY_CHECKS',
  /** ARN of a KMS key for the verification; without it the bucket's own encryption applies. */
  kmsKeyArn: 'PGPROOF_KMS_KEY_ARN',
  /** ARN of the SNS topic that alerts go to. Required. */
  topicArn: 'PGPROOF_TOPIC_ARN',
  /** `failures` (default) or `all`. */
  notify: 'PGPROOF_NOTIFY',
} as const;

export const verifyLevels = ['auto', 'checksum', 'read', 'restore'] as const;

/** SQL that must return one row with one column that is true; of all databases, or of the one that is named. */
export const verifyChecksSchema = z.array(
  z.strictObject({
    name: z.string().min(1).optional(),
    database: z.string().min(1).optional(),
    sql: z.string().min(1),
  }),
);

/** By hand, from the console: one backup by its id. */
const byHandSchema = z.strictObject({
  backup: z.string().min(1),
  level: z.enum(verifyLevels).optional(),
  /** Instead of the function's own. */
  checks: verifyChecksSchema.optional(),
});

/** EventBridge's `Object Created` event of S3. Loose: AWS adds fields. Keys come as they are, not URL-encoded. */
const objectCreatedSchema = z.looseObject({
  source: z.literal('aws.s3'),
  'detail-type': z.literal('Object Created'),
  detail: z.looseObject({
    bucket: z.looseObject({ name: z.string() }),
    object: z.looseObject({ key: z.string() }),
  }),
});

export const verifyEventSchema = z.union([objectCreatedSchema, byHandSchema]);
export type VerifyEvent = z.infer<typeof verifyEventSchema>;

/** The key's end that starts a verification. */
export const manifestSuffix = '/manifest.json';

/** CloudWatch metrics of the verify function: namespace `pgproof`, dimensions source and database as in an id. */
export const verifyMetrics = {
  namespace: 'pgproof',
  proven: 'BackupsProven',
  intact: 'BackupsIntact',
  failed: 'VerificationsFailed',
  unverifiable: 'VerificationsUnverifiable',
} as const;

/** Seconds kept back from Lambda's limit to write the verdict and to send the alert. */
export const deadlineReserveSeconds = 30;
