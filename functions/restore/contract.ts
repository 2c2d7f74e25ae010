import * as z from 'zod';
import { hostName, jobs, latestOptions, names, port, someText } from '../../core/config/options.ts';
import { variables } from '../../core/vocabulary.ts';

/** What the infrastructure and the restore function agree on; nothing heavy is imported here. */

export const restoreEnvironment = {
  /** The source whose backups may be restored, the first part of their ids. Required. */
  source: 'PGPROOF_SOURCE',
  /** `s3://bucket/prefix`. Required. */
  store: variables.store,
  /** ARN of the secret of the server to restore into, where the event names none. */
  secretArn: 'PGPROOF_SECRET_ARN',
  /** Host name of that server, where the secret has none, as those that RDS manages. */
  host: 'PGPROOF_HOST',
  /** Its port, likewise. */
  port: 'PGPROOF_PORT',
  /** libpq's sslmode. Default `verify-full` for RDS hosts and with authorities of its own, else `require`. */
  sslMode: 'PGPROOF_SSLMODE',
  /** Path of a PEM file with the authorities to trust, such as one of a layer. Default for RDS hosts: AWS's own. */
  rootCert: 'PGPROOF_SSLROOTCERT',
  /** ARN of the SNS topic that hears of a restore that failed. Required. */
  topicArn: variables.topicArn,
} as const;

/** What starts the function, by hand. Unknown keys are errors. */
export const restoreEventSchema = z.strictObject({
  /** An id; `<source>/<database>/latest` is the newest good one. */
  backup: someText,
  target: z.strictObject({
    /** A secret in RDS's JSON form, which the function may read; default: the function's own. */
    secretArn: someText.optional(),
    /** Where the secret has none, or instead of the secret's. */
    host: hostName.optional(),
    port: port.optional(),
    database: someText,
  }),
  /** Makes the database first. Default: it must be there, and empty. */
  create: z.boolean().optional(),
  /** `create`, and drops first what a failed restore left under that name; no other database is ever dropped. */
  replaceIncomplete: z.boolean().optional(),
  /** Answers with what would be done and what the target lacks; makes nothing. */
  dryRun: z.boolean().optional(),
  jobs: jobs.optional(),
  /** `table` or `schema.table`, odd parts in double quotes, or patterns of psql's. */
  tables: names.optional(),
  schemas: names.optional(),
  /** What stays away of what is restored otherwise. */
  excludeTables: names.optional(),
  excludeSchemas: names.optional(),
  schemaOnly: z.boolean().optional(),
  dataOnly: z.boolean().optional(),
  noOwner: z.boolean().optional(),
  noPrivileges: z.boolean().optional(),
  /** Makes the roles and tablespaces that the server lacks. */
  applyGlobals: z.boolean().optional(),
  /** Makes those, and restores nothing else. */
  globalsOnly: z.boolean().optional(),
  /** Also superusers, and others who may do as much, that the server has not. */
  allowSuperusers: z.boolean().optional(),
  ...latestOptions,
  /** Restores all that can be restored; what could not be ends the run with an error that names it. */
  keepGoing: z.boolean().optional(),
  intoNonEmpty: z.boolean().optional(),
  /** Restores into this schema, new or empty, beside what a database in use holds. */
  intoSchema: someText.optional(),
  /** With `tables`: what is in the way gets another name first. */
  renameExisting: z.boolean().optional(),
});

export type RestoreEvent = z.infer<typeof restoreEventSchema>;
