import type { Version } from './s3-bucket.ts';
import { bucketOf, type S3Call } from './s3-call.ts';
import { element, sendXml } from './wire.ts';

/** S3's own listing encodes so: slashes stay, a space is a plus. */
export function urlEncoded(key: string): string {
  return encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+');
}

export function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** S3 knows when an object was written to the second. */
function toTheSecond(date: Date): string {
  return new Date(Math.floor(date.getTime() / 1000) * 1000).toISOString();
}

export function bucketVersioning(call: S3Call): void {
  const { versioning } = bucketOf(call);
  const status = versioning === undefined ? '' : element('Status', versioning);
  sendXml(
    call.response,
    200,
    `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${status}</VersioningConfiguration>`,
  );
}

/** Keys in order, of each the newest version first. */
function* versionsFrom(
  call: S3Call,
): Generator<{ readonly key: string; readonly version: Version; readonly isLatest: boolean }> {
  const { query } = call;
  const prefix = query.get('prefix') ?? '';
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('version-id-marker') ?? '';
  const { versions } = bucketOf(call);
  for (const key of [...versions.keys()].filter((one) => one.startsWith(prefix)).sort(byBytes)) {
    const order = byBytes(key, keyMarker);
    if (order < 0 || (order === 0 && idMarker === '')) continue;
    const all = versions.get(key) ?? [];
    const skipped = order === 0 ? all.findIndex(({ versionId }) => versionId === idMarker) + 1 : 0;
    for (const [index, version] of all.entries())
      if (index >= skipped) yield { key, version, isLatest: index === 0 };
  }
}

export function listVersions(call: S3Call): void {
  const { query } = call;
  const encode = query.get('encoding-type') === 'url' ? urlEncoded : (key: string): string => key;
  const size = Math.min(Number(query.get('max-keys') ?? 1000), call.options.pageSize ?? 1000);
  const delimiter = query.get('delimiter') ?? '';
  const prefix = query.get('prefix') ?? '';
  const entries: string[] = [];
  let last: { key: string; versionId: string } | undefined;
  let isTruncated = false;
  for (const { key, version, isLatest } of versionsFrom(call)) {
    const { versionId, modifiedAt, object } = version;
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (end !== -1) {
      const folder = key.slice(0, end + delimiter.length);
      if (folder === last?.key || query.get('key-marker') === folder) continue;
      if (entries.length === size) {
        isTruncated = true;
        break;
      }
      last = { key: folder, versionId: '' };
      entries.push(`<CommonPrefixes>${element('Prefix', encode(folder))}</CommonPrefixes>`);
      continue;
    }
    if (entries.length === size) {
      isTruncated = true;
      break;
    }
    last = { key, versionId };
    const names =
      `${element('Key', encode(key))}${element('VersionId', versionId)}${element('IsLatest', String(isLatest))}` +
      `${element('LastModified', toTheSecond(modifiedAt))}`;
    entries.push(
      object === undefined
        ? `<DeleteMarker>${names}</DeleteMarker>`
        : `<Version>${names}${element('ETag', object.etag)}${element('Size', object.bytes)}` +
            `${element('StorageClass', object.storageClass)}</Version>`,
    );
  }
  const next =
    isTruncated && last !== undefined
      ? `${element('NextKeyMarker', encode(last.key))}${element('NextVersionIdMarker', last.versionId)}`
      : '';
  sendXml(
    call.response,
    200,
    `<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${element('Name', call.bucketName)}` +
      `${element('Prefix', encode(query.get('prefix') ?? ''))}${element('KeyMarker', encode(query.get('key-marker') ?? ''))}` +
      `${element('VersionIdMarker', query.get('version-id-marker') ?? '')}${next}${element('MaxKeys', size)}` +
      `${query.has('encoding-type') ? element('EncodingType', 'url') : ''}` +
      `${element('IsTruncated', String(isTruncated))}${entries.join('')}</ListVersionsResult>`,
  );
}
