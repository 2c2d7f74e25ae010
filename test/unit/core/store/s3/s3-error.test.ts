import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../../core/errors.ts';
import { fromS3, s3ErrorName } from '../../../../../core/store/s3/s3-error.ts';
import { s3Meanings } from '../../../../../core/store/s3/s3-meanings.ts';
import { ObjectExists, ObjectMissing, StoreUnusable } from '../../../../../core/store/store.ts';
import type { StoreWork } from '../../../../../core/store/work.ts';

const where = 's3://backups/p';
const classes = { unusable: StoreUnusable, exists: ObjectExists, missing: ObjectMissing };

function sdkError(name: string, message: string, rest: object = {}): Error {
  return Object.assign(new Error(message), { name, ...rest });
}

describe('the table of S3 errors', () => {
  it.each(Object.entries(s3Meanings))('%s has a class, a sentence and a fix', (name, meaning) => {
    const status = /^http:(\d+)$/.exec(name)?.[1];
    const error =
      status === undefined
        ? sdkError(name, 'said by S3')
        : sdkError('UnknownError', 'x', { $metadata: { httpStatusCode: Number(status) } });
    const ours = fromS3(error, where, 'read');
    expect(ours).toBeInstanceOf(classes[meaning.kind]);
    expect(ours.message).toContain(
      `${meaning.what} (${meaning.kind === 'unusable' ? 'reading ' : ''}${where})`,
    );
    expect(ours.message).toMatch(/[.]$/);
    expect(ours.message).not.toContain('..');
    expect(ours.cause).toBe(error);
  });

  it('says which errors are tried again, and by whom', () => {
    const retried = Object.entries(s3Meanings).filter(([, meaning]) => meaning.retried !== 'never');
    const names = (by: string): string[] =>
      retried.flatMap(([name, meaning]) => (meaning.retried === by ? [name] : []));
    expect(names('here')).toEqual([
      'BadDigest',
      'XAmzContentSHA256Mismatch',
      'XAmzContentChecksumMismatch',
      'IncompleteBody',
    ]);
    expect(names('sdk')).toEqual(
      expect.arrayContaining(['SlowDown', 'InternalError', 'TimeoutError', 'ECONNRESET']),
    );
    expect(names('sdk')).not.toContain('AccessDenied');
  });

  it("prefers the network's code to the SDK's general name", () => {
    expect(s3ErrorName(sdkError('TimeoutError', 'connect', { code: 'ECONNREFUSED' }))).toBe('ECONNREFUSED');
    expect(s3ErrorName(sdkError('TimeoutError', 'idle'))).toBe('TimeoutError');
    expect(s3ErrorName(sdkError('toString', 'x'))).toBe('toString');
    expect(s3ErrorName('text')).toBe('Error');
  });

  it.each([
    [{ $response: { headers: { 'x-amz-bucket-region': 'eu-west-1' } } }, 'PermanentRedirect', 'x'],
    [{ Region: 'eu-west-1' }, 'AuthorizationHeaderMalformed', 'x'],
    [{}, 'AuthorizationHeaderMalformed', "the region 'us-east-1' is wrong; expecting 'eu-west-1'"],
  ])('names the right region', (rest, name, message) => {
    const ours = fromS3(sdkError(name, message, rest), where, 'read');
    expect(ours.message).toContain('Set AWS_REGION=eu-west-1');
  });

  it('keeps what is ours, and aborts, as they are', () => {
    const usage = new UsageError({ what: 'w', fix: 'f' });
    const abort = sdkError('AbortError', 'aborted');
    expect(fromS3(usage, where, 'read')).toBe(usage);
    expect(fromS3(abort, where, 'read')).toBe(abort);
  });

  it('tells what it does not know in the words of S3', () => {
    const ours = fromS3(sdkError('NewErrorOf2031', 'Something\nnew.'), where, 'list');
    expect(ours).toBeInstanceOf(StoreUnusable);
    expect(ours.message).toContain(
      'S3 refused a call (listing s3://backups/p): NewErrorOf2031, Something new. ',
    );
  });
});

describe('a right that lacks', () => {
  const deny = (work: StoreWork, said = 'Access Denied'): string =>
    fromS3(sdkError('AccessDenied', said), where, work).message;

  it.each([
    ['list', 'listing', 's3:ListBucket'],
    ['read', 'reading', 's3:GetObject on its objects; with a KMS key also kms:Decrypt'],
    [
      'write',
      'writing',
      's3:PutObject and s3:AbortMultipartUpload on its objects; with a KMS key also kms:GenerateDataKey',
    ],
    ['delete', 'deleting', 's3:DeleteObject'],
    ['versions', 'looking at the versions of', 's3:ListBucketVersions'],
    ['thaw', 'thawing', 's3:RestoreObject'],
    ['abort', 'aborting an upload to', 's3:AbortMultipartUpload'],
  ] as const)('is that of what was done: %s', (work, words, right) => {
    expect(deny(work)).toContain(`Access to the bucket is denied (${words} ${where})`);
    expect(deny(work)).toContain(`Allow ${right}`);
  });

  it('to read takes none to write, nor the other way round', () => {
    expect(deny('read')).not.toMatch(/Put|GenerateDataKey/);
    expect(deny('write')).not.toContain('GetObject');
    expect(deny('list')).not.toMatch(/Put|GetObject|kms/);
  });

  it('is the one that S3 names, and a denial that is explicit is told', () => {
    const user = 'User: arn:aws:iam::1:user/u is not authorized to perform:';
    expect(deny('read', `${user} s3:GetObjectVersion on resource: x`)).toContain('Allow s3:GetObjectVersion');
    const explicit = deny(
      'read',
      `${user} s3:GetObject on resource: x with an explicit deny in a resource-based policy`,
    );
    expect(explicit).toContain('Allow s3:GetObject on its objects');
    expect(explicit).toContain('denies it explicitly');
  });

  it('of the key depends on what was done too', () => {
    const said = 'The ciphertext refers to a customer master key that you may not use';
    expect(deny('read', said)).toMatch(
      /The KMS key may not be used \(reading .*Allow kms:Decrypt on the key/,
    );
    expect(deny('write', said)).toContain('Allow kms:GenerateDataKey and kms:Decrypt on the key');
    const told = 'not authorized to perform: kms:GenerateDataKey on resource: x';
    expect(deny('write', told)).toContain('Allow kms:GenerateDataKey on the key');
  });
});
