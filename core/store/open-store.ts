import { fileStore } from './file/file-store.ts';
import type { S3StoreSettings } from './s3/s3-settings.ts';
import { s3Store } from './s3/s3-store.ts';
import type { Store } from './store.ts';
import { parseStoreUrl } from './store-url.ts';

/** All that a store's URL does not say. Only `s3://` stores look at it. */
export type StoreSettings = Omit<S3StoreSettings, 'bucket' | 'prefix'>;

/**
 * The store behind a URL: `s3://bucket/prefix` or `file:///directory`, percent-encoded. Nothing is contacted yet.
 * @throws UsageError
 */
export function openStore(url: string, settings: StoreSettings = {}): Store {
  const location = parseStoreUrl(url);
  switch (location.kind) {
    case 's3':
      return s3Store({ ...settings, bucket: location.bucket, prefix: location.prefix });
    case 'file':
      return fileStore({ directory: location.directory });
  }
}
