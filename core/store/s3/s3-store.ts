import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import prettyBytes from 'pretty-bytes';
import { type Store, StoreUnusable } from '../store.ts';
import { capacityBytes, choosePartSizes, multipartLimits } from './part-sizes.ts';
import { s3Copier } from './s3-copy.ts';
import { fromS3, s3ErrorName } from './s3-error.ts';
import { listFolders, listObjects } from './s3-list.ts';
import { readTagged } from './s3-object.ts';
import { S3Origin, serviceOf } from './s3-origin.ts';
import { s3Place } from './s3-place.ts';
import type { S3StoreSettings } from './s3-settings.ts';
import { createSmall, putSmall, readSmallTagged, replaceSmall } from './s3-small.ts';
import { type S3Target, stageInS3 } from './s3-stage.ts';

/**
 * Backups in an S3 bucket, or in what speaks its API. Needs s3:ListBucket, s3:PutObject and s3:AbortMultipartUpload
 * to write; s3:GetObject to read.
 * @throws UsageError where the settings are wrong; nothing is contacted yet
 */
export function s3Store(settings: S3StoreSettings): Store {
  const { bucket, kmsKeyArn, partLimit = multipartLimits.maxParts } = settings;
  const place = s3Place(settings);
  const { client, folder, url } = place;
  const target: S3Target = { ...place, kmsKeyArn, storageClass: settings.storageClass, partLimit };

  return {
    url,
    service: () => serviceOf(place),
    origin: new S3Origin(place),
    async prepare({ expectedBytes, signal }) {
      const most = capacityBytes(choosePartSizes({ expectedBytes, partLimit }));
      if (expectedBytes > most)
        throw new StoreUnusable({
          what: `The backup would not fit into one object (${url})`,
          got: `about ${prettyBytes(expectedBytes, { binary: true })}`,
          expected: `at most ${prettyBytes(most, { binary: true })} in ${partLimit} parts`,
          fix: 'Raise the part limit if the store allows it, or use the directory format.',
        });
      const probe = new ListObjectsV2Command({ Bucket: bucket, Prefix: folder, MaxKeys: 1 });
      try {
        await client.send(probe, { ...(signal && { abortSignal: signal }) });
      } catch (error) {
        signal?.throwIfAborted();
        // A role that may only write cannot be asked; the first upload will tell.
        if (s3ErrorName(error) !== 'AccessDenied') throw fromS3(error, url, 'list');
      }
    },
    async stage(key, content, options = {}) {
      return await stageInS3(target, key, content, options);
    },
    stageFrom: s3Copier(target),
    async create(key, content, { lock } = {}) {
      await createSmall(target, key, content, lock);
    },
    async replace(key, content) {
      await putSmall(target, key, content);
    },
    readVersion: (key, options) => readSmallTagged(place, key, options),
    replaceIf: (key, content, version) => replaceSmall(target, key, content, version),
    async read(key, options) {
      return (await readTagged(place, key, options)).stream;
    },
    list: (wanted, options) => listObjects(place, wanted, options),
    folders: (wanted, options) => listFolders(place, wanted, options),
  };
}
