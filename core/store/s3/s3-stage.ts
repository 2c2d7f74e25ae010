import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  type S3Client,
  type StorageClass,
} from '@aws-sdk/client-s3';
import { PgproofError } from '../../errors.ts';
import { archiveTag } from '../../vocabulary.ts';
import { checkKey } from '../key.ts';
import { ObjectExists, type StagedObject, type StageOptions } from '../store.ts';
import { lockInput } from './lock-input.ts';
import { uploadParts } from './multipart.ts';
import { type NewOnly, onlyIfNew } from './only-if-new.ts';
import type { Upload, UploadedParts } from './part-sender.ts';
import { choosePartSizes } from './part-sizes.ts';
import {
  attemptsOf,
  fromLocked,
  fromS3,
  isRefusal,
  isUndecided,
  s3ErrorName,
  undecided,
} from './s3-error.ts';

export type S3Target = {
  readonly client: S3Client;
  readonly bucket: string;
  /** The prefix with its slash, or ''. */
  readonly folder: string;
  readonly url: string;
  readonly kmsKeyArn: string | undefined;
  readonly storageClass: StorageClass | undefined;
  readonly partLimit: number;
};

/** Lambda keeps 30 seconds back for aborting and alerting; an S3 that does not answer must not take them all. */
const abortLimitMs = 15_000;

/** Takes the parts away. Where that fails the bucket's lifecycle rule for incomplete uploads is left to do it. */
export async function abortUpload({ client, bucket, key, uploadId }: Upload): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId });
  await client.send(command, { abortSignal: AbortSignal.timeout(abortLimitMs) }).catch(() => undefined);
}

/** Begins what {@link staged} completes. Whoever has it aborts it when something fails. */
export async function beginUpload(target: S3Target, key: string, options: StageOptions): Promise<Upload> {
  const { client, bucket, folder, partLimit } = target;
  const url = `${target.url}/${key}`;
  const uploadId = await createUpload(target, folder + key, options).catch((error: unknown) => {
    throw fromLocked(error, url, options.lock);
  });
  const sizes = choosePartSizes({ expectedBytes: options.expectedBytes, partLimit });
  const isLocked = options.lock !== undefined;
  return { client, bucket, key: folder + key, uploadId, sizes, url, isLocked };
}

/** Where a tag was refused and all else was well: R2, B2 and others know none, and not every role may tag. */
const refusesTags = new WeakSet<S3Target>();

/** An archive without its tag is as good a backup: it only stays where it is when rules move archives. */
async function createUpload(target: S3Target, key: string, options: StageOptions): Promise<string> {
  const isTagged = options.isSmall !== true && !refusesTags.has(target);
  try {
    return await sendCreation(target, key, options, isTagged);
  } catch (error) {
    if (!isTagged || !isRefusal(error)) throw error;
    const uploadId = await sendCreation(target, key, options, false);
    refusesTags.add(target);
    return uploadId;
  }
}

async function sendCreation(
  { client, bucket, kmsKeyArn, storageClass }: S3Target,
  key: string,
  { isSmall = false, lock }: StageOptions,
  isTagged: boolean,
): Promise<string> {
  const crc = (await client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED';
  const command = new CreateMultipartUploadCommand({
    Bucket: bucket,
    Key: key,
    // S3 refuses parts with a checksum where the upload was begun without.
    ...(crc ? { ChecksumAlgorithm: 'CRC32' } : {}),
    ...(kmsKeyArn === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyArn }),
    ...(storageClass === undefined || isSmall ? {} : { StorageClass: storageClass }),
    ...(isTagged ? { Tagging: `${archiveTag.key}=${archiveTag.value}` } : {}),
    ...lockInput(lock),
  });
  // No abort signal: an answer that is not waited for would leave an upload whose id is lost.
  const { UploadId } = await client.send(command);
  if (UploadId === undefined) throw new TypeError('S3 began an upload without an id');
  return UploadId;
}

/**
 * Whether the upload was completed by a call whose answer got lost: its id is gone, and what lies under the key is what
 * was sent. The id alone says nothing: a lifecycle rule may have aborted the upload, and then there is no object.
 */
async function isCompleted(upload: Upload, sent: UploadedParts): Promise<boolean> {
  const { client, bucket, key, uploadId } = upload;
  const command = new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: uploadId, MaxParts: 1 });
  const isGone = await client.send(command).then(
    () => false,
    (error: unknown) => s3ErrorName(error) === 'NoSuchUpload',
  );
  return isGone && (await liesThere(upload, sent));
}

/** By size, and by the number of parts that the entity tag of an upload ends with, where the service makes it so. */
async function liesThere({ client, bucket, key }: Upload, sent: UploadedParts): Promise<boolean> {
  const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: key, MaxKeys: 1 });
  const [listed] = (await client.send(command).catch(() => undefined))?.Contents ?? [];
  if (listed?.Key !== key || listed.Size !== sent.bytes) return false;
  const [, parts] = /-(\d+)"?$/.exec(listed.ETag ?? '') ?? [];
  return parts === undefined || Number(parts) === sent.parts.length;
}

async function completeUpload(upload: Upload, sent: UploadedParts): Promise<void> {
  await onlyIfNew(upload, (condition) => completeWith(upload, sent, condition));
}

async function completeWith(upload: Upload, sent: UploadedParts, condition: NewOnly): Promise<void> {
  const command = new CompleteMultipartUploadCommand({
    Bucket: upload.bucket,
    Key: upload.key,
    UploadId: upload.uploadId,
    MultipartUpload: { Parts: [...sent.parts] },
    ...condition,
  });
  for (let attempt = 1; ; attempt += 1) {
    try {
      await upload.client.send(command);
      return;
    } catch (error) {
      const failure = fromS3(error, upload.url, 'write');
      const maybeDone = failure instanceof ObjectExists || s3ErrorName(error) === 'NoSuchUpload';
      const isSentAgain = attempt > 1 || attemptsOf(error) > 1;
      if (!(maybeDone && isSentAgain)) throw failure;
      if (await isCompleted(upload, sent)) return;
      if (!isUndecided(error) || attempt === undecided.attempts) throw failure;
      await wait(undecided.pauseMs * attempt);
    }
  }
}

/** An upload all of whose parts have been sent. */
export function staged(upload: Upload, key: string, sent: UploadedParts): StagedObject {
  let state: 'staged' | 'committed' | 'aborted' = 'staged';
  return {
    key,
    bytes: sent.bytes,
    async commit() {
      if (state !== 'staged')
        throw new PgproofError({
          what: `${upload.url} cannot be committed`,
          got: `it is ${state}`,
          fix: 'This is a defect of pgproof.',
        });
      await completeUpload(upload, sent);
      state = 'committed';
    },
    async abort() {
      if (state !== 'staged') return;
      state = 'aborted';
      await abortUpload(upload);
    },
  };
}

/** Uploads all parts and stops short of completing them: nothing can be seen under the key before `commit`. */
export async function stageInS3(
  target: S3Target,
  key: string,
  content: Readable,
  options: StageOptions,
): Promise<StagedObject> {
  // The source may fail while the upload is being begun, or when it is destroyed: without a listener that would
  // end the process. What it says is not lost: reading it fails with it.
  content.on('error', () => {});
  let upload: Upload | undefined;
  try {
    checkKey(key);
    options.signal?.throwIfAborted();
    upload = await beginUpload(target, key, options);
    return staged(upload, key, await uploadParts(upload, content, options.signal));
  } catch (error) {
    // The writer of the source has to learn that it is not read any more.
    content.destroy();
    if (upload !== undefined) await abortUpload(upload);
    throw error;
  }
}
