import * as z from 'zod';
import { checksSchema } from '../../core/config/checks.ts';
import { latestOptions, someText } from '../../core/config/options.ts';
import { withoutSchema } from '../../core/config/without.ts';
import { levelChoices, variables } from '../../core/vocabulary.ts';
import { logEventsEnvironment, objectCreatedSchema } from '../lambda/contract.ts';

/** What the infrastructure and the verify function agree on; nothing heavy is imported here. */

export const verifyEnvironment = {
  /** `s3://bucket/prefix`. Required. */
  store: variables.store,
  /** `auto` (default: `restore` where it fits into room and time, else `read`), `checksum`, `read` or `restore`. */
  level: 'PGPROOF_VERIFY_LEVEL',
  /** A JSON array of `{"name"?, "database"?, "sql"}`, or `"command"` for "sql": what must be true of the restored database. */
  checks: 'PGPROOF_VERIFY_CHECKS',
  /** A JSON array of what may lack where a backup is restored: `["extension aws_commons"]`. */
  without: 'PGPROOF_VERIFY_WITHOUT',
  /** `true`: restore also where the function's credentials are within reach of a backup's SQL. Default `false`. */
  allowUncontained: 'PGPROOF_VERIFY_ALLOW_UNCONTAINED',
  /** ARN of a KMS key for the verification; without it the bucket's own encryption applies. */
  kmsKeyArn: variables.kmsKeyArn,
  ...logEventsEnvironment,
  /** ARN of the SNS topic that alerts go to. Required. */
  topicArn: variables.topicArn,
  /** `failures` (default) or `all`. */
  notify: variables.notify,
} as const;

/**
 * The most that the checks may take in the function's environment. Lambda allows 4 KB for all variables together, and
 * the others need their part. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export const checksLimitBytes = 2_500;

/** What checks take there, in bytes. */
export function checksBytes(checks: unknown): number {
  return Buffer.byteLength(JSON.stringify(checks));
}

/** By hand, from the console: one backup by its id. */
const byHandSchema = z.strictObject({
  backup: someText,
  level: z.enum(levelChoices).optional(),
  /** Instead of the function's own. */
  checks: checksSchema.optional(),
  ...latestOptions,
  /** What may lack where it is restored, instead of the function's own. */
  without: withoutSchema.optional(),
});

export const verifyEventSchema = z.union([objectCreatedSchema, byHandSchema]);
export type VerifyEvent = z.infer<typeof verifyEventSchema>;

/** The key's end that starts a verification. */
export const manifestSuffix = '/manifest.json';

/** CloudWatch metrics of the verify function: namespace `pgproof`, dimensions source and database as in an id. */
export const verifyMetrics = {
  namespace: 'pgproof',
  proven: 'BackupsProven',
  'proven-without': 'BackupsProvenWithout',
  intact: 'BackupsIntact',
  failed: 'VerificationsFailed',
  unverifiable: 'VerificationsUnverifiable',
} as const;
