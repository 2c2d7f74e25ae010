import type { S3Client } from '@aws-sdk/client-s3';
import { s3Client } from './s3-client.ts';
import type { S3StoreSettings } from './s3-settings.ts';

/** A bucket and the prefix below which a store lies in it. */
export type Place = {
  readonly client: S3Client;
  readonly bucket: string;
  readonly folder: string;
  readonly url: string;
};

/** Where a store lies, and a client to reach it. @throws UsageError where the endpoint is wrong */
export function s3Place(settings: S3StoreSettings): Place {
  const { bucket } = settings;
  const prefix = settings.prefix.replace(/^\/+|\/+$/g, '');
  const below = prefix === '' ? '' : `/${encodeURI(prefix).replace(/[?#@]/g, encodeURIComponent)}`;
  const folder = prefix === '' ? '' : `${prefix}/`;
  return { client: s3Client(settings), bucket, folder, url: `s3://${bucket}${below}` };
}
