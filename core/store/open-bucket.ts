import { UsageError } from '../errors.ts';
import type { S3StoreSettings } from './s3/s3-settings.ts';
import { s3Store } from './s3/s3-store.ts';
import type { Store } from './store.ts';
import { parseStoreUrl } from './store-url.ts';

/** All that a store's URL does not say. Only `s3://` stores look at it. */
export type StoreSettings = Omit<S3StoreSettings, 'bucket' | 'prefix'>;

/**
 * The store behind `s3://bucket/prefix`, for the functions: what works in a directory is not in their bundles. Nothing is
 * contacted yet.
 * @throws UsageError
 */
export function openBucket(url: string, settings: StoreSettings = {}): Store {
  return s3Store({ ...settings, ...bucketIn(url) });
}

/** @throws UsageError where it is no `s3://bucket/prefix` */
export function bucketIn(url: string): Pick<S3StoreSettings, 'bucket' | 'prefix'> {
  const location = parseStoreUrl(url);
  if (location.kind === 's3') return { bucket: location.bucket, prefix: location.prefix };
  throw new UsageError({
    what: 'The functions keep backups in S3 only',
    got: `a ${location.kind} store`,
    expected: 's3://bucket/prefix',
    fix: 'Name a bucket; the pgproof command takes directories.',
  });
}
