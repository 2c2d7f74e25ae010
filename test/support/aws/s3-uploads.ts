import { randomUUID } from 'node:crypto';
import { receiveBody } from './s3-body.ts';
import { bucketOf, type S3Call } from './s3-call.ts';
import { checkDigest } from './s3-locks.ts';
import { attributesOf, checkIfNoneMatch, newEtag } from './s3-objects.ts';
import type { PartRecord, Upload } from './s3-storage.ts';
import { element, readText, sendXml, texts, WireError } from './wire.ts';

const mebibyte = 1024 * 1024;

export function createUpload(call: S3Call): void {
  bucketOf(call);
  const upload: Upload = {
    id: randomUUID(),
    bucket: call.bucketName,
    key: call.key,
    initiatedAt: call.now(),
    attributes: attributesOf(call),
    parts: new Map(),
  };
  call.storage.uploads.set(upload.id, upload);
  sendXml(
    call.response,
    200,
    `<InitiateMultipartUploadResult>${element('Bucket', call.bucketName)}${element('Key', call.key)}` +
      `${element('UploadId', upload.id)}</InitiateMultipartUploadResult>`,
  );
}

export function uploadOf(call: S3Call): Upload {
  bucketOf(call);
  const upload = call.storage.uploads.get(call.query.get('uploadId') ?? '');
  if (upload === undefined || upload.key !== call.key || upload.bucket !== call.bucketName)
    throw new WireError(404, 'NoSuchUpload', 'The specified multipart upload does not exist.');
  return upload;
}

/** @throws WireError InvalidArgument */
export function partNumberOf(call: S3Call): number {
  const number = Number(call.query.get('partNumber'));
  const most = call.options.maxParts ?? 10_000;
  if (!Number.isInteger(number) || number < 1 || number > most)
    throw new WireError(
      400,
      'InvalidArgument',
      `Part number must be an integer between 1 and ${most}, inclusive`,
    );
  return number;
}

export async function uploadPart(call: S3Call): Promise<void> {
  const upload = uploadOf(call);
  const number = partNumberOf(call);
  if (
    upload.attributes.checksumAlgorithm === undefined &&
    call.request.headers['x-amz-checksum-crc32'] !== undefined
  )
    // What S3 says where the upload was created without an algorithm and a part comes with one.
    throw new WireError(
      400,
      'InvalidRequest',
      'Checksum Type mismatch occurred, expected checksum Type: null',
    );
  if (upload.attributes.lock !== undefined) checkDigest(call.request);
  const { segment, checksum } = await receiveBody(call.request, call.storage, call.fault);
  const part: PartRecord = { segment, etag: newEtag(), checksum, receivedAt: call.now() };
  await keepPart(call, upload, number, part);
  call.response
    .writeHead(200, {
      etag: part.etag,
      ...(checksum === undefined ? {} : { 'x-amz-checksum-crc32': checksum }),
    })
    .end();
}

/** @throws WireError NoSuchUpload, where it was aborted meanwhile */
export async function keepPart(
  call: S3Call,
  upload: Upload,
  number: number,
  part: PartRecord,
): Promise<void> {
  if (!call.storage.uploads.has(upload.id)) {
    await call.storage.remove([part.segment]);
    throw new WireError(404, 'NoSuchUpload', 'The specified multipart upload does not exist.');
  }
  const replaced = upload.parts.get(number);
  upload.parts.set(number, part);
  if (replaced !== undefined) await call.storage.remove([replaced.segment]);
}

/** The parts that the client names, in its order. @throws WireError InvalidPart, InvalidPartOrder, EntityTooSmall */
function namedParts(upload: Upload, xml: string, minPartBytes: number): PartRecord[] {
  const named = texts(
    xml.replace(/<Part>([\s\S]*?)<\/Part>/g, (_, inner: string) => inner),
    'PartNumber',
  ).map(Number);
  const etags = texts(xml, 'ETag');
  const checksums = texts(xml, 'ChecksumCRC32');
  if (named.length === 0 || named.length !== etags.length)
    throw new WireError(400, 'MalformedXML', 'The XML you provided was not well-formed');
  return named.map((number, index) => {
    if (index > 0 && number <= (named[index - 1] ?? 0))
      throw new WireError(400, 'InvalidPartOrder', 'The list of parts was not in ascending order');
    const part = upload.parts.get(number);
    if (part === undefined || part.etag !== etags[index])
      throw new WireError(400, 'InvalidPart', `Part ${number} could not be found or its ETag does not match`);
    if (upload.attributes.checksumAlgorithm === 'CRC32' && checksums[index] !== part.checksum)
      throw new WireError(400, 'InvalidPart', `The checksum of part ${number} does not match`);
    if (index < named.length - 1 && part.segment.bytes < minPartBytes)
      throw new WireError(
        400,
        'EntityTooSmall',
        'Your proposed upload is smaller than the minimum allowed size',
      );
    return part;
  });
}

export async function completeUpload(call: S3Call): Promise<void> {
  const upload = uploadOf(call);
  const xml = await readText(call.request);
  const parts = namedParts(upload, xml, call.options.minPartBytes ?? 5 * mebibyte);
  checkIfNoneMatch(call);
  call.storage.uploads.delete(upload.id);
  const etag = `${newEtag().slice(0, -1)}-${parts.length}"`;
  const bucket = bucketOf(call);
  const { versionId, gone } = bucket.put(call.key, {
    segments: parts.map(({ segment }) => segment),
    bytes: parts.reduce((sum, { segment }) => sum + segment.bytes, 0),
    etag,
    // S3 says when it was begun.
    modifiedAt: upload.initiatedAt,
    ...upload.attributes,
  });
  await call.storage.remove(gone);
  if (bucket.versioning !== undefined) call.response.setHeader('x-amz-version-id', versionId);
  sendXml(
    call.response,
    200,
    `<CompleteMultipartUploadResult>${element('Bucket', call.bucketName)}${element('Key', call.key)}` +
      `${element('ETag', etag)}</CompleteMultipartUploadResult>`,
  );
}

export async function abortUpload(call: S3Call): Promise<void> {
  const upload = uploadOf(call);
  call.storage.uploads.delete(upload.id);
  await call.storage.remove([...upload.parts.values()].map(({ segment }) => segment));
  call.response.writeHead(204).end();
}
