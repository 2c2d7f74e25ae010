import * as z from 'zod';

/** What the infrastructure and the restore function agree on; nothing heavy is imported here. */

export const restoreEnvironment = {
  /** The source whose backups may be restored, the first part of their ids. Required. */
  source: 'PGPROOF_SOURCE',
  /** `s3://bucket/prefix`. Required. */
  store: 'PGPROOF_STORE',
  /** ARN of the secret of the server to restore into, where the event names none. */
  secretArn: 'PGPROOF_SECRET_ARN',
  /** Host name of that server, where the secret has none, as those that RDS manages. */
  host: 'PGPROOF_HOST',
  /** Its port, likewise. */
  port: 'PGPROOF_PORT',
  /** libpq's sslmode. Default `verify-full` for RDS hosts, else `require`. */
  sslMode: 'PGPROOF_SSLMODE',
  /** ARN of the SNS topic that hears of a restore that failed. Required. */
  topicArn: 'PGPROOF_TOPIC_ARN',
} as const;

/** What starts the function, by hand. Unknown keys are errors. */
export const restoreEventSchema = z.strictObject({
  /** An id; `<source>/<database>/latest` is the newest good one. */
  backup: z.string().min(1),
  target: z.strictObject({
    /** A secret in RDS's JSON form, which the function may read; default: the function's own. */
    secretArn: z.string().min(1).optional(),
    /** Where the secret has none, or instead of the secret's. */
    host: z.string().min(1).optional(),
    port: z.int().min(1).max(65_535).optional(),
    database: z.string().min(1),
  }),
  /** Makes the database first. Default: it must be there, and empty. */
  create: z.boolean().optional(),
  jobs: z.int().min(1).max(64).optional(),
  /** `table` or `schema.table`, odd parts in double quotes. */
  tables: z.array(z.string().min(1)).min(1).optional(),
  schemas: z.array(z.string().min(1)).min(1).optional(),
  schemaOnly: z.boolean().optional(),
  dataOnly: z.boolean().optional(),
  noOwner: z.boolean().optional(),
  noPrivileges: z.boolean().optional(),
  /** Makes the roles and tablespaces that the server lacks. */
  applyGlobals: z.boolean().optional(),
  /** `latest` is the newest, whatever its verdict. */
  any: z.boolean().optional(),
  intoNonEmpty: z.boolean().optional(),
});

export type RestoreEvent = z.infer<typeof restoreEventSchema>;

/** Seconds kept back from Lambda's limit to end pg_restore and to send the alert. */
export const deadlineReserveSeconds = 30;
