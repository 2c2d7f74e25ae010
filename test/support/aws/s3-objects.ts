import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { withFault } from './faults.ts';
import { receiveBody } from './s3-body.ts';
import type { Bucket, ServedObject, Version } from './s3-bucket.ts';
import { bucketOf, type S3Call } from './s3-call.ts';
import { checkThawed, frozenHeaders } from './s3-frozen.ts';
import { checkDigest, lockAsked } from './s3-locks.ts';
import { byBytes, urlEncoded } from './s3-versions.ts';
import { element, header, sendXml, WireError } from './wire.ts';

/** What the headers of a PutObject or CreateMultipartUpload ask for. */
export function attributesOf(
  call: S3Call,
): Pick<
  ServedObject,
  'serverSideEncryption' | 'kmsKeyId' | 'storageClass' | 'tags' | 'checksumAlgorithm' | 'lock'
> {
  const { request } = call;
  return {
    lock: lockAsked(call),
    serverSideEncryption: header(request, 'x-amz-server-side-encryption'),
    kmsKeyId: header(request, 'x-amz-server-side-encryption-aws-kms-key-id'),
    storageClass: header(request, 'x-amz-storage-class') ?? 'STANDARD',
    tags: header(request, 'x-amz-tagging'),
    checksumAlgorithm:
      header(request, 'x-amz-checksum-algorithm') ?? header(request, 'x-amz-sdk-checksum-algorithm'),
  };
}

/** @throws WireError PreconditionFailed, where `If-None-Match: *` and the key is taken */
export function checkIfNoneMatch(call: S3Call): void {
  if (call.options.knowsIfNoneMatch === false && header(call.request, 'if-none-match') !== undefined)
    throw unknownHeader();
  if (header(call.request, 'if-none-match') === '*' && bucketOf(call).objects.has(call.key))
    throw new WireError(
      412,
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
      {
        details: { Condition: 'If-None-Match' },
      },
    );
}

/**
 * The condition of a PutObject, as S3 checks it: 404 where If-Match finds nothing, 412 where it finds another object;
 * 409 where that one was written while this request was under way.
 * @param before the entity tag of what lay there when the request came
 */
function checkCondition(call: S3Call, before: string | undefined): void {
  const ifMatch = header(call.request, 'if-match');
  const isConditional = ifMatch !== undefined || header(call.request, 'if-none-match') !== undefined;
  const now = bucketOf(call).objects.get(call.key)?.etag;
  if (isConditional && now !== before)
    throw new WireError(
      409,
      'ConditionalRequestConflict',
      'The conditional request cannot succeed due to a conflicting operation against this resource.',
    );
  checkIfNoneMatch(call);
  if (ifMatch !== undefined) objectOf(call);
}

function unknownHeader(): WireError {
  const message = 'A header you provided implies functionality that is not implemented';
  return new WireError(501, 'NotImplemented', message);
}

/** An entity tag is opaque: S3's own is no MD5 for encrypted or multipart objects. */
export function newEtag(): string {
  return `"${createHash('md5').update(randomUUID()).digest('hex')}"`;
}

export async function putObject(call: S3Call): Promise<void> {
  const bucket = bucketOf(call);
  if (call.options.knowsIfMatch === false && header(call.request, 'if-match') !== undefined)
    throw unknownHeader();
  const attributes = attributesOf(call);
  if (attributes.lock !== undefined) checkDigest(call.request);
  const before = bucket.objects.get(call.key)?.etag;
  const { segment } = await receiveBody(call.request, call.storage, call.fault);
  checkCondition(call, before);
  const object: ServedObject = {
    segments: [segment],
    bytes: segment.bytes,
    etag: newEtag(),
    modifiedAt: call.now(),
    ...attributes,
  };
  const { versionId, gone } = bucket.put(call.key, object);
  await call.storage.remove(gone);
  const version = bucket.versioning === undefined ? {} : { 'x-amz-version-id': versionId };
  call.response.writeHead(200, { etag: object.etag, ...version }).end();
}

/** The version that is asked for, or the newest. @throws WireError NoSuchKey, NoSuchVersion, MethodNotAllowed of a marker */
function versionOf(call: S3Call): Version | undefined {
  const { versions } = bucketOf(call);
  const id = call.query.get('versionId');
  if (id === null) return versions.get(call.key)?.[0];
  const version = bucketOf(call).version(call.key, id);
  if (version === undefined)
    throw new WireError(404, 'NoSuchVersion', 'The specified version does not exist.');
  if (version.object === undefined)
    throw new WireError(
      405,
      'MethodNotAllowed',
      'The specified method is not allowed against this resource.',
    );
  return version;
}

export function objectOf(call: S3Call): ServedObject {
  const object = versionOf(call)?.object;
  if (object === undefined)
    throw new WireError(404, 'NoSuchKey', 'The specified key does not exist.', {
      details: { Key: call.key },
    });
  const ifMatch = header(call.request, 'if-match');
  if (ifMatch !== undefined && ifMatch !== object.etag)
    throw new WireError(
      412,
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
    );
  return object;
}

export function headObject(call: S3Call): void {
  const object = objectOf(call);
  call.response
    .writeHead(200, { ...objectHeaders(object, object.bytes), ...frozenHeaders(call, object) })
    .end();
}

function objectHeaders(object: ServedObject, bytes: number): Record<string, string | number> {
  return {
    'content-length': bytes,
    'content-type': 'application/octet-stream',
    etag: object.etag,
    'last-modified': object.modifiedAt.toUTCString(),
    'accept-ranges': 'bytes',
    ...(object.storageClass === 'STANDARD' ? {} : { 'x-amz-storage-class': object.storageClass }),
  };
}

export async function getObject(call: S3Call): Promise<void> {
  const object = objectOf(call);
  checkThawed(call, object);
  const range = /^bytes=(\d+)-(\d*)$/.exec(header(call.request, 'range') ?? '');
  const start = range === null ? 0 : Number(range[1]);
  const end = Math.min(range?.[2] ? Number(range[2]) : object.bytes - 1, object.bytes - 1);
  if (range !== null && start >= object.bytes)
    throw new WireError(416, 'InvalidRange', 'The requested range is not satisfiable');
  call.response.writeHead(range === null ? 200 : 206, {
    ...objectHeaders(object, Math.max(end - start + 1, 0)),
    ...(range === null ? {} : { 'content-range': `bytes ${start}-${end}/${object.bytes}` }),
  });
  call.response.flushHeaders();
  const body = withFault(call.storage.read(object, start, end), call.fault, call.request);
  await pipeline(Readable.from(body, { objectMode: false }), call.response);
}

function sortedObjects(bucket: Bucket): [string, ServedObject][] {
  return [...bucket.objects]
    .map(([key, object]) => ({ bytes: Buffer.from(key), key, object }))
    .sort((one, other) => Buffer.compare(one.bytes, other.bytes))
    .map(({ key, object }) => [key, object]);
}

/** The part of a key up to the first delimiter behind the prefix, with it; the key where there is none. */
function rolledUp(key: string, prefix: string, delimiter: string): string {
  const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return at === -1 ? key : key.slice(0, at + delimiter.length);
}

function isAfter(name: string, after: string): boolean {
  return byBytes(name, after) > 0;
}

export function listObjects(call: S3Call): void {
  const { query } = call;
  const prefix = query.get('prefix') ?? '';
  const startAfter = call.options.knowsStartAfter === false ? undefined : query.get('start-after');
  const after = query.get('continuation-token') ?? startAfter ?? '';
  const size = Math.min(Number(query.get('max-keys') ?? 1000), call.options.pageSize ?? 1000);
  const encode = (key: string): string => (query.get('encoding-type') === 'url' ? urlEncoded(key) : key);
  const delimiter = query.get('delimiter') ?? '';
  const matching = sortedObjects(bucketOf(call))
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, object]) => ({ name: rolledUp(key, prefix, delimiter), object }))
    // Of the objects that are rolled up into one prefix the first stands for all.
    .filter(({ name }, index, all) => name !== all[index - 1]?.name && isAfter(name, after));
  const page = matching.slice(0, size);
  const last = page.at(-1)?.name;
  const truncated = matching.length > page.length;
  const isPrefix = (name: string): boolean => delimiter !== '' && name.endsWith(delimiter);
  const contents = page.map(({ name, object }) =>
    isPrefix(name)
      ? `<CommonPrefixes>${element('Prefix', encode(name))}</CommonPrefixes>`
      : `<Contents>${element('Key', encode(name))}${element('LastModified', object.modifiedAt.toISOString())}` +
        `${element('ETag', object.etag)}${element('Size', object.bytes)}` +
        `${element('StorageClass', object.storageClass)}</Contents>`,
  );
  sendXml(
    call.response,
    200,
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${element('Name', call.bucketName)}` +
      `${element('Prefix', encode(prefix))}${element('KeyCount', page.length)}${element('MaxKeys', size)}` +
      `${query.has('encoding-type') ? element('EncodingType', 'url') : ''}` +
      `${element('IsTruncated', String(truncated))}` +
      `${truncated && last !== undefined ? element('NextContinuationToken', last) : ''}` +
      `${contents.join('')}</ListBucketResult>`,
  );
}
