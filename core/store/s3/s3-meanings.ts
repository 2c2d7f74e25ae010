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
  readonly isDenied?: true;
};

/** The store cannot be used as it is. */
export function unusable(what: string, fix: string, retried: S3Meaning['retried'] = 'never'): S3Meaning {
  return { kind: 'unusable', retried, what, fix };
}

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
const kmsGone =
  'What is encrypted with it nobody can read any more, unless the key is brought back: another backup, or a copy elsewhere, has to do. Name another key for what is written.';
const kmsDisabled =
  'Enable it (aws kms enable-key --key-id KEY, or the KMS console): nothing is lost, and all can be read again. Or name another key for what is written.';
const kmsPending =
  'If it is pending deletion, cancel that before its day comes (aws kms cancel-key-deletion --key-id KEY, then aws kms enable-key): after it nobody can read what is encrypted with it. If it is disabled, enable it.';

/** Any other error of KMS. */
export const kmsTrouble = unusable('The KMS key cannot be used', kms);

/** Which right lacks depends on what was done: see deniedMeaning. */
const denied: S3Meaning = {
  ...unusable('Access to the bucket is denied', 'Look at the policies of this role and of the bucket.'),
  isDenied: true,
};
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
  AccessDenied: denied,
  Forbidden: denied,
  'http:403': denied,
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
  InvalidObjectState: unusable(
    'An object is archived, and has to be thawed before it can be read',
    'Thaw it: add --thaw to pgproof verify or restore, or ask in the S3 console ("Initiate restore").',
  ),
  GlacierExpeditedRetrievalNotAvailable: unusable(
    'S3 thaws nothing at once at the moment',
    'Ask again later, or take --thaw standard.',
    'sdk',
  ),
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
    'Try AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_REQUIRED. Multipart uploads are indispensable.',
  ),
  'KMS.NotFoundException': unusable('The KMS key does not exist', kmsGone),
  'KMS.DisabledException': unusable('The KMS key is disabled', kmsDisabled),
  'KMS.KMSInvalidStateException': unusable(
    'The KMS key cannot be used in the state that it is in',
    kmsPending,
  ),
  KMSInvalidStateException: unusable('The KMS key cannot be used in the state that it is in', kmsPending),

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
