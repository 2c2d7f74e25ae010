import type { ServedObject } from './s3-bucket.ts';
import type { S3Call } from './s3-call.ts';
import { objectOf } from './s3-objects.ts';
import { readText, texts, WireError } from './wire.ts';

const day = 86_400_000;
const defaultThawMs = 3 * 60 * 60 * 1000;

function placeOf({ storageClass, archiveStatus }: ServedObject): string | undefined {
  return archiveStatus ?? (['GLACIER', 'DEEP_ARCHIVE'].includes(storageClass) ? storageClass : undefined);
}

/** Whether it was thawed, and the copy is still there. */
function isThawed({ thaw }: ServedObject, now: Date): boolean {
  return thaw !== undefined && thaw.readyAt <= now && (thaw.until === undefined || thaw.until > now);
}

/** @throws WireError InvalidObjectState */
export function checkThawed(call: S3Call, object: ServedObject): void {
  if (placeOf(object) === undefined || isThawed(object, call.now())) return;
  throw new WireError(
    403,
    'InvalidObjectState',
    "The operation is not valid for the object's storage class",
    {
      details: {
        StorageClass: object.storageClass,
        ...(object.archiveStatus === undefined ? {} : { AccessTier: object.archiveStatus }),
      },
    },
  );
}

/** What a HeadObject says of it. */
export function frozenHeaders(call: S3Call, object: ServedObject): Record<string, string> {
  const { thaw, archiveStatus } = object;
  const now = call.now();
  // The tiers of INTELLIGENT_TIERING give an object back for good.
  if (archiveStatus !== undefined && isThawed(object, now)) return {};
  const isOver = thaw?.until !== undefined && thaw.until <= now;
  const isReady = thaw !== undefined && thaw.readyAt <= now;
  const restore = !isReady
    ? 'ongoing-request="true"'
    : `ongoing-request="false", expiry-date="${thaw.until?.toUTCString()}"`;
  return {
    ...(archiveStatus === undefined ? {} : { 'x-amz-archive-status': archiveStatus }),
    ...(thaw === undefined || isOver ? {} : { 'x-amz-restore': restore }),
  };
}

export async function restoreObject(call: S3Call): Promise<void> {
  const xml = await readText(call.request);
  const object = objectOf(call);
  const place = placeOf(object);
  const [tier = 'Standard'] = texts(xml, 'Tier');
  const [days] = texts(xml, 'Days').map(Number);
  const now = call.now();
  if (place === undefined)
    throw new WireError(
      403,
      'InvalidObjectState',
      "Restore is not allowed for the object's current storage class",
    );
  if (tier === 'Expedited' && place.startsWith('DEEP_ARCHIVE'))
    throw new WireError(400, 'InvalidArgument', 'Retrieval option is not supported by this storage class');
  // A tier takes no days, a class needs them.
  if ((days === undefined) === (object.archiveStatus === undefined))
    throw new WireError(400, 'MalformedXML', 'The XML you provided was not well-formed');
  const isThere = isThawed(object, now);
  if (object.thaw !== undefined && object.thaw.readyAt > now)
    throw new WireError(409, 'RestoreAlreadyInProgress', 'Object restore is already in progress');
  const readyAt = isThere ? now : new Date(now.getTime() + (call.options.thawMs ?? defaultThawMs));
  const until = days === undefined ? undefined : new Date(readyAt.getTime() + days * day);
  object.thaw = { readyAt, until };
  call.response.writeHead(isThere ? 200 : 202).end();
}
