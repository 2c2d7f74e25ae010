import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import { type CompletedPart, HeadObjectCommand, UploadPartCopyCommand } from '@aws-sdk/client-s3';
import pLimit from 'p-limit';
import { abortReasonOr } from '../../process/stop-reason.ts';
import { together } from '../../process/together.ts';
import { checkKey } from '../key.ts';
import { ObjectMissing, type StagedObject, type StageOptions, type Store, StoreUnusable } from '../store.ts';
import { uploadParts } from './multipart.ts';
import type { Upload, UploadedParts } from './part-sender.ts';
import { copyRanges } from './part-sizes.ts';
import { fromS3, isRefusal, s3ErrorName } from './s3-error.ts';
import { frozenFrom } from './s3-frozen.ts';
import { S3Origin, serviceOf } from './s3-origin.ts';
import type { Place } from './s3-place.ts';
import { abortUpload, beginUpload, type S3Target, staged } from './s3-stage.ts';

/** Parts that S3 is at work on for one object. */
const copiesAtOnce = 8;

type Source = {
  /** As UploadPartCopy takes it. */
  readonly path: string;
  readonly place: Place;
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
};

/**
 * Takes objects over from another store of the same service, whose bytes do not come here. The credentials are the
 * target's, which must be allowed to read the source. Undefined where they are not, or where the service cannot: then
 * nothing is left behind, and that source is not tried again.
 */
export function s3Copier(target: S3Target): NonNullable<Store['stageFrom']> {
  const cannot = new WeakSet<S3Origin>();
  return async (key, from, options = {}) => {
    const { origin } = from.store;
    if (!(origin instanceof S3Origin) || cannot.has(origin)) return undefined;
    checkKey(key);
    checkKey(from.key);
    options.signal?.throwIfAborted();
    if ((await serviceOf(origin.place)) !== (await serviceOf(target))) {
      cannot.add(origin);
      return undefined;
    }
    const source = await lookAt(origin.place, from.key, options.signal);
    // What is wrong with one that measures something else is told by whoever reads it.
    if (source === undefined || source.bytes !== from.bytes) return undefined;
    const copied = await copyObject(target, key, source, options);
    if (copied === undefined) cannot.add(origin);
    return copied;
  };
}

/** Undefined where it may not be asked, or has no entity tag to hold on to. @throws ObjectMissing, StoreUnusable */
async function lookAt(
  place: Place,
  key: string,
  signal: AbortSignal | undefined,
): Promise<Source | undefined> {
  const { client, bucket, folder, url } = place;
  const where = `${url}/${key}`;
  const command = new HeadObjectCommand({ Bucket: bucket, Key: folder + key });
  try {
    const { ETag, ContentLength } = await client.send(command, { ...(signal && { abortSignal: signal }) });
    if (ETag === undefined || ETag.startsWith('W/') || ContentLength === undefined) return undefined;
    const path = `${bucket}/${folder}${key}`.split('/').map(encodeURIComponent).join('/');
    return { path, place, key, etag: ETag, bytes: ContentLength };
  } catch (error) {
    const failure = abortReasonOr(signal, fromS3(error, where, 'read'));
    if (failure instanceof ObjectMissing || !isRefusal(error)) throw failure;
    return undefined;
  }
}

async function copyObject(
  target: S3Target,
  key: string,
  source: Source,
  options: StageOptions,
): Promise<StagedObject | undefined> {
  const ranges = copyRanges(source.bytes, target.partLimit);
  if (ranges === undefined) return undefined;
  const upload = await beginUpload(target, key, { ...options, expectedBytes: source.bytes });
  try {
    // There is no range of nothing; an upload needs one part.
    const sent =
      source.bytes === 0
        ? await uploadParts(upload, Readable.from([]), options.signal)
        : await copyParts(upload, source, ranges, options.signal);
    return staged(upload, key, sent);
  } catch (error) {
    await abortUpload(upload);
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

/** Not an error for people: the bytes have to be streamed. */
class Refused extends Error {}

async function copyParts(
  upload: Upload,
  source: Source,
  ranges: readonly { readonly first: number; readonly last: number }[],
  signal: AbortSignal | undefined,
): Promise<UploadedParts> {
  const group = new AbortController();
  const stop = signal === undefined ? group.signal : AbortSignal.any([signal, group.signal]);
  // Every part in flight listens to it.
  setMaxListeners(0, stop);
  const limit = pLimit(copiesAtOnce);
  const parts = await together(
    group,
    ranges.map(({ first, last }, index) =>
      limit(async () => {
        stop.throwIfAborted();
        // S3 takes no range of an object of 5 MiB or less.
        const range = ranges.length === 1 ? undefined : `bytes=${first}-${last}`;
        return await copyPart(upload, source, index + 1, range, stop);
      }),
    ),
  ).catch((error: unknown) => {
    throw abortReasonOr(signal, error);
  });
  return { parts, bytes: source.bytes };
}

async function copyPart(
  upload: Upload,
  source: Source,
  partNumber: number,
  range: string | undefined,
  abortSignal: AbortSignal,
): Promise<CompletedPart> {
  const command = new UploadPartCopyCommand({
    Bucket: upload.bucket,
    Key: upload.key,
    UploadId: upload.uploadId,
    PartNumber: partNumber,
    CopySource: source.path,
    CopySourceIfMatch: source.etag,
    ...(range === undefined ? {} : { CopySourceRange: range }),
  });
  try {
    const { CopyPartResult: { ETag, ChecksumCRC32 } = {} } = await upload.client.send(command, {
      abortSignal,
    });
    // The SDK makes an error of what an answer with status 200 calls one; this is neither.
    if (ETag === undefined) throw new TypeError('S3 copied a part and did not say as what');
    return { PartNumber: partNumber, ETag, ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }) };
  } catch (error) {
    if (['PreconditionFailed', 'http:412'].includes(s3ErrorName(error)))
      throw new StoreUnusable(
        {
          what: `An object was replaced while it was copied (${source.place.url}/${source.key})`,
          fix: 'Only pgproof should write there. Copy it again.',
        },
        { cause: error, isOfObject: true },
      );
    const frozen = await frozenFrom(error, source.place, source.key);
    if (frozen !== undefined) throw frozen;
    if (isRefusal(error)) throw new Refused();
    throw fromS3(error, upload.url, 'write');
  }
}
