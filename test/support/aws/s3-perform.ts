import { Bucket } from './s3-bucket.ts';
import { bucketOf, type S3Call } from './s3-call.ts';
import { uploadPartCopy } from './s3-copy-part.ts';
import { deleteObject, deleteObjects } from './s3-delete.ts';
import { restoreObject } from './s3-frozen.ts';
import { getLegalHold, getRetention, putLegalHold, putRetention } from './s3-locks.ts';
import { getObject, headObject, listObjects, putObject } from './s3-objects.ts';
import { listParts, listUploads } from './s3-unfinished.ts';
import { abortUpload, completeUpload, createUpload, uploadPart } from './s3-uploads.ts';
import { bucketVersioning, listVersions } from './s3-versions.ts';
import { WireError } from './wire.ts';

/** Carries a call out. @throws WireError where S3 would answer with an error */
export async function perform(call: S3Call): Promise<void> {
  switch (call.operation) {
    case 'PutObject':
      return await putObject(call);
    case 'GetObject':
      return await getObject(call);
    case 'HeadObject':
      return headObject(call);
    case 'DeleteObject':
      return await deleteObject(call);
    case 'DeleteObjects':
      return await deleteObjects(call);
    case 'ListObjectVersions':
      return listVersions(call);
    case 'GetBucketVersioning':
      return bucketVersioning(call);
    case 'GetObjectRetention':
      return getRetention(call);
    case 'PutObjectRetention':
      return await putRetention(call);
    case 'GetObjectLegalHold':
      return getLegalHold(call);
    case 'PutObjectLegalHold':
      return await putLegalHold(call);
    case 'ListObjectsV2':
      return listObjects(call);
    case 'CreateMultipartUpload':
      return createUpload(call);
    case 'UploadPart':
      return await uploadPart(call);
    case 'RestoreObject':
      return await restoreObject(call);
    case 'UploadPartCopy':
      return await uploadPartCopy(call);
    case 'CompleteMultipartUpload':
      return await completeUpload(call);
    case 'AbortMultipartUpload':
      return await abortUpload(call);
    case 'ListParts':
      return listParts(call);
    case 'ListMultipartUploads':
      return listUploads(call);
    case 'HeadBucket':
      bucketOf(call);
      call.response.writeHead(200).end();
      return;
    case 'CreateBucket':
      call.storage.buckets.set(call.bucketName, new Bucket({ region: call.options.region ?? 'us-east-1' }));
      call.response.writeHead(200, { location: `/${call.bucketName}` }).end();
      return;
    default:
      throw new WireError(501, 'NotImplemented', 'This server does not speak that operation');
  }
}
