import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { fromS3, s3ErrorName } from './s3-error.ts';

/** An object that is to be. */
type NewObject = {
  readonly client: S3Client;
  readonly bucket: string;
  /** With the store's prefix. */
  readonly key: string;
  /** For messages. */
  readonly url: string;
};

/** What a write is sent with, so that it fails where something lies under the key. */
export type NewOnly = { readonly IfNoneMatch?: '*' };

/** Clients of services that do not know the condition: they are asked once. */
const looksFirst = new WeakSet<S3Client>();

/**
 * Writes under a key that must be free. A service that does not know If-None-Match refuses to write with it (Backblaze B2
 * answers 501); there the key is looked at before, and of two that write the same key at the same moment the last one wins.
 * That needs two runs of one database in the same second, which the lock on it does not let happen.
 *
 * @param write rejects with the SDK's error, or with one of ours that has it as its cause
 * @throws ObjectExists, and what `write` throws
 */
export async function onlyIfNew(
  object: NewObject,
  write: (condition: NewOnly) => Promise<void>,
): Promise<void> {
  if (!looksFirst.has(object.client)) {
    try {
      return await write({ IfNoneMatch: '*' });
    } catch (error) {
      if (!isUnknown(error)) throw error;
    }
  }
  if (await isTaken(object)) throw fromS3(taken, object.url, 'write');
  await write({});
  // Only now: it may have been another part of the request that the service did not know.
  looksFirst.add(object.client);
}

/** What a service says that knows the condition. */
const taken = { name: 'PreconditionFailed', message: 'an object lies there' };

async function isTaken({ client, bucket, key, url }: NewObject): Promise<boolean> {
  const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: key, MaxKeys: 1 });
  const { Contents = [] } = await client.send(command).catch((error: unknown) => {
    throw fromS3(error, url, 'list');
  });
  return Contents.some((one) => one.Key === key);
}

function isUnknown(error: unknown): boolean {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return s3ErrorName(cause) === 'NotImplemented';
}
