import { UsageError } from '../errors.ts';
import type { StoreSettings } from './open-store.ts';
import { s3StoreAsOf } from './s3/s3-as-of.ts';
import type { Store } from './store.ts';
import { parseStoreUrl } from './store-url.ts';

/**
 * The store behind a URL as it was at a moment. Nothing is contacted yet.
 * @throws UsageError where it is a directory, which knows nothing of its past
 */
export function openAsOf(url: string, at: Date, settings: StoreSettings = {}): Store {
  const location = parseStoreUrl(url);
  switch (location.kind) {
    case 's3':
      return s3StoreAsOf({ ...settings, bucket: location.bucket, prefix: location.prefix }, at);
    case 'file':
      throw new UsageError({
        what: 'A directory knows nothing of what lay in it before',
        got: url,
        expected: 'with --as-of an S3 bucket with versioning',
        fix: "Leave --as-of out, or bring the directory back from the file system's own snapshots.",
      });
  }
}
