import type { DeleteObjectsCommand, S3Client } from '@aws-sdk/client-s3';
import { md5Of } from './lock-input.ts';

type Request = { readonly headers: Record<string, string>; readonly body?: unknown };

/**
 * Calls that S3 wants a digest with (several deletions at once, a lock) bring a CRC32 by the SDK's wish, also where it is
 * told to leave checksums out wherever it may. Services for which one says that know Content-MD5 alone.
 */
export async function withMd5<T extends { readonly middlewareStack: unknown }>(
  client: S3Client,
  command: T,
): Promise<T> {
  if ((await client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED') return command;
  // The stack is the same for all commands; their types differ in what they take and give.
  const stack = command.middlewareStack as DeleteObjectsCommand['middlewareStack'];
  stack.add(
    (next) => (args) => {
      const { request } = args as { readonly request: Request };
      for (const name of Object.keys(request.headers))
        if (/^x-amz-(checksum-|sdk-checksum-algorithm)/i.test(name)) delete request.headers[name];
      if (typeof request.body === 'string' || request.body instanceof Uint8Array)
        request.headers['content-md5'] = md5Of(request.body);
      return next(args);
    },
    // After the SDK's own, which adds the checksum.
    { step: 'build', priority: 'low', name: 'pgproofContentMd5' },
  );
  return command;
}
