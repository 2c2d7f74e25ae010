import * as z from 'zod';
import { someText } from '../../core/config/options.ts';
import { variables } from '../../core/vocabulary.ts';
import { logEventsEnvironment, otherPlaceEnvironment } from '../lambda/contract.ts';

/** What the infrastructure and the prune function agree on; nothing heavy is imported here. */

export const pruneEnvironment = {
  /** `s3://bucket/prefix`. Required. */
  store: variables.store,
  ...otherPlaceEnvironment,
  /** JSON array: the sources of the stack, whose backups alone are looked at. Required. */
  sources: 'PGPROOF_SOURCES',
  /** JSON object: `{"daily": 7, "weekly": 4, "within": "30d"}`. Required. */
  keep: 'PGPROOF_KEEP',
  /** How many good backups of a database are kept whatever the rules say. Default 3. */
  min: 'PGPROOF_KEEP_MIN',
  /** Below which part of the rows or bytes of the one before a backup is a cliff: 0 to 1. Default 0.5. */
  cliff: 'PGPROOF_CLIFF',
  /** `false`: backups that were never verified count as good. Default `true`. */
  verified: 'PGPROOF_KEEP_VERIFIED',
  /** IANA name of the zone whose days, weeks and months are meant. Default UTC. */
  timeZone: 'PGPROOF_TIME_ZONE',
  /** `governance:30`, where the bucket has Object Lock: what is kept is locked for so many days ahead. */
  objectLock: variables.objectLock,
  /** ARN of a KMS key for prune's own records; without it the bucket's own encryption applies. */
  kmsKeyArn: variables.kmsKeyArn,
  ...logEventsEnvironment,
  /** ARN of the SNS topic that alerts go to. Required. */
  topicArn: variables.topicArn,
} as const;

/** `{}` from the schedule or the console is the daily run. Unknown keys are errors. */
export const pruneEventSchema = z.strictObject({
  /** Only says what would go. */
  dryRun: z.boolean().optional(),
  /** Of one source only. */
  source: someText.optional(),
  /** Of these databases only, named as the server does. */
  databases: z.array(someText).min(1).optional(),
});
export type PruneEvent = z.infer<typeof pruneEventSchema>;

/** CloudWatch metrics of the prune function: namespace `pgproof`, dimensions source and database as in an id. */
export const pruneMetrics = {
  namespace: 'pgproof',
  kept: 'BackupsKept',
  pruned: 'BackupsPruned',
  freedBytes: 'PrunedBytes',
  refused: 'PruneRefused',
} as const;
