import * as z from 'zod';
import { runOptions, someText } from '../../core/config/options.ts';
import { pattern } from '../../core/config/table-selection.ts';
import { variables } from '../../core/vocabulary.ts';
import { logEventsEnvironment } from '../lambda/contract.ts';

/**
 * What the infrastructure and the backup function agree on. Nothing heavy is imported here: the stack reads it
 * at synth time.
 */

/** The backup function's environment variables. Every value is a string; lists are JSON arrays. */
export const backupEnvironment = {
  /** The source's name, the first part of every backup id. Required. */
  source: 'PGPROOF_SOURCE',
  /** `s3://bucket/prefix`. Required. */
  store: variables.store,
  /** ARN of a Secrets Manager secret in RDS's JSON form (username, password, host, port, dbname). */
  secretArn: 'PGPROOF_SECRET_ARN',
  /** `secret` (default) or `iam`: an IAM authentication token instead of a password. */
  auth: 'PGPROOF_AUTH',
  /** Host name; overrides the secret's. Required with `iam`. */
  host: 'PGPROOF_HOST',
  /** Port; overrides the secret's. Default 5432. */
  port: 'PGPROOF_PORT',
  /** Role; overrides the secret's. Required with `iam`. */
  user: 'PGPROOF_USER',
  /** The database to connect to for listing the others. Default: the secret's dbname, else `postgres`. */
  maintenanceDatabase: 'PGPROOF_MAINTENANCE_DATABASE',
  /** libpq's sslmode. Default `verify-full` for RDS hosts and with authorities of its own, else `require`. */
  sslMode: 'PGPROOF_SSLMODE',
  /** Path of a PEM file with the authorities to trust, such as one of a layer. Default for RDS hosts: AWS's own. */
  rootCert: 'PGPROOF_SSLROOTCERT',
  /** JSON array: take these databases only. */
  databases: 'PGPROOF_DATABASES',
  /** JSON array: take all but these. */
  excludeDatabases: 'PGPROOF_EXCLUDE_DATABASES',
  /** JSON array of patterns, as pg_dump's --schema takes them: only what lies in these schemas. */
  schemas: 'PGPROOF_SCHEMAS',
  /** JSON array of patterns: all but these schemas. */
  excludeSchemas: 'PGPROOF_EXCLUDE_SCHEMAS',
  /** JSON array of patterns: all but these tables. */
  excludeTables: 'PGPROOF_EXCLUDE_TABLES',
  /** JSON array of patterns: of these tables the definition only. */
  excludeTableData: 'PGPROOF_EXCLUDE_TABLE_DATA',
  /** pg_dump's format: custom (default), plain, tar, directory. */
  format: 'PGPROOF_FORMAT',
  /** METHOD[:LEVEL], such as `zstd:1`. */
  compress: 'PGPROOF_COMPRESS',
  /** pg_dump's workers for one database; directory format only. */
  jobs: 'PGPROOF_JOBS',
  /** How many databases are taken at once. Default 1. */
  parallel: 'PGPROOF_PARALLEL',
  /** `exact` (default) or `none`. */
  rows: 'PGPROOF_ROWS',
  /** `true`: a hash of every table's content, compared by a verification by restore. Default `false`. */
  fingerprint: 'PGPROOF_FINGERPRINT',
  /** `false`: the roles' password hashes stay out of globals.sql. Default `true`. */
  rolePasswords: 'PGPROOF_ROLE_PASSWORDS',
  /** Seconds pg_dump waits for a table lock. Default 60. */
  lockWaitSeconds: 'PGPROOF_LOCK_WAIT_SECONDS',
  /** Seconds without any progress after which a dump is killed. Default 300. */
  stallSeconds: 'PGPROOF_STALL_SECONDS',
  /** The most parts a multipart upload may have. Default 10000. */
  partLimit: variables.partLimit,
  /** ARN of a KMS key; without it the bucket's own encryption applies. */
  kmsKeyArn: variables.kmsKeyArn,
  /** S3 storage class of archives. */
  storageClass: variables.storageClass,
  /** MODE:DAYS, such as `governance:30`: archive, roles and manifest are locked for so long. The bucket must have Object Lock. */
  objectLock: variables.objectLock,
  /** Whom RECOVERY.md beside the backups says to ask: one line. */
  contact: variables.contact,
  ...logEventsEnvironment,
  /** ARN of the SNS topic that alerts go to. Required. */
  topicArn: variables.topicArn,
  /** `failures` (default) or `all`. */
  notify: variables.notify,
} as const;

/**
 * What starts the function: `{}` from the console, or a schedule's input. Every key overrides the function's
 * configuration for this one run. Unknown keys are errors.
 */
export const backupEventSchema = z.strictObject({
  ...runOptions,
  /** This list and the next may be empty: nothing is left out then, whatever the configuration says. */
  excludeDatabases: z.array(someText).optional(),
  schemas: z.array(pattern).optional(),
  excludeSchemas: z.array(pattern).optional(),
  excludeTables: z.array(pattern).optional(),
  excludeTableData: z.array(pattern).optional(),
  fingerprint: z.boolean().optional(),
  /** Why, in the user's words; goes to the log and the alert. */
  reason: z.string().max(500).optional(),
  /** The schedule's name; goes to the log and the alert. */
  schedule: z.string().max(64).optional(),
});

export type BackupEvent = z.infer<typeof backupEventSchema>;

/** CloudWatch metrics of the backup function: namespace `pgproof`, dimensions source and database as in an id. */
export const backupMetrics = {
  namespace: 'pgproof',
  archiveBytes: 'ArchiveBytes',
  durationSeconds: 'BackupSeconds',
  succeeded: 'BackupsSucceeded',
  failed: 'BackupsFailed',
} as const;
