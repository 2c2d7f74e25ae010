import type { StoreWork } from '../work.ts';
import { type S3Meaning, unusable } from './s3-meanings.ts';

type Rights = {
  readonly s3: string;
  /** Where the bucket encrypts with a key of the user's. */
  readonly kms?: string;
  readonly besides?: string;
};

/** Which rights each work takes. https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
const needed: Readonly<Record<StoreWork, Rights>> = {
  reach: { s3: 's3:ListBucket on the bucket' },
  list: { s3: 's3:ListBucket on the bucket' },
  read: {
    s3: 's3:GetObject on its objects',
    kms: 'kms:Decrypt',
    besides: 'Without s3:ListBucket on the bucket S3 answers the same of an object that is not there.',
  },
  // What S3 completes of parts it decrypts first.
  write: {
    s3: 's3:PutObject and s3:AbortMultipartUpload on its objects',
    kms: 'kms:GenerateDataKey and kms:Decrypt',
  },
  delete: { s3: 's3:DeleteObject on its objects' },
  abort: { s3: 's3:AbortMultipartUpload on its objects' },
  versions: { s3: 's3:ListBucketVersions and s3:GetBucketVersioning on the bucket' },
  lock: { s3: 's3:GetObjectRetention and s3:GetObjectLegalHold on its objects' },
  thaw: { s3: 's3:RestoreObject on its objects' },
};

/** The rights that a work takes, as a sentence to follow. */
export function allow(work: StoreWork): string {
  const { s3, kms, besides } = needed[work];
  const key = kms === undefined ? '' : `; with a KMS key also ${kms} on the key`;
  return [`Allow ${s3}${key}.`, ...(besides === undefined ? [] : [besides])].join(' ');
}

/** What AccessDenied and its like mean of a work. @param said by S3, which names the right and whose policy denies it, or not */
export function deniedMeaning(work: StoreWork, said: string): S3Meaning {
  const [, told] = /not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)/.exec(said) ?? [];
  // It is in the message alone that it is the key, not the bucket; a name in the bucket may speak of keys too.
  const isOfKey = told?.startsWith('kms:') ?? /\bkms:|\bKMS key\b|customer master key/i.test(said);
  const right = told === undefined ? undefined : `Allow ${told}`;
  const explicit = /explicit deny/i.test(said)
    ? ' A policy denies it explicitly, and that outweighs all that allow it: change that statement.'
    : '';
  if (isOfKey) {
    const kms = needed[work].kms ?? 'kms:Decrypt to read, and kms:GenerateDataKey to write,';
    const fix = `${right ?? `Allow ${kms}`} on the key for this role, in its own policies and in the policy of the key; in another account both must.`;
    return unusable('The KMS key may not be used', `${fix}${explicit}`);
  }
  // S3 may name another right than the usual one: that of a version, or of the tags.
  const fix = right === undefined || allow(work).startsWith(`${right} `) ? allow(work) : `${right}.`;
  return unusable('Access to the bucket is denied', `${fix}${explicit}`);
}
