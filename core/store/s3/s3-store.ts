import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  type GetObjectCommandInput,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import prettyBytes from 'pretty-bytes';
import { abortReasonOr } from '../../process/stop-reason.ts';
import { checkKey, isKey } from '../key.ts';
import {
  ObjectExists,
  ObjectMissing,
  type ReadOptions,
  type Store,
  type StoredObject,
  StoreUnusable,
} from '../store.ts';
import { capacityBytes, choosePartSizes, multipartLimits } from './part-sizes.ts';
import { s3Client } from './s3-client.ts';
import { attemptsOf, fromS3, s3ErrorName } from './s3-error.ts';
import { type Opened, resumableRead } from './s3-read.ts';
import type { S3StoreSettings } from './s3-settings.ts';
import { type S3Target, stageInS3 } from './s3-stage.ts';

type Place = {
  readonly client: S3Client;
  readonly bucket: string;
  readonly folder: string;
  readonly url: string;
};

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

async function read(place: Place, key: string, { signal }: ReadOptions = {}): Promise<Readable> {
  checkKey(key);
  const Key = place.folder + key;
  const toError = (error: unknown): Error =>
    abortReasonOr(signal, fromS3(error, `${place.url}/${key}`)) as Error;
  try {
    const first = await open(place, { Key }, signal);
    return resumableRead(
      first,
      (offset, etag, abort) => open(place, { Key, Range: `bytes=${offset}-`, IfMatch: etag }, abort),
      (error) =>
        s3ErrorName(error) === 'PreconditionFailed'
          ? new StoreUnusable({
              what: `An object was replaced while it was read (${place.url}/${key})`,
              fix: 'Only pgproof should write there. Read it again.',
            })
          : toError(error),
      signal,
    );
  } catch (error) {
    if (s3ErrorName(error) === 'AccessDenied' && (await isAbsent(place, Key)))
      throw missing(error, place, key);
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

function missing(cause: unknown, { url }: Place, key: string): ObjectMissing {
  return new ObjectMissing(
    { what: `There is no such object (${url}/${key})`, fix: 'See what is there with `pgproof list`.' },
    { cause },
  );
}

async function* list(
  place: Place,
  prefix: string,
  { signal }: ReadOptions = {},
): AsyncGenerator<StoredObject> {
  let token: string | undefined;
  do {
    const page = await place.client
      .send(
        new ListObjectsV2Command({
          Bucket: place.bucket,
          Prefix: place.folder + prefix,
          ContinuationToken: token,
          // Keys of others may have characters that XML cannot carry.
          EncodingType: 'url',
        }),
        { ...(signal && { abortSignal: signal }) },
      )
      .catch((error: unknown) => {
        throw abortReasonOr(signal, fromS3(error, place.url));
      });
    // Some S3-likes ignore the wish, and say so by not repeating it.
    const decode = (key: string): string =>
      page.EncodingType === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;
    for (const { Key, Size, LastModified } of page.Contents ?? []) {
      signal?.throwIfAborted();
      const key = decode(Key ?? '').slice(place.folder.length);
      if (isKey(key)) yield { key, bytes: Size ?? 0, modifiedAt: LastModified ?? new Date(0) };
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

/** Whether the object under a key is what we were writing when the answer got lost and the retry found it taken. */
async function isOurs(place: Place, key: string, content: Uint8Array): Promise<boolean> {
  const md5 = createHash('md5').update(content).digest('hex');
  const listed = await place.client
    .send(new ListObjectsV2Command({ Bucket: place.bucket, Prefix: place.folder + key, MaxKeys: 1 }))
    .catch(() => undefined);
  // The entity tag is the MD5 unless a KMS key is used; then one has to look, if one may.
  if (listed?.Contents?.[0]?.ETag?.replaceAll('"', '') === md5) return true;
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of await read(place, key)) chunks.push(chunk);
    return Buffer.concat(chunks).equals(content);
  } catch {
    return false;
  }
}

async function put(
  place: Place,
  kmsKeyArn: string | undefined,
  key: string,
  content: Uint8Array,
  condition: { readonly IfNoneMatch?: '*' },
): Promise<void> {
  checkKey(key);
  try {
    await place.client.send(
      new PutObjectCommand({
        Bucket: place.bucket,
        Key: place.folder + key,
        Body: content,
        ...(kmsKeyArn === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyArn }),
        ...condition,
      }),
    );
  } catch (error) {
    const failure = fromS3(error, `${place.url}/${key}`);
    if (failure instanceof ObjectExists && attemptsOf(error) > 1 && (await isOurs(place, key, content)))
      return;
    throw failure;
  }
}

/**
 * Backups in an S3 bucket, or in what speaks its API. Needs s3:ListBucket, s3:PutObject and s3:AbortMultipartUpload
 * to write; s3:GetObject to read.
 * @throws UsageError where the settings are wrong; nothing is contacted yet
 */
export function s3Store(settings: S3StoreSettings): Store {
  const { bucket, kmsKeyArn, partLimit = multipartLimits.maxParts } = settings;
  const prefix = settings.prefix.replace(/^\/+|\/+$/g, '');
  const folder = prefix === '' ? '' : `${prefix}/`;
  const url = `s3://${bucket}${prefix === '' ? '' : `/${encodeURI(prefix)}`}`;
  const client = s3Client(settings);
  const place: Place = { client, bucket, folder, url };
  const target: S3Target = { ...place, kmsKeyArn, storageClass: settings.storageClass, partLimit };

  return {
    url,
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
        if (s3ErrorName(error) !== 'AccessDenied') throw fromS3(error, url);
      }
    },
    async stage(key, content, options = {}) {
      return await stageInS3(target, key, content, options);
    },
    async create(key, content) {
      await put(place, kmsKeyArn, key, content, { IfNoneMatch: '*' });
    },
    async replace(key, content) {
      await put(place, kmsKeyArn, key, content, {});
    },
    async read(key, options) {
      return await read(place, key, options);
    },
    list: (wanted, options) => list(place, wanted, options),
  };
}
