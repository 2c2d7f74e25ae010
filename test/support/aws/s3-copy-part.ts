import { crc32 } from 'node:zlib';
import type { ServedObject } from './s3-bucket.ts';
import type { S3Call } from './s3-call.ts';
import { checkThawed } from './s3-frozen.ts';
import { newEtag } from './s3-objects.ts';
import { keepPart, partNumberOf, uploadOf } from './s3-uploads.ts';
import { element, header, sendXml, WireError } from './wire.ts';

const mebibyte = 1024 * 1024;
const smallestRangedBytes = 5 * mebibyte;
const largestPartBytes = 5 * 1024 * mebibyte;

/** @throws WireError NoSuchBucket, AccessDenied, NoSuchKey, PreconditionFailed */
async function sourceOf(call: S3Call): Promise<ServedObject> {
  const path = decodeURIComponent(header(call.request, 'x-amz-copy-source') ?? '').replace(/^\//, '');
  const [bucketName = '', ...rest] = path.split('/');
  const key = rest.join('/');
  const bucket = call.storage.buckets.get(bucketName);
  if (bucket === undefined) throw new WireError(404, 'NoSuchBucket', 'The specified bucket does not exist');
  if (!(await call.mayRead(bucketName, key)))
    throw new WireError(403, 'AccessDenied', 'User is not authorized to perform this action');
  const object = bucket.objects.get(key);
  if (object === undefined) throw new WireError(404, 'NoSuchKey', 'The specified key does not exist.');
  const ifMatch = header(call.request, 'x-amz-copy-source-if-match');
  if (ifMatch !== undefined && ifMatch !== object.etag)
    throw new WireError(412, 'PreconditionFailed', 'At least one of the pre-conditions did not hold');
  checkThawed(call, object);
  return object;
}

/** The first and the last byte. @throws WireError InvalidRequest, InvalidArgument */
function rangeOf(call: S3Call, object: ServedObject): readonly [number, number] {
  const range = header(call.request, 'x-amz-copy-source-range');
  if (range === undefined && object.bytes > largestPartBytes)
    throw new WireError(400, 'InvalidRequest', 'The specified copy source is larger than the maximum');
  if (range === undefined) return [0, object.bytes - 1];
  const [, first = Number.NaN, last = Number.NaN] = (/^bytes=(\d+)-(\d+)$/.exec(range) ?? []).map(Number);
  if (object.bytes <= smallestRangedBytes)
    throw new WireError(
      400,
      'InvalidRequest',
      'The specified copy source is not supported as a byte-range copy source',
    );
  if (!(first <= last) || last >= object.bytes || last - first >= largestPartBytes)
    throw new WireError(
      400,
      'InvalidArgument',
      `Range specified is not valid for a source of ${object.bytes}`,
    );
  return [first, last];
}

/** A part whose bytes are those of another object, which the same caller must be allowed to read. */
export async function uploadPartCopy(call: S3Call): Promise<void> {
  const upload = uploadOf(call);
  const number = partNumberOf(call);
  if (call.options.knowsUploadPartCopy === false)
    throw new WireError(501, 'NotImplemented', 'A header you provided implies functionality not implemented');
  const object = await sourceOf(call);
  const [first, last] = rangeOf(call, object);
  let crc = 0;
  async function* bytes(): AsyncGenerator<Buffer> {
    for await (const chunk of call.storage.read(object, first, last)) {
      crc = crc32(chunk, crc);
      yield chunk;
    }
  }
  const segment = await call.storage.write(bytes());
  const digest = Buffer.alloc(4);
  digest.writeUInt32BE(crc >>> 0);
  const checksum = upload.attributes.checksumAlgorithm === 'CRC32' ? digest.toString('base64') : undefined;
  const part = { segment, etag: newEtag(), checksum, receivedAt: call.now() };
  await keepPart(call, upload, number, part);
  sendXml(
    call.response,
    200,
    `<CopyPartResult>${element('LastModified', part.receivedAt.toISOString())}${element('ETag', part.etag)}` +
      `${checksum === undefined ? '' : element('ChecksumCRC32', checksum)}</CopyPartResult>`,
  );
}
