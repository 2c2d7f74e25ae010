import * as z from 'zod';

/** What the infrastructure and several functions agree on; nothing heavy is imported here. */

/** EventBridge's `Object Created` event of S3. Loose: AWS adds fields. Keys come as they are, not URL-encoded. */
export const objectCreatedSchema = z.looseObject({
  source: z.literal('aws.s3'),
  'detail-type': z.literal('Object Created'),
  detail: z.looseObject({
    bucket: z.looseObject({ name: z.string() }),
    object: z.looseObject({ key: z.string() }),
  }),
});

export type ObjectCreated = z.infer<typeof objectCreatedSchema>;

/** Of the functions that tell what they do for the log table. */
export const logEventsEnvironment = {
  /** ARN of the FIFO topic that it is published to. Default: nobody is told. */
  logTopicArn: 'PGPROOF_LOG_TOPIC_ARN',
} as const;

/** CloudWatch metric of what is not in the log table: namespace `pgproof`, no dimensions. */
export const logMetrics = { namespace: 'pgproof', failed: 'BackupLogFailed' } as const;

/** How a second place is reached; of the functions that copy and that prune copies. */
export const otherPlaceEnvironment = {
  /** The region of the other bucket. Default: that of the function. */
  region: 'PGPROOF_COPY_REGION',
  /** URL of what speaks S3's API. Default: AWS. */
  endpoint: 'PGPROOF_COPY_ENDPOINT',
  /** `true`: the bucket in the path instead of the host name. */
  pathStyle: 'PGPROOF_COPY_PATH_STYLE',
  /** ARN of a secret `{"accessKeyId", "secretAccessKey"}`. Default: the function's role. */
  credentialsSecretArn: 'PGPROOF_COPY_SECRET_ARN',
} as const;
