import { UsageError } from '../errors.ts';
import type { StoreSettings } from './open-store.ts';
import { s3Store } from './s3/s3-store.ts';
import type { Store } from './store.ts';
import { parseStoreUrl } from './store-url.ts';

/**
 * The store behind an `s3://` URL: for the functions, which take no other and do not carry the code for one. Nothing is
 * contacted yet.
 * @throws UsageError
 */
export function openBucket(url: string, settings: StoreSettings = {}): Store {
  const location = parseStoreUrl(url);
  if (location.kind !== 's3')
    throw new UsageError({
      what: 'The store is no bucket',
      got: `a ${location.kind} store`,
      expected: 's3://bucket/prefix',
      fix: 'Name a bucket: a function has no directory that lasts.',
    });
  return s3Store({ ...settings, bucket: location.bucket, prefix: location.prefix });
}
