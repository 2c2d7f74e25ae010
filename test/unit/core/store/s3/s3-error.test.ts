import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../../core/errors.ts';
import { fromS3, s3ErrorName } from '../../../../../core/store/s3/s3-error.ts';
import { s3Meanings } from '../../../../../core/store/s3/s3-meanings.ts';
import { ObjectExists, ObjectMissing, StoreUnusable } from '../../../../../core/store/store.ts';

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
    const ours = fromS3(error, where);
    expect(ours).toBeInstanceOf(classes[meaning.kind]);
    expect(ours.message).toContain(`${meaning.what} (${where})`);
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
    const ours = fromS3(sdkError(name, message, rest), where);
    expect(ours.message).toContain('Set AWS_REGION=eu-west-1');
  });

  it('keeps what is ours, and aborts, as they are', () => {
    const usage = new UsageError({ what: 'w', fix: 'f' });
    const abort = sdkError('AbortError', 'aborted');
    expect(fromS3(usage, where)).toBe(usage);
    expect(fromS3(abort, where)).toBe(abort);
  });

  it('tells what it does not know in the words of S3', () => {
    const ours = fromS3(sdkError('NewErrorOf2031', 'Something\nnew.'), where);
    expect(ours).toBeInstanceOf(StoreUnusable);
    expect(ours.message).toContain('S3 refused a call (s3://backups/p): NewErrorOf2031, Something new. ');
  });
});
