import { breakOff } from './faults.ts';
import { receiveBody } from './s3-body.ts';
import type { Bucket } from './s3-bucket.ts';
import { bucketOf, type S3Call } from './s3-call.ts';
import { checkDeletable, checkDigest } from './s3-locks.ts';
import { element, header, sendXml, texts, WireError } from './wire.ts';

/** S3's limit of one DeleteObjects. */
const mostKeys = 1000;

type Wanted = { readonly key: string; readonly versionId: string | undefined };
type Deleted = { readonly isMarker: boolean; readonly versionId: string | undefined };

async function deleteOne(call: S3Call, bucket: Bucket, { key, versionId }: Wanted): Promise<Deleted> {
  if (versionId === undefined) {
    const { versionId: marker, gone } = bucket.delete(key, call.now());
    await call.storage.remove(gone);
    return { isMarker: marker !== undefined, versionId: marker };
  }
  const version = bucket.version(key, versionId);
  if (version === undefined) return { isMarker: false, versionId };
  const bypass = header(call.request, 'x-amz-bypass-governance-retention') === 'true';
  checkDeletable(version, call.now(), bypass);
  await call.storage.remove(bucket.deleteVersion(key, version));
  return { isMarker: version.object === undefined, versionId };
}

export async function deleteObject(call: S3Call): Promise<void> {
  const refusal = call.refuses(call.key);
  if (refusal !== undefined) throw new WireError(403, refusal, 'refused on purpose');
  const versionId = call.query.get('versionId') ?? undefined;
  const deleted = await deleteOne(call, bucketOf(call), { key: call.key, versionId });
  call.response
    .writeHead(204, {
      ...(deleted.isMarker ? { 'x-amz-delete-marker': 'true' } : {}),
      ...(deleted.versionId === undefined ? {} : { 'x-amz-version-id': deleted.versionId }),
    })
    .end();
}

/** The objects of a `<Delete>`. Characters that the SDK writes as numbers are decoded too. */
function wantedIn(xml: string): Wanted[] {
  const objects = [...xml.matchAll(/<Object>([\s\S]*?)<\/Object>/g)].map(([, inner = '']) => inner);
  if (objects.length === 0 || objects.length > mostKeys)
    throw new WireError(400, 'MalformedXML', 'The XML you provided was not well-formed');
  return objects.map((inner) => {
    const [key = ''] = texts(inner, 'Key');
    const [versionId] = texts(inner, 'VersionId');
    return { key, versionId };
  });
}

export async function deleteObjects(call: S3Call): Promise<void> {
  const bucket = bucketOf(call);
  if (call.options.knowsDeleteObjects === false)
    // As Google answers it.
    throw new WireError(
      400,
      'NotImplemented',
      'A header or query you provided requested a function that is not implemented.',
    );
  checkDigest(call.request);
  const { segment } = await receiveBody(call.request, call.storage, call.fault);
  const body = await call.storage.readSegments([segment]);
  await call.storage.remove([segment]);
  const xml = body.toString('utf8');
  const wanted = wantedIn(xml);
  const isQuiet = texts(xml, 'Quiet')[0] === 'true';
  const entries: string[] = [];
  for (const [index, { key, versionId }] of wanted.entries()) {
    if (call.fault?.action === 'halfway' && index >= wanted.length / 2)
      await breakOff(call.fault, call.request);
    if (call.options.hushes?.(key)) continue;
    const names = `${element('Key', key)}${versionId === undefined ? '' : element('VersionId', versionId)}`;
    try {
      const refusal = (await call.mayDelete(key)) ? call.refuses(key) : 'AccessDenied';
      if (refusal !== undefined) throw new WireError(403, refusal, 'Access Denied');
      const { isMarker, versionId: made } = await deleteOne(call, bucket, { key, versionId });
      const marker = isMarker
        ? `${element('DeleteMarker', 'true')}${element('DeleteMarkerVersionId', made ?? '')}`
        : '';
      if (!isQuiet) entries.push(`<Deleted>${names}${marker}</Deleted>`);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      entries.push(
        `<Error>${names}${element('Code', error.code)}${element('Message', error.message)}</Error>`,
      );
    }
  }
  sendXml(
    call.response,
    200,
    `<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${entries.join('')}</DeleteResult>`,
  );
}
