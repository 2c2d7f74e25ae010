import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { frozenPlace, ObjectFrozen, type ObjectState } from '../frozen.ts';
import { checkKey } from '../key.ts';
import type { ReadOptions } from '../store.ts';
import { fromS3, s3ErrorName } from './s3-error.ts';
import type { Place } from './s3-place.ts';

/** Whether an object can be read, and when it could. @throws ObjectMissing, StoreUnusable */
export async function stateInS3(
  { client, bucket, folder, url }: Place,
  key: string,
  { signal }: ReadOptions = {},
): Promise<ObjectState> {
  checkKey(key);
  const command = new HeadObjectCommand({ Bucket: bucket, Key: folder + key });
  const {
    StorageClass,
    ArchiveStatus,
    Restore = '',
  } = await client.send(command, { ...(signal && { abortSignal: signal }) }).catch((error: unknown) => {
    throw fromS3(error, `${url}/${key}`, 'read');
  });
  const place = frozenPlace(ArchiveStatus ?? StorageClass);
  if (place === undefined) return { kind: 'readable' };
  if (/ongoing-request="true"/.test(Restore)) return { kind: 'thawing', place };
  if (!/ongoing-request="false"/.test(Restore)) return { kind: 'frozen', place };
  const until = new Date(/expiry-date="([^"]+)"/.exec(Restore)?.[1] ?? '');
  return { kind: 'readable', until: Number.isNaN(until.getTime()) ? undefined : until };
}

/**
 * Our error for what S3 answers of an object that it does not hand out as it is; undefined of any other error. The object is
 * asked once more, because the answer does not tell whether it is being thawed.
 */
export async function frozenFrom(
  error: unknown,
  place: Place,
  key: string,
): Promise<ObjectFrozen | undefined> {
  if (s3ErrorName(error) !== 'InvalidObjectState') return undefined;
  const { StorageClass, AccessTier } = error as { StorageClass?: string; AccessTier?: string };
  const said = frozenPlace(AccessTier) ?? frozenPlace(StorageClass);
  const state = await stateInS3(place, key).catch(() => undefined);
  const known = state === undefined || state.kind === 'readable' ? undefined : state;
  return new ObjectFrozen(
    { where: `${place.url}/${key}`, bucket: place.bucket, key: place.folder + key },
    known ?? { kind: 'frozen', place: said },
    { cause: error },
  );
}
