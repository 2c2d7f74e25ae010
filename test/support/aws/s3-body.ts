import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { crc32 } from 'node:zlib';
import { decodeAwsChunked } from './chunked.ts';
import { type Fault, withFault } from './faults.ts';
import type { S3Storage, Segment } from './s3-storage.ts';
import { header, WireError } from './wire.ts';

export type ReceivedBody = { readonly segment: Segment; readonly checksum: string | undefined };

/**
 * Streams a request's body to disk and refuses it where its length or any checksum that came with it (header or
 * trailer) is wrong, as S3 does.
 */
export async function receiveBody(
  request: IncomingMessage,
  storage: S3Storage,
  fault: Fault | undefined,
): Promise<ReceivedBody> {
  const claims = new Map<string, string>();
  for (const name of [
    'content-md5',
    'x-amz-checksum-crc32',
    'x-amz-checksum-sha256',
    'x-amz-content-sha256',
  ]) {
    const value = header(request, name);
    if (value !== undefined) claims.set(name, value);
  }
  const trailer = header(request, 'x-amz-trailer');
  const payloadHash = claims.get('x-amz-content-sha256');
  const wantsSha256 =
    claims.has('x-amz-checksum-sha256') ||
    trailer === 'x-amz-checksum-sha256' ||
    /^[0-9a-f]{64}$/.test(payloadHash ?? '');
  const sha256 = wantsSha256 ? createHash('sha256') : undefined;
  const md5 = claims.has('content-md5') ? createHash('md5') : undefined;
  let crc = 0;

  const raw = withFault(request, fault, request);
  const payload = header(request, 'content-encoding')?.includes('aws-chunked')
    ? decodeAwsChunked(raw, (trailers) => {
        for (const [name, value] of Object.entries(trailers)) claims.set(name, value);
        if (trailer !== undefined && trailers[trailer] === undefined)
          throw new WireError(400, 'MalformedTrailerError', `The trailer ${trailer} is missing`);
      })
    : raw;
  async function* measured(): AsyncGenerator<Buffer> {
    for await (const chunk of payload) {
      crc = crc32(chunk, crc);
      sha256?.update(chunk);
      md5?.update(chunk);
      yield chunk;
    }
  }

  const segment = await storage.write(measured());
  try {
    const length =
      header(request, 'x-amz-decoded-content-length') ?? header(request, 'content-length') ?? '0';
    if (Number(length) !== segment.bytes)
      throw new WireError(400, 'IncompleteBody', 'The request body is shorter than announced');
    const digest = sha256?.digest();
    const crcBytes = Buffer.alloc(4);
    crcBytes.writeUInt32BE(crc >>> 0);
    const actual: Record<string, string | undefined> = {
      'content-md5': md5?.digest('base64'),
      'x-amz-checksum-crc32': crcBytes.toString('base64'),
      'x-amz-checksum-sha256': digest?.toString('base64'),
    };
    for (const [name, value] of Object.entries(actual)) {
      if (claims.has(name) && claims.get(name) !== value)
        throw new WireError(400, 'BadDigest', `The ${name} you specified did not match what we received`);
    }
    if (/^[0-9a-f]{64}$/.test(payloadHash ?? '') && digest?.toString('hex') !== payloadHash)
      throw new WireError(
        400,
        'XAmzContentSHA256Mismatch',
        'The payload does not match x-amz-content-sha256',
      );
    return { segment, checksum: claims.get('x-amz-checksum-crc32') };
  } catch (error) {
    await storage.remove([segment]);
    throw error;
  }
}
