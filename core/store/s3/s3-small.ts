import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { checkKey } from '../key.ts';
import {
  collectBeginning,
  ObjectChanged,
  ObjectExists,
  type ObjectLock,
  ObjectMissing,
  type ReadOptions,
  StoreUnusable,
  type VersionedObject,
} from '../store.ts';
import { digestForLock, lockInput } from './lock-input.ts';
import { type NewOnly, onlyIfNew } from './only-if-new.ts';
import { attemptsOf, fromLocked, isUndecided, s3ErrorName, undecided } from './s3-error.ts';
import { type Place, readTagged } from './s3-object.ts';

/** Where small objects go. */
export type SmallTarget = Place & { readonly kmsKeyArn: string | undefined };

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
    for await (const chunk of (await readTagged(place, key)).stream) chunks.push(chunk);
    return Buffer.concat(chunks).equals(content);
  } catch {
    return false;
  }
}

type Condition = NewOnly | { readonly IfMatch?: string };

/** Writes a small object under a key that is free. @throws ObjectExists, StoreUnusable */
export async function createSmall(
  target: SmallTarget,
  key: string,
  content: Uint8Array,
  lock?: ObjectLock,
): Promise<void> {
  checkKey(key);
  const { client, bucket, folder, url } = target;
  await onlyIfNew({ client, bucket, key: folder + key, url: `${url}/${key}` }, (condition) =>
    putSmall(target, key, content, condition, lock),
  );
}

/** Writes a small object, under a condition if there is one. @throws ObjectExists, ObjectMissing, StoreUnusable */
export async function putSmall(
  { kmsKeyArn, ...place }: SmallTarget,
  key: string,
  content: Uint8Array,
  condition: Condition = {},
  lock?: ObjectLock,
): Promise<void> {
  checkKey(key);
  const input = {
    Bucket: place.bucket,
    Key: place.folder + key,
    Body: content,
    ...(kmsKeyArn === undefined ? {} : { ServerSideEncryption: 'aws:kms' as const, SSEKMSKeyId: kmsKeyArn }),
    ...lockInput(lock),
    ...(lock === undefined ? {} : await digestForLock(place.client, content)),
    ...condition,
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await place.client.send(new PutObjectCommand(input));
      return;
    } catch (error) {
      const failure = fromLocked(error, `${place.url}/${key}`, lock);
      const isSentAgain = attempt > 1 || attemptsOf(error) > 1;
      if (!(failure instanceof ObjectExists && isSentAgain)) throw failure;
      if (await isOurs(place, key, content)) return;
      if (!isUndecided(error) || attempt === undecided.attempts) throw failure;
      await wait(undecided.pauseMs * attempt);
    }
  }
}

/**
 * A small object with its entity tag as version. One that is weak, or none at all, is no version to hold on to: S3
 * compares strong ones only.
 */
export async function readSmallTagged(
  place: Place,
  key: string,
  options: ReadOptions = {},
): Promise<VersionedObject | undefined> {
  try {
    const { stream, etag = '' } = await readTagged(place, key, options);
    const content = await collectBeginning(stream);
    return { content, version: etag.startsWith('W/') ? noVersion : etag };
  } catch (error) {
    if (error instanceof ObjectMissing) return undefined;
    throw error;
  }
}

const noVersion = '';

/**
 * Writes a small object if nothing was written under its key since it was read. S3 answers 412 where the entity tag is
 * another one, 409 where somebody writes at the same moment, 404 where the object is gone, and asks for s3:GetObject beside
 * s3:PutObject. A service that does not know the condition (501) is asked again without: there the last writer wins.
 * @throws ObjectChanged, StoreUnusable
 */
export async function replaceSmall(
  target: SmallTarget,
  key: string,
  content: Uint8Array,
  version: string | undefined,
): Promise<void> {
  try {
    if (version === undefined) await createSmall(target, key, content);
    else await putSmall(target, key, content, version === noVersion ? {} : { IfMatch: version });
  } catch (error) {
    const isUnknown = error instanceof StoreUnusable && s3ErrorName(error.cause) === 'NotImplemented';
    if (isUnknown) return await putSmall(target, key, content);
    if (error instanceof ObjectExists || error instanceof ObjectMissing)
      throw new ObjectChanged(`${target.url}/${key}`, { cause: error });
    throw error;
  }
}
