import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fault } from './faults.ts';
import type { Bucket } from './s3-bucket.ts';
import type { S3Storage } from './s3-storage.ts';
import { WireError } from './wire.ts';

export type S3ServerOptions = {
  /** Made before the server is handed out. */
  readonly buckets?: readonly string[];
  /** Objects per page of a listing, at most; default 1000, as S3. */
  readonly pageSize?: number;
  /** Parts per upload, at most; default 10000, as S3. */
  readonly maxParts?: number;
  /** Smallest part but for the last; default 5 MiB, as S3. */
  readonly minPartBytes?: number;
  /** The region of buckets; default us-east-1. */
  readonly region?: string;
  /** Whether a PutObject may come with If-Match; default true, as S3. Others answer 501. */
  readonly knowsIfMatch?: boolean;
  /** Whether an object may be written with If-None-Match; default true, as S3. Backblaze B2 answers 501. */
  readonly knowsIfNoneMatch?: boolean;
  /** Whether there is a DeleteObjects; default true, as S3. Google answers 400 NotImplemented. */
  readonly knowsDeleteObjects?: boolean;
  /** Keys that a DeleteObjects neither deletes nor speaks of, as no S3 should. */
  readonly hushes?: (key: string) => boolean;
  /** Whether there is a ListMultipartUploads; default true, as S3. */
  readonly knowsUploadLists?: boolean;
  /** Whether a listing may begin behind a key; default true, as S3. */
  readonly knowsStartAfter?: boolean;
  /** Whether a part may be copied from another object; default true, as S3. Google answers 501. */
  readonly knowsUploadPartCopy?: boolean;
  /** Whether an object may come with tags; default true, as S3. R2 answers 501. */
  readonly knowsTags?: boolean;
  /** How long the server takes to thaw an object, by its own clock; default three hours. */
  readonly thawMs?: number;
  /** The only access key that is let in; default `test`. */
  readonly accessKeyId?: string;
};

/** One request, taken apart. */
export type S3Call = {
  readonly operation: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly bucketName: string;
  readonly key: string;
  readonly fault: Fault | undefined;
  readonly storage: S3Storage;
  readonly options: S3ServerOptions;
  /** The server's clock. */
  readonly now: () => Date;
  /** With which error of its own a key is refused to be deleted; undefined: it is not. */
  readonly refuses: (key: string) => string | undefined;
  /** What IAM says of deleting one of several keys. */
  readonly mayDelete: (key: string) => Promise<boolean>;
  /** What IAM says of reading what a part is copied from. */
  readonly mayRead: (bucket: string, key: string) => Promise<boolean>;
};

/** The operation that S3 would see in a request's method and query (path style). */
export function operationOf(method: string, key: string, query: URLSearchParams, isCopy = false): string {
  if (key === '') {
    if (method === 'HEAD') return 'HeadBucket';
    if (method === 'PUT') return 'CreateBucket';
    if (method === 'POST' && query.has('delete')) return 'DeleteObjects';
    if (method === 'GET' && query.has('uploads')) return 'ListMultipartUploads';
    if (method === 'GET' && query.has('versions')) return 'ListObjectVersions';
    if (method === 'GET' && query.has('versioning')) return 'GetBucketVersioning';
    if (method === 'GET' && query.get('list-type') === '2') return 'ListObjectsV2';
  } else if (query.has('uploadId')) {
    if (method === 'PUT' && query.has('partNumber')) return isCopy ? 'UploadPartCopy' : 'UploadPart';
    if (method === 'POST') return 'CompleteMultipartUpload';
    if (method === 'DELETE') return 'AbortMultipartUpload';
    if (method === 'GET') return 'ListParts';
  } else if (query.has('uploads')) {
    if (method === 'POST') return 'CreateMultipartUpload';
  } else if (query.has('restore')) {
    if (method === 'POST') return 'RestoreObject';
  } else if (query.has('retention')) {
    if (method === 'GET') return 'GetObjectRetention';
    if (method === 'PUT') return 'PutObjectRetention';
  } else if (query.has('legal-hold')) {
    if (method === 'GET') return 'GetObjectLegalHold';
    if (method === 'PUT') return 'PutObjectLegalHold';
  } else {
    if (method === 'PUT') return 'PutObject';
    if (method === 'GET') return 'GetObject';
    if (method === 'HEAD') return 'HeadObject';
    if (method === 'DELETE') return 'DeleteObject';
  }
  return 'Unknown';
}

/** The bucket of a call. @throws WireError NoSuchBucket, PermanentRedirect */
export function bucketOf({ storage, bucketName, request }: S3Call): Bucket {
  const bucket = storage.buckets.get(bucketName);
  if (bucket === undefined)
    throw new WireError(404, 'NoSuchBucket', 'The specified bucket does not exist', {
      details: { BucketName: bucketName },
    });
  const signedFor = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1];
  if (signedFor !== bucket.region)
    throw new WireError(301, 'PermanentRedirect', 'The bucket must be addressed using another endpoint', {
      headers: { 'x-amz-bucket-region': bucket.region },
      details: { Bucket: bucketName },
    });
  return bucket;
}

/** @throws WireError InvalidAccessKeyId, AccessDenied */
export function checkCredentials(request: IncomingMessage, accessKeyId: string): void {
  const authorization = request.headers.authorization;
  if (authorization === undefined)
    throw new WireError(403, 'AccessDenied', 'Anonymous users cannot invoke this API');
  if (/Credential=([^/]+)\//.exec(authorization)?.[1] !== accessKeyId)
    throw new WireError(403, 'InvalidAccessKeyId', 'The access key Id does not exist in our records');
}
