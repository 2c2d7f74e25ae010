import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import type { StorageClass } from '../../vocabulary.ts';

/** Where and how to reach a bucket, and how objects are kept in it. */
export type S3StoreSettings = {
  readonly bucket: string;
  /** Without slashes at its ends; '' for the whole bucket. */
  readonly prefix: string;
  /** @default AWS_REGION and the SDK's other sources; us-east-1 where there is an endpoint */
  readonly region?: string | undefined;
  /** The URL of what speaks S3's API. @default AWS's own, or AWS_ENDPOINT_URL */
  readonly endpoint?: string | undefined;
  /** `https://host/bucket` instead of `https://bucket.host`. @default false, but true for IP addresses */
  readonly forcePathStyle?: boolean | undefined;
  /** Encrypts with this key (SSE-KMS). @default the bucket's own encryption */
  readonly kmsKeyArn?: string | undefined;
  /** Of staged objects (archives); small ones always stay STANDARD. @default STANDARD */
  readonly storageClass?: StorageClass | undefined;
  /** The most parts of one upload. @default 10000 */
  readonly partLimit?: number | undefined;
  /** `WHEN_REQUIRED` for S3-likes that refuse CRC checksums. @default AWS_REQUEST_CHECKSUM_CALCULATION, else WHEN_SUPPORTED */
  readonly requestChecksumCalculation?: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED' | undefined;
  /** Milliseconds without a byte in either direction after which a call is given up and tried again. @default 60000 */
  readonly idleTimeoutMs?: number | undefined;
  /** How often a call is tried. @default 7 */
  readonly maxAttempts?: number | undefined;
  /** Of AWS's configuration files: the region comes from there too. Its keys are `credentials` (`profileSettings`). */
  readonly profile?: string | undefined;
  /** @default the SDK's chain: environment, profile, role */
  readonly credentials?: S3ClientConfig['credentials'];
  /** Instead of one made from these settings. */
  readonly client?: S3Client | undefined;
};
