import { messageOf, PgproofError } from '../../errors.ts';
import { ObjectExists, type ObjectLock, ObjectMissing, StoreUnusable } from '../store.ts';

/**
 * What an error of S3, of the SDK or of the network means to us. `retried`: what tries the call again before
 * the error is reported: `sdk` (its standard retry mode), `here` (parts damaged on the way, broken reads), `never`.
 */
export type S3Meaning = {
  readonly kind: 'unusable' | 'exists' | 'missing';
  readonly retried: 'sdk' | 'here' | 'never';
  readonly what: string;
  readonly fix: string;
  /** The bucket is in another region, which the error may name. */
  readonly isElsewhere?: true;
};

function unusable(what: string, fix: string, retried: S3Meaning['retried'] = 'never'): S3Meaning {
  return { kind: 'unusable', retried, what, fix };
}

const rights =
  'Allow s3:ListBucket on the bucket, and on its objects s3:PutObject and s3:AbortMultipartUpload to back up or s3:GetObject to verify and restore; with a KMS key also kms:GenerateDataKey and kms:Decrypt.';
const credentials =
  'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile (AWS_PROFILE), or run where a role gives them.';
const region = 'Set the region of the bucket (AWS_REGION).';
const unreachable =
  'Check the endpoint, DNS, and the network; inside a VPC an S3 gateway endpoint is needed.';
const busy = 'The call was tried several times; run it again later.';
const damaged =
  'The bytes were sent again and damaged again: look for a proxy or a bad link on the way. Nothing was stored.';
const tls = "Give Node the service's certificate authority (NODE_EXTRA_CA_CERTS), or correct the endpoint.";
const kms =
  'Check that the KMS key exists, is enabled, is in the region of the bucket, and may be used by this role.';

const elsewhere: S3Meaning = {
  ...unusable('The bucket is in another region', region),
  isElsewhere: true,
};
const exists: S3Meaning = {
  kind: 'exists',
  retried: 'never',
  what: 'The key is taken',
  fix: 'Another run wrote it first. Nothing was overwritten.',
};
const missing: S3Meaning = {
  kind: 'missing',
  retried: 'never',
  what: 'There is no such object',
  fix: 'See what is there with `pgproof list`.',
};

/** By the error's name, the network error's code, or `http:<status>` where a HEAD has no body to name it. */
export const s3Meanings: Readonly<Record<string, S3Meaning>> = {
  PreconditionFailed: exists,
  ConditionalRequestConflict: exists,
  'http:412': exists,
  NoSuchKey: missing,
  NotFound: missing,
  'http:404': missing,

  NoSuchObjectLockConfiguration: unusable('The object has no lock', 'Lock it first.'),
  ObjectLockConfigurationNotFoundError: unusable(
    'The bucket has no Object Lock',
    'Take a bucket that was made with it.',
  ),

  NoSuchBucket: unusable('The bucket does not exist', 'Create it, or correct its name in the store URL.'),
  NoSuchUpload: unusable(
    'The upload is gone',
    "It was aborted: look at the bucket's lifecycle rule for incomplete uploads. Run the backup again.",
  ),
  InvalidBucketName: unusable('The bucket has an invalid name', 'Correct it in the store URL.'),
  AccessDenied: unusable('Access to the bucket is denied', rights),
  Forbidden: unusable('Access to the bucket is denied', rights),
  'http:403': unusable('Access to the bucket is denied', rights),
  AllAccessDisabled: unusable('All access to the bucket is disabled', 'Ask AWS Support why.'),
  CredentialsProviderError: unusable('There are no AWS credentials', credentials),
  TokenProviderError: unusable('There are no AWS credentials', credentials),
  InvalidAccessKeyId: unusable('The AWS access key is unknown', credentials),
  SignatureDoesNotMatch: unusable('The AWS secret key is wrong', credentials),
  InvalidToken: unusable('The AWS session token is invalid', credentials),
  ExpiredToken: unusable('The AWS session token has expired', 'Log in again, or renew the session.'),
  ExpiredTokenException: unusable('The AWS session token has expired', 'Log in again, or renew the session.'),
  RequestTimeTooSkewed: unusable("This machine's clock is wrong", 'Set it (NTP); AWS allows 15 minutes.'),
  PermanentRedirect: elsewhere,
  'http:301': elsewhere,
  AuthorizationHeaderMalformed: elsewhere,
  IllegalLocationConstraintException: elsewhere,
  'Region is missing': unusable('No AWS region is set', region),
  InvalidStorageClass: unusable('The storage class does not exist here', 'Correct the storage class.'),
  InvalidArgument: unusable(
    'S3 refused the settings of the upload',
    'Check storage class, KMS key and part limit.',
  ),
  EntityTooLarge: unusable(
    'The object is larger than the store allows',
    'Split the database, or use another store.',
  ),
  QuotaExceeded: unusable('The store is full', 'Make room, or raise the quota.'),
  XMinioStorageFull: unusable('The store is full', 'Make room.'),
  NotImplemented: unusable(
    'The store does not know a part of the S3 API that is needed',
    'Try AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_REQUIRED; conditional writes (If-None-Match) are indispensable.',
  ),
  'KMS.NotFoundException': unusable('The KMS key does not exist', kms),
  'KMS.DisabledException': unusable('The KMS key is disabled', kms),
  'KMS.KMSInvalidStateException': unusable('The KMS key cannot be used', kms),
  KMSInvalidStateException: unusable('The KMS key cannot be used', kms),

  BadDigest: unusable('Bytes were damaged on their way to S3', damaged, 'here'),
  XAmzContentSHA256Mismatch: unusable('Bytes were damaged on their way to S3', damaged, 'here'),
  XAmzContentChecksumMismatch: unusable('Bytes were damaged on their way to S3', damaged, 'here'),
  IncompleteBody: unusable('S3 received only a part of a request', damaged, 'here'),

  SlowDown: unusable('S3 throttles us', busy, 'sdk'),
  ThrottlingException: unusable('S3 throttles us', busy, 'sdk'),
  ServiceUnavailable: unusable('S3 is not available', busy, 'sdk'),
  InternalError: unusable('S3 has an internal error', busy, 'sdk'),
  RequestTimeout: unusable('S3 waited too long for our bytes', busy, 'sdk'),
  'http:500': unusable('S3 has an internal error', busy, 'sdk'),
  'http:502': unusable('S3 is not available', busy, 'sdk'),
  'http:503': unusable('S3 is not available', busy, 'sdk'),
  'http:504': unusable('S3 is not available', busy, 'sdk'),
  TimeoutError: unusable('S3 did not answer in time', unreachable, 'sdk'),
  ETIMEDOUT: unusable('S3 did not answer in time', unreachable, 'sdk'),
  ECONNREFUSED: unusable('S3 refuses connections', unreachable, 'sdk'),
  ECONNRESET: unusable('The connection to S3 broke', unreachable, 'sdk'),
  EPIPE: unusable('The connection to S3 broke', unreachable, 'sdk'),
  ENOTFOUND: unusable("S3's host is unknown", unreachable, 'sdk'),
  EAI_AGAIN: unusable("S3's host cannot be looked up", unreachable, 'sdk'),
  EHOSTUNREACH: unusable('S3 cannot be reached', unreachable, 'sdk'),
  ENETUNREACH: unusable('S3 cannot be reached', unreachable, 'sdk'),
  EPROTO: unusable('S3 does not speak TLS here', 'Write http:// in the endpoint, or correct its port.'),
  SELF_SIGNED_CERT_IN_CHAIN: unusable("S3's certificate is not trusted", tls),
  DEPTH_ZERO_SELF_SIGNED_CERT: unusable("S3's certificate is not trusted", tls),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unusable("S3's certificate is not trusted", tls),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unusable("S3's certificate is not trusted", tls),
  CERT_HAS_EXPIRED: unusable("S3's certificate has expired", tls),
  ERR_TLS_CERT_ALTNAME_INVALID: unusable("S3's certificate is for another host", tls),
};

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
 * Our error for one of S3's, with one sentence and what to do. What is ours already, and an abort, stay as they are.
 * @param where The store's URL, or an object's.
 */
export function fromS3(error: unknown, where: string): Error {
  if (error instanceof PgproofError) return error;
  if (error instanceof Error && error.name === 'AbortError') return error;
  const name = s3ErrorName(error);
  const meaning =
    s3Meanings[name] ??
    unusable('S3 refused a call', 'Look the error up in the documentation of the S3 service.');
  const { message } = raw(error);
  const said = messageOf(error) === name || message === '' ? name : `${name}, ${messageOf(error)}`;
  const right = meaning.isElsewhere ? rightRegion(error) : undefined;
  return new (classFor(meaning.kind))(
    {
      what: `${meaning.what} (${where})`,
      got: said.replace(/\s+/g, ' ').replace(/[.\s]+$/, ''),
      ...(right === undefined ? {} : { expected: `the region ${right}` }),
      fix: right === undefined ? meaning.fix : `Set AWS_REGION=${right}.`,
    },
    { cause: error, isOfObject: isOfObject(name, error) },
  );
}

/** The same of what was to be written with a lock, which a bucket without Object Lock refuses, and a role without the right. */
export function fromLocked(error: unknown, where: string, lock: ObjectLock | undefined): Error {
  const ours = fromS3(error, where);
  if (lock === undefined || !(ours instanceof StoreUnusable)) return ours;
  const name = s3ErrorName(error);
  if (name === 'InvalidRequest' || name === 'NotImplemented')
    return lockRefused(ours, where, 'Take a bucket that was made with Object Lock, or leave the lock out.');
  if (name === 'AccessDenied')
    return lockRefused(
      ours,
      where,
      `${rights} With a lock also s3:PutObjectRetention, for so many days (s3:object-lock-remaining-retention-days).`,
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
