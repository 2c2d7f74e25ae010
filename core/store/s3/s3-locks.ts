import {
  GetObjectLegalHoldCommand,
  GetObjectRetentionCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import type { PgproofError } from '../../errors.ts';
import { abortReasonOr } from '../../process/stop-reason.ts';
import { checkKey } from '../key.ts';
import type { LockChange, LockState } from '../prunable.ts';
import { type ObjectLock, type ReadOptions, StoreUnusable } from '../store.ts';
import { modeInput, untilInput } from './lock-input.ts';
import { fromS3, s3ErrorName } from './s3-error.ts';
import type { Place } from './s3-object.ts';
import { withMd5 } from './with-md5.ts';

type NotKnown = Exclude<LockState, { readonly kind: 'known' }>;

function rightMissing(error: unknown, where: string, right: string): PgproofError {
  return new StoreUnusable(
    {
      what: `The store does not let its lock be seen or set (${where})`,
      got: s3ErrorName(error),
      fix: `Allow ${right}.`,
    },
    { cause: error, isOfObject: true },
  );
}

/** What an error says of locks; what it says of anything else is thrown. @param right without which S3 answers AccessDenied */
function notKnown(error: unknown, where: string, right: string, signal: AbortSignal | undefined): NotKnown {
  signal?.throwIfAborted();
  switch (s3ErrorName(error)) {
    // "Bucket is missing Object Lock Configuration"
    case 'InvalidRequest':
    case 'ObjectLockConfigurationNotFoundError':
      return { kind: 'unsupported', by: 'bucket' };
    case 'NotImplemented':
      return { kind: 'unsupported', by: 'service' };
    case 'AccessDenied':
      return { kind: 'refused', why: rightMissing(error, where, right) };
    default:
      throw abortReasonOr(signal, fromS3(error, where, 'lock'));
  }
}

/** S3 answers an object that has never had one with an error. */
async function orNone<T>(asked: Promise<T>): Promise<T | undefined> {
  return await asked.catch((error: unknown) => {
    if (s3ErrorName(error) === 'NoSuchObjectLockConfiguration') return undefined;
    throw error;
  });
}

async function retentionOf(
  { client, bucket, folder, url }: Place,
  key: string,
  { signal }: ReadOptions,
): Promise<{ readonly kind: 'known'; readonly lock: ObjectLock | undefined } | NotKnown> {
  const command = new GetObjectRetentionCommand({ Bucket: bucket, Key: folder + key });
  try {
    const answer = await orNone(client.send(command, { ...(signal && { abortSignal: signal }) }));
    const { Mode, RetainUntilDate: until } = answer?.Retention ?? {};
    if (Mode === undefined || until === undefined) return { kind: 'known', lock: undefined };
    return { kind: 'known', lock: { mode: Mode === 'COMPLIANCE' ? 'compliance' : 'governance', until } };
  } catch (error) {
    return notKnown(error, `${url}/${key}`, 's3:GetObjectRetention', signal);
  }
}

async function legalHoldOf(
  { client, bucket, folder, url }: Place,
  key: string,
  { signal }: ReadOptions,
): Promise<{ readonly kind: 'known'; readonly legalHold: boolean } | NotKnown> {
  const command = new GetObjectLegalHoldCommand({ Bucket: bucket, Key: folder + key });
  try {
    const answer = await orNone(client.send(command, { ...(signal && { abortSignal: signal }) }));
    return { kind: 'known', legalHold: answer?.LegalHold?.Status === 'ON' };
  } catch (error) {
    return notKnown(error, `${url}/${key}`, 's3:GetObjectLegalHold', signal);
  }
}

/** Two requests. See `PrunableStore.lockOf`. */
export async function lockInS3(place: Place, key: string, options: ReadOptions = {}): Promise<LockState> {
  checkKey(key);
  const [retention, hold] = await Promise.all([
    retentionOf(place, key, options),
    legalHoldOf(place, key, options),
  ]);
  if (retention.kind !== 'known') return retention;
  if (hold.kind !== 'known') return hold;
  return { kind: 'known', lock: retention.lock, legalHold: hold.legalHold };
}

/**
 * S3 itself refuses to shorten a lock, whatever we have seen of it. One that is there keeps its mode: to change that needs
 * the right to lift it. See `PrunableStore.extendLock`.
 */
export async function extendInS3(
  place: Place,
  key: string,
  lock: ObjectLock,
  options: ReadOptions = {},
): Promise<LockChange> {
  checkKey(key);
  const there = await retentionOf(place, key, options);
  if (there.kind === 'unsupported') return there;
  const before = there.kind === 'known' ? there.lock : undefined;
  const wanted = { mode: before?.mode ?? lock.mode, until: untilInput(lock) };
  if (before !== undefined && before.until >= wanted.until) return { kind: 'done', changed: false };
  const { client, bucket, folder, url } = place;
  const command = new PutObjectRetentionCommand({
    Bucket: bucket,
    Key: folder + key,
    Retention: { Mode: modeInput(wanted), RetainUntilDate: wanted.until },
  });
  const { signal } = options;
  try {
    await client.send(await withMd5(client, command), { ...(signal && { abortSignal: signal }) });
    return { kind: 'done', changed: true };
  } catch (error) {
    return notKnown(error, `${url}/${key}`, 's3:PutObjectRetention', signal);
  }
}

/** See `PrunableStore.setLegalHold`. */
export async function holdInS3(
  place: Place,
  key: string,
  on: boolean,
  options: ReadOptions = {},
): Promise<LockChange> {
  checkKey(key);
  const there = await legalHoldOf(place, key, options);
  if (there.kind === 'unsupported') return there;
  if (there.kind === 'known' && there.legalHold === on) return { kind: 'done', changed: false };
  const { client, bucket, folder, url } = place;
  const command = new PutObjectLegalHoldCommand({
    Bucket: bucket,
    Key: folder + key,
    LegalHold: { Status: on ? 'ON' : 'OFF' },
  });
  const { signal } = options;
  try {
    await client.send(await withMd5(client, command), { ...(signal && { abortSignal: signal }) });
    return { kind: 'done', changed: true };
  } catch (error) {
    return notKnown(error, `${url}/${key}`, 's3:PutObjectLegalHold', signal);
  }
}
