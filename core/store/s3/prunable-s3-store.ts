import type { PrunableStore } from '../prunable.ts';
import { extendInS3, holdInS3, lockInS3 } from './s3-locks.ts';
import { s3Place } from './s3-place.ts';
import { removeFromS3 } from './s3-remove.ts';
import type { S3StoreSettings } from './s3-settings.ts';
import { s3Store } from './s3-store.ts';
import { listUploads, removeUpload } from './s3-unfinished.ts';

/**
 * Backups in an S3 bucket, to be tidied up. Needs s3:DeleteObject, for uploads s3:ListBucketMultipartUploads,
 * s3:ListMultipartUploadParts and s3:AbortMultipartUpload, for locks s3:Get- and s3:PutObjectRetention and -LegalHold.
 * @throws UsageError where the settings are wrong; nothing is contacted yet
 */
export function prunableS3Store(settings: S3StoreSettings): PrunableStore {
  const place = s3Place(settings);
  return {
    ...s3Store({ ...settings, client: place.client }),
    remove: (keys, options) => removeFromS3(place, keys, options),
    listUnfinished: (prefix, options) => listUploads(place, prefix, options),
    removeUnfinished: (one, options) => removeUpload(place, one, options),
    lockOf: (key, options) => lockInS3(place, key, options),
    extendLock: (key, lock, options) => extendInS3(place, key, lock, options),
    setLegalHold: (key, on, options) => holdInS3(place, key, on, options),
  };
}
