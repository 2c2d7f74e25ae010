import type { IncomingMessage } from 'node:http';
import type { Bucket, Lock, Version } from './s3-bucket.ts';
import { bucketOf, type S3Call } from './s3-call.ts';
import { element, header, readText, sendXml, texts, WireError } from './wire.ts';

function modeOf(text: string | undefined): Lock['mode'] {
  if (text === 'GOVERNANCE' || text === 'COMPLIANCE') return text;
  throw new WireError(400, 'InvalidArgument', 'Unknown wormMode directive');
}

function untilOf(text: string | undefined, now: Date): Date {
  const until = new Date(text ?? '');
  if (Number.isNaN(until.getTime()))
    throw new WireError(400, 'InvalidArgument', 'The retain until date must be provided in ISO 8601 format');
  if (until <= now)
    throw new WireError(400, 'InvalidArgument', 'The retain until date must be in the future!');
  return until;
}

const digests = [
  'content-md5',
  'x-amz-checksum-crc32',
  'x-amz-checksum-sha256',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-checksum-algorithm',
];

/** @throws WireError where a request to which a lock belongs brings no digest of its bytes */
export function checkDigest(request: IncomingMessage): void {
  if (digests.some((name) => header(request, name) !== undefined)) return;
  throw new WireError(
    400,
    'InvalidRequest',
    'Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters',
  );
}

/** The lock that the headers of a PutObject or CreateMultipartUpload ask for. */
export function lockAsked(call: S3Call): Lock | undefined {
  const mode = header(call.request, 'x-amz-object-lock-mode');
  const until = header(call.request, 'x-amz-object-lock-retain-until-date');
  if (mode === undefined && until === undefined) return undefined;
  if (mode === undefined || until === undefined)
    throw new WireError(
      400,
      'InvalidArgument',
      'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
    );
  if (!bucketOf(call).objectLock)
    throw new WireError(400, 'InvalidRequest', 'Bucket is missing ObjectLockConfiguration');
  return { mode: modeOf(mode), until: untilOf(until, call.now()) };
}

/** @throws WireError AccessDenied where a lock or a hold keeps the version */
export function checkDeletable(version: Version, now: Date, bypass: boolean): void {
  const { lock, legalHold } = version;
  const isLocked = lock !== undefined && lock.until > now && !(bypass && lock.mode === 'GOVERNANCE');
  if (isLocked || legalHold)
    throw new WireError(403, 'AccessDenied', 'Access Denied because object protected by object lock.');
}

/** The version that a call about locks means. */
function lockableOf(call: S3Call): Version {
  const bucket: Bucket = bucketOf(call);
  if (!bucket.objectLock)
    throw new WireError(400, 'InvalidRequest', 'Bucket is missing Object Lock Configuration');
  const id = call.query.get('versionId');
  const newest = bucket.versions.get(call.key)?.[0];
  const version = id === null ? newest : bucket.version(call.key, id);
  if (version?.object === undefined)
    throw new WireError(404, 'NoSuchKey', 'The specified key does not exist.', {
      details: { Key: call.key },
    });
  return version;
}

function noLock(): WireError {
  return new WireError(
    404,
    'NoSuchObjectLockConfiguration',
    'The specified object does not have a ObjectLock configuration',
  );
}

export function getRetention(call: S3Call): void {
  const { lock } = lockableOf(call);
  if (lock === undefined) throw noLock();
  const inside = `${element('Mode', lock.mode)}${element('RetainUntilDate', lock.until.toISOString())}`;
  sendXml(
    call.response,
    200,
    `<Retention xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inside}</Retention>`,
  );
}

/** A lock in force may be lengthened. What else there is to change needs the right to lift it, and `compliance` has none. */
export async function putRetention(call: S3Call): Promise<void> {
  checkDigest(call.request);
  const xml = await readText(call.request);
  const version = lockableOf(call);
  const asked = {
    mode: modeOf(texts(xml, 'Mode')[0]),
    until: untilOf(texts(xml, 'RetainUntilDate')[0], call.now()),
  };
  const { lock } = version;
  const isLess = lock !== undefined && (asked.mode !== lock.mode || asked.until < lock.until);
  const bypass = header(call.request, 'x-amz-bypass-governance-retention') === 'true';
  if (lock !== undefined && lock.until > call.now() && isLess && !(bypass && lock.mode === 'GOVERNANCE'))
    throw new WireError(403, 'AccessDenied', 'Access Denied because object protected by object lock.');
  version.lock = asked;
  call.response.writeHead(200).end();
}

export function getLegalHold(call: S3Call): void {
  const { legalHold, lock } = lockableOf(call);
  if (!legalHold && lock === undefined) throw noLock();
  sendXml(
    call.response,
    200,
    `<LegalHold xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${element('Status', legalHold ? 'ON' : 'OFF')}</LegalHold>`,
  );
}

export async function putLegalHold(call: S3Call): Promise<void> {
  checkDigest(call.request);
  const [status] = texts(await readText(call.request), 'Status');
  if (status !== 'ON' && status !== 'OFF')
    throw new WireError(400, 'MalformedXML', 'The XML you provided was not well-formed');
  lockableOf(call).legalHold = status === 'ON';
  call.response.writeHead(200).end();
}
