import { messageOf, PgproofError } from '../../errors.ts';
import { ObjectExists, type ObjectLock, ObjectMissing, StoreUnusable } from '../store.ts';

import { type StoreWork, storeWorks } from '../work.ts';
import { kmsTrouble, type S3Meaning, s3Meanings, unusable } from './s3-meanings.ts';
import { allow, deniedMeaning } from './s3-rights.ts';

/** The parts of an SDK or Node error that we look at, whatever its class. */
type Raw = {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly Region?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
};

function raw(error: unknown): Raw {
  return typeof error === 'object' && error !== null ? error : {};
}

/** The key of an error in the table, or its own name where it has none there. */
export function s3ErrorName(error: unknown): string {
  const { code, name, message, $metadata } = raw(error);
  // A Node error comes as "TimeoutError" with a code that says more.
  for (const candidate of [code, name, message, `http:${$metadata?.httpStatusCode}`])
    if (typeof candidate === 'string' && Object.hasOwn(s3Meanings, candidate)) return candidate;
  return typeof name === 'string' ? name : 'Error';
}

/** Whose credentials, rights, or grasp of the API do not suffice for a call that another kind of call can replace. */
const refusals = [
  'AccessDenied',
  'Forbidden',
  'NotImplemented',
  'MethodNotAllowed',
  'NoSuchBucket',
  'NoSuchKey',
];
/** What no other call would get past. */
const finals = [
  'InvalidObjectState',
  'NoSuchUpload',
  'ExpiredToken',
  'InvalidAccessKeyId',
  'RequestTimeTooSkewed',
];

/**
 * Whether S3 will not do just this: an error of the caller's, or something that the service does not know. Trouble on the
 * way, throttling and a condition that does not hold are none. An error inside of an answer with status 200 has no status.
 */
export function isRefusal(error: unknown): boolean {
  const name = s3ErrorName(error);
  if (finals.includes(name)) return false;
  const status = raw(error).$metadata?.httpStatusCode ?? 0;
  const isCallers = status >= 400 && status < 500 && ![408, 409, 412, 429].includes(status);
  return isCallers || status === 301 || status === 501 || refusals.includes(name);
}

/** How often the SDK had tried when it gave up. */
export function attemptsOf(error: unknown): number {
  return raw(error).$metadata?.attempts ?? 1;
}

/**
 * Whether a conditional write that was sent again met one that is not done yet (409): most likely our own, whose answer was
 * lost. S3's advice is to send it once more, which tells how that one ended.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function isUndecided(error: unknown): boolean {
  return s3ErrorName(error) === 'ConditionalRequestConflict';
}

/** How often an undecided write is sent once more, and the pause before, which grows. */
export const undecided = { attempts: 4, pauseMs: 250 } as const;

/** The region that S3 says the bucket is in. */
function rightRegion(error: unknown): string | undefined {
  const { $response, Region, message } = raw(error);
  const told = $response?.headers?.['x-amz-bucket-region'] ?? Region;
  if (typeof told === 'string') return told;
  return typeof message === 'string' ? /expecting '([a-z0-9-]+)'/.exec(message)?.[1] : undefined;
}

function classFor(
  kind: S3Meaning['kind'],
): typeof StoreUnusable | typeof ObjectExists | typeof ObjectMissing {
  switch (kind) {
    case 'exists':
      return ObjectExists;
    case 'missing':
      return ObjectMissing;
    case 'unusable':
      return StoreUnusable;
  }
}

/**
 * Our error for one of S3's, with one sentence, what was being done, and what to do. What is ours already, and an abort,
 * stay as they are.
 * @param where The store's URL, or an object's.
 */
export function fromS3(error: unknown, where: string, work: StoreWork): Error {
  if (error instanceof PgproofError) return error;
  if (error instanceof Error && error.name === 'AbortError') return error;
  const name = s3ErrorName(error);
  const meaning = meaningOf(name, messageOf(error), work);
  // Of a key that is taken or missing nobody needs to be told that it was written or read.
  const doing = meaning.kind === 'unusable' ? `${storeWorks[work]} ` : '';
  const { message } = raw(error);
  const said = messageOf(error) === name || message === '' ? name : `${name}, ${messageOf(error)}`;
  const right = meaning.isElsewhere ? rightRegion(error) : undefined;
  return new (classFor(meaning.kind))(
    {
      what: `${meaning.what} (${doing}${where})`,
      got: said.replace(/\s+/g, ' ').replace(/[.\s]+$/, ''),
      ...(right === undefined ? {} : { expected: `the region ${right}` }),
      fix: right === undefined ? meaning.fix : `Set AWS_REGION=${right}.`,
    },
    { cause: error, isOfObject: isOfObject(name, error) },
  );
}

function meaningOf(name: string, message: string, work: StoreWork): S3Meaning {
  const meaning =
    s3Meanings[name] ??
    (name.startsWith('KMS')
      ? kmsTrouble
      : unusable('S3 refused a call', 'Look the error up in the documentation of the S3 service.'));
  return meaning.isDenied ? deniedMeaning(work, message) : meaning;
}

/** The same of what was to be written with a lock, which a bucket without Object Lock refuses, and a role without the right. */
export function fromLocked(error: unknown, where: string, lock: ObjectLock | undefined): Error {
  const ours = fromS3(error, where, 'write');
  if (lock === undefined || !(ours instanceof StoreUnusable)) return ours;
  const name = s3ErrorName(error);
  if (name === 'InvalidRequest' || name === 'NotImplemented')
    return lockRefused(ours, where, 'Take a bucket that was made with Object Lock, or leave the lock out.');
  if (name === 'AccessDenied')
    return lockRefused(
      ours,
      where,
      `${allow('write')} With a lock also s3:PutObjectRetention, for so many days (s3:object-lock-remaining-retention-days).`,
    );
  return ours;
}

function lockRefused(
  { problem, cause, isOfObject }: StoreUnusable,
  where: string,
  fix: string,
): StoreUnusable {
  return new StoreUnusable(
    { what: `The store refused to lock what was to be written (${where})`, got: problem.got, fix },
    { cause, isOfObject },
  );
}

/** Rights, a key of KMS, and what S3 answers of an object that it will not hand out (archived, a customer's key). */
function isOfObject(name: string, error: unknown): boolean {
  if (['AccessDenied', 'Forbidden', 'http:403'].includes(name) || name.startsWith('KMS')) return true;
  const status = raw(error).$metadata?.httpStatusCode ?? 0;
  return !Object.hasOwn(s3Meanings, name) && status >= 400 && status < 500;
}
