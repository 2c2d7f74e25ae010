import { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandInput, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { abortReasonOr } from '../../process/stop-reason.ts';
import { checkKey } from '../key.ts';
import { ObjectMissing, type ReadOptions, StoreUnusable } from '../store.ts';
import { fromS3, s3ErrorName } from './s3-error.ts';
import { frozenFrom } from './s3-frozen.ts';
import type { Place } from './s3-place.ts';
import { type Opened, resumableRead } from './s3-read.ts';

export type { Place } from './s3-place.ts';

/**
 * Reads the keys of a listing that was asked to encode them: they may have characters that XML cannot carry. Some S3-likes
 * ignore the wish, and say so by not repeating it.
 */
export function keyDecoder(encoding: string | undefined): (key: string) => string {
  return (key) => (encoding === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key);
}

async function open(
  { client, bucket }: Place,
  input: Omit<GetObjectCommandInput, 'Bucket'>,
  abortSignal: AbortSignal | undefined,
): Promise<Opened> {
  const command = new GetObjectCommand({ ...input, Bucket: bucket });
  const { Body, ETag, ContentLength } = await client.send(command, { ...(abortSignal && { abortSignal }) });
  if (!(Body instanceof Readable)) throw new TypeError('The SDK returned a body that is no Node stream');
  return { body: Body, etag: ETag, bytes: ContentLength ?? 0 };
}

/** An object's bytes, and the entity tag of what is read. @throws ObjectMissing, StoreUnusable */
export async function readTagged(
  place: Place,
  key: string,
  { signal, versionId }: ReadOptions & { readonly versionId?: string } = {},
): Promise<{ readonly stream: Readable; readonly etag: string | undefined }> {
  checkKey(key);
  const Key = place.folder + key;
  const which = versionId === undefined ? { Key } : { Key, VersionId: versionId };
  const toError = (error: unknown): Error =>
    abortReasonOr(signal, fromS3(error, `${place.url}/${key}`, 'read')) as Error;
  try {
    const first = await open(place, which, signal);
    const stream = resumableRead(
      first,
      (offset, etag, abort) => open(place, { ...which, Range: `bytes=${offset}-`, IfMatch: etag }, abort),
      (error) =>
        s3ErrorName(error) === 'PreconditionFailed'
          ? new StoreUnusable({
              what: `An object was replaced while it was read (${place.url}/${key})`,
              fix: 'Only pgproof should write there. Read it again.',
            })
          : toError(error),
      signal,
    );
    return { stream, etag: first.etag };
  } catch (error) {
    const frozen = await frozenFrom(error, place, key);
    if (frozen !== undefined) throw frozen;
    if (s3ErrorName(error) === 'AccessDenied') {
      if (versionId === undefined && (await isAbsent(place, Key))) throw missing(error, place, key);
      if (versionId !== undefined) throw versionDenied(error, place, key);
    }
    throw toError(error);
  }
}

/**
 * S3 says AccessDenied of a missing object to a role that may not list the whole bucket; ours may list their own
 * prefix only. Whether it is missing decides between a bad backup and a verifier without rights.
 */
async function isAbsent({ client, bucket }: Place, Key: string): Promise<boolean> {
  const listed = await client
    .send(new ListObjectsV2Command({ Bucket: bucket, Prefix: Key, MaxKeys: 1 }))
    .catch(() => undefined);
  return listed !== undefined && listed.Contents?.[0]?.Key !== Key;
}

function versionDenied(cause: unknown, { url }: Place, key: string): StoreUnusable {
  return new StoreUnusable(
    {
      what: `An earlier version may not be read (${url}/${key})`,
      got: 'AccessDenied',
      fix: 'Allow s3:GetObjectVersion on it; with a KMS key also kms:Decrypt.',
    },
    { cause, isOfObject: true },
  );
}

function missing(cause: unknown, { url }: Place, key: string): ObjectMissing {
  return new ObjectMissing(
    { what: `There is no such object (${url}/${key})`, fix: 'See what is there with `pgproof list`.' },
    { cause },
  );
}
