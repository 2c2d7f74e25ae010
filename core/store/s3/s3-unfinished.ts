import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListPartsCommand,
  type MultipartUpload,
} from '@aws-sdk/client-s3';
import type { PgproofError } from '../../errors.ts';
import { abortReasonOr } from '../../process/stop-reason.ts';
import { isKey } from '../key.ts';
import type { Unfinished, UnfinishedWork } from '../prunable.ts';
import { type ReadOptions, StoreUnusable } from '../store.ts';
import { fromS3, s3ErrorName } from './s3-error.ts';
import { keyDecoder, type Place } from './s3-object.ts';

/** How many uploads are asked for their parts at once. */
const atOnce = 8;

/** What a role without the right is told, and whoever asks a service that has no such list. */
const untold: ReadonlySet<string> = new Set([
  'AccessDenied',
  'http:403',
  'NotImplemented',
  'MethodNotAllowed',
]);

function refused(error: unknown, url: string): PgproofError {
  return new StoreUnusable(
    {
      what: `Uploads that were never completed cannot be listed (${url})`,
      got: s3ErrorName(error),
      fix: 'Allow s3:ListBucketMultipartUploads on the bucket and s3:ListMultipartUploadParts on its objects, or leave them to a lifecycle rule for incomplete uploads.',
    },
    { cause: error },
  );
}

async function* uploadsOf(
  place: Place,
  prefix: string,
  { signal }: ReadOptions,
): AsyncGenerator<MultipartUpload> {
  let markers: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } | undefined = {};
  while (markers !== undefined) {
    const page: ListMultipartUploadsCommandOutput = await place.client.send(
      new ListMultipartUploadsCommand({
        Bucket: place.bucket,
        Prefix: place.folder + prefix,
        EncodingType: 'url',
        ...markers,
      }),
      { ...(signal && { abortSignal: signal }) },
    );
    const decode = keyDecoder(page.EncodingType);
    for (const upload of page.Uploads ?? []) yield { ...upload, Key: decode(upload.Key ?? '') };
    const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page;
    // Markers come encoded as the keys do, and go as they are.
    markers =
      IsTruncated && NextKeyMarker !== undefined
        ? { KeyMarker: decode(NextKeyMarker), UploadIdMarker: NextUploadIdMarker }
        : undefined;
  }
}

type Parts = { readonly bytes: number; readonly newest: Date | undefined };

/** The parts of an upload that have arrived. Undefined where it is gone meanwhile. */
async function partsOf(
  place: Place,
  { Key, UploadId }: MultipartUpload,
  { signal }: ReadOptions,
): Promise<Parts | undefined> {
  let bytes = 0;
  let newest: Date | undefined;
  let marker: string | undefined;
  do {
    const command = new ListPartsCommand({
      Bucket: place.bucket,
      Key,
      UploadId,
      ...(marker === undefined ? {} : { PartNumberMarker: marker }),
    });
    const page = await place.client
      .send(command, { ...(signal && { abortSignal: signal }) })
      .catch((error: unknown) => {
        if (s3ErrorName(error) === 'NoSuchUpload') return undefined;
        throw error;
      });
    if (page === undefined) return undefined;
    for (const { Size = 0, LastModified } of page.Parts ?? []) {
      bytes += Size;
      if (LastModified !== undefined && (newest === undefined || LastModified > newest))
        newest = LastModified;
    }
    marker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
  } while (marker !== undefined);
  return { bytes, newest };
}

/** Uploads that were neither completed nor aborted. See `PrunableStore.listUnfinished`. */
export async function listUploads(
  place: Place,
  prefix: string,
  options: ReadOptions = {},
): Promise<UnfinishedWork> {
  const uploads: MultipartUpload[] = [];
  const found: Unfinished[] = [];
  let incomplete: PgproofError | undefined;
  /** Goes on without what may not be asked. */
  const orUntold = (error: unknown): undefined => {
    options.signal?.throwIfAborted();
    if (!untold.has(s3ErrorName(error))) throw fromS3(error, place.url, 'list');
    incomplete ??= refused(error, place.url);
  };
  try {
    for await (const upload of uploadsOf(place, prefix, options))
      if (isKey((upload.Key ?? '').slice(place.folder.length))) uploads.push(upload);
  } catch (error) {
    orUntold(error);
  }
  for (let start = 0; start < uploads.length; start += atOnce) {
    const asked = uploads.slice(start, start + atOnce).map(async (upload) => {
      const { Key = '', UploadId = '', Initiated } = upload;
      let parts: Parts | undefined;
      let isAsked = true;
      try {
        parts = await partsOf(place, upload, options);
        if (parts === undefined) return;
      } catch (error) {
        isAsked = false;
        orUntold(error);
      }
      found.push({
        kind: 'upload',
        id: UploadId,
        key: Key.slice(place.folder.length),
        // One that has no part yet was begun, at least. Of one whose parts we may not see that says nothing.
        writtenAt: isAsked ? (parts?.newest ?? Initiated) : undefined,
        bytes: parts?.bytes,
        owner: 'unknown',
      });
    });
    await Promise.all(asked);
  }
  found.sort((one, other) => Buffer.compare(Buffer.from(one.key ?? ''), Buffer.from(other.key ?? '')));
  return { found, incomplete };
}

/** Aborts an upload; one that is gone already is no failure. */
export async function removeUpload(
  place: Place,
  { kind, id, key }: Unfinished,
  { signal }: ReadOptions = {},
): Promise<void> {
  const where = `${place.url}/${key ?? ''}`;
  if (kind !== 'upload' || key === undefined || !isKey(key))
    throw new StoreUnusable({
      what: `What is to be removed is no upload to a bucket (${place.url})`,
      got: `${kind} ${JSON.stringify(id)}`,
      fix: 'List what there is anew.',
    });
  const command = new AbortMultipartUploadCommand({
    Bucket: place.bucket,
    Key: place.folder + key,
    UploadId: id,
  });
  try {
    await place.client.send(command, { ...(signal && { abortSignal: signal }) });
  } catch (error) {
    if (s3ErrorName(error) === 'NoSuchUpload') return;
    throw abortReasonOr(signal, fromS3(error, where, 'abort'));
  }
}
