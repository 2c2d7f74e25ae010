import { bucketOf, type S3Call } from './s3-call.ts';
import { uploadOf } from './s3-uploads.ts';
import { byBytes, urlEncoded } from './s3-versions.ts';
import { element, sendXml, WireError } from './wire.ts';

export function listParts(call: S3Call): void {
  const { query } = call;
  const after = Number(query.get('part-number-marker') ?? 0);
  const size = Math.min(Number(query.get('max-parts') ?? 1000), call.options.pageSize ?? 1000);
  const rest = [...uploadOf(call).parts]
    .filter(([number]) => number > after)
    .sort(([one], [other]) => one - other);
  const page = rest.slice(0, size);
  const isTruncated = rest.length > page.length;
  const parts = page.map(
    ([number, { etag, segment, receivedAt }]) =>
      `<Part>${element('PartNumber', number)}${element('LastModified', receivedAt.toISOString())}` +
      `${element('ETag', etag)}${element('Size', segment.bytes)}</Part>`,
  );
  sendXml(
    call.response,
    200,
    `<ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${element('Bucket', call.bucketName)}` +
      `${element('Key', call.key)}${element('UploadId', query.get('uploadId') ?? '')}` +
      `${element('PartNumberMarker', after)}${element('NextPartNumberMarker', page.at(-1)?.[0] ?? 0)}` +
      `${element('MaxParts', size)}${element('IsTruncated', String(isTruncated))}${parts.join('')}</ListPartsResult>`,
  );
}

/** By key, then by the time at which they were begun. */
export function listUploads(call: S3Call): void {
  bucketOf(call);
  const { query } = call;
  if (call.options.knowsUploadLists === false)
    throw new WireError(
      501,
      'NotImplemented',
      'A header you provided implies functionality that is not implemented',
    );
  const prefix = query.get('prefix') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('upload-id-marker') ?? '';
  const size = Math.min(Number(query.get('max-uploads') ?? 1000), call.options.pageSize ?? 1000);
  const encode = query.get('encoding-type') === 'url' ? urlEncoded : (key: string): string => key;
  const all = [...call.storage.uploads.values()]
    .filter(({ bucket, key }) => bucket === call.bucketName && key.startsWith(prefix))
    .sort(
      (one, other) => byBytes(one.key, other.key) || one.initiatedAt.getTime() - other.initiatedAt.getTime(),
    );
  const marked = all.findIndex(({ key, id }) => key === keyMarker && id === idMarker);
  const rest = marked >= 0 ? all.slice(marked + 1) : all.filter(({ key }) => byBytes(key, keyMarker) > 0);
  const page = rest.slice(0, size);
  const last = page.at(-1);
  const isTruncated = rest.length > page.length;
  const uploads = page.map(
    ({ id, key, initiatedAt }) =>
      `<Upload>${element('Key', encode(key))}${element('UploadId', id)}` +
      `${element('Initiated', initiatedAt.toISOString())}</Upload>`,
  );
  sendXml(
    call.response,
    200,
    `<ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
      `${element('Bucket', call.bucketName)}${element('KeyMarker', encode(keyMarker))}` +
      `${element('UploadIdMarker', idMarker)}` +
      `${isTruncated && last ? `${element('NextKeyMarker', encode(last.key))}${element('NextUploadIdMarker', last.id)}` : ''}` +
      `${element('MaxUploads', size)}${query.has('encoding-type') ? element('EncodingType', 'url') : ''}` +
      `${element('IsTruncated', String(isTruncated))}${uploads.join('')}</ListMultipartUploadsResult>`,
  );
}
