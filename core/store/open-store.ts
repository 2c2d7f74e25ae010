import { fileStore } from './file/file-store.ts';
import { openBucket, type StoreSettings } from './open-bucket.ts';
import type { Store } from './store.ts';
import { parseStoreUrl } from './store-url.ts';

export type { StoreSettings } from './open-bucket.ts';

/**
 * The store behind a URL: `s3://bucket/prefix` or `file:///directory`, percent-encoded. Nothing is contacted yet.
 * @throws UsageError
 */
export function openStore(url: string, settings: StoreSettings = {}): Store {
  const location = parseStoreUrl(url);
  switch (location.kind) {
    case 's3':
      return openBucket(url, settings);
    case 'file':
      return fileStore({ directory: location.directory });
  }
}
