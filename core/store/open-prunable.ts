import { prunableFileStore } from './file/prunable-file-store.ts';
import type { StoreSettings } from './open-store.ts';
import type { PrunableStore } from './prunable.ts';
import { prunableS3Store } from './s3/prunable-s3-store.ts';
import { parseStoreUrl } from './store-url.ts';

/**
 * The store behind a URL, for whoever deletes and locks; the others take `openStore`. Nothing is contacted yet.
 * @throws UsageError
 */
export function openPrunable(url: string, settings: StoreSettings = {}): PrunableStore {
  const location = parseStoreUrl(url);
  switch (location.kind) {
    case 's3':
      return prunableS3Store({ ...settings, bucket: location.bucket, prefix: location.prefix });
    case 'file':
      return prunableFileStore({ directory: location.directory });
  }
}
