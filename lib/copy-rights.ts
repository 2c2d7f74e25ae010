import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { everyObject, keysFor, lockableKeys } from './access.ts';
import { mayLock } from './lock-rights.ts';
import {
  arnsOf,
  deny,
  mayList,
  mayTag,
  mayUseBucketKey,
  objectWildcards,
  onObjects,
  type Place,
  staysWithin,
  whateverLiesThere,
} from './rights.ts';

/**
 * What a copy function may do, as the two columns of the table in access.ts have it. Where it has a secret with which it
 * writes (`to` undefined) its role reads backups, and that is all.
 *
 * It reads what it wrote: that the bytes are right is said by the other side alone, and a document is replaced only if it is
 * still the one that was read. It gives nothing away: the role reads the same bytes in the first bucket.
 */
export function mayCopy(from: Place, to: Place | undefined): PolicyStatement[] {
  if (to === undefined) return onObjects('copy from', from);
  const put = ['s3:PutObject'];
  const written = arnsOf(to, keysFor('copy to', 'create'));
  const replaced = arnsOf(to, keysFor('copy to', 'replace'));
  return [
    ...mayList('copy from', from),
    ...mayList('copy to', to, 'ListCopies'),
    // Every object of a backup in one pattern: a role's policies have room for 10,240 characters, and this one has two places.
    new PolicyStatement({
      sid: 'ReadObjects',
      actions: ['s3:GetObject'],
      resources: [from, to].flatMap((place) => arnsOf(place, readPatterns)),
    }),
    new PolicyStatement({ sid: 'PutObjects', actions: put, resources: written }),
    deny('PutNothingElse', { actions: put, notResources: written }),
    deny('OnlyFreeKeys', { actions: put, notResources: replaced, conditions: whateverLiesThere }),
    ...mayTag(arnsOf(to, keysFor('copy to', 'tag'))),
    new PolicyStatement({
      sid: 'EndUploads',
      actions: ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      resources: arnsOf(to, keysFor('copy to', 'end')),
    }),
    deny('DeleteNothing', {
      actions: ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention'],
      resources: ['*'],
    }),
    ...(to.lock === undefined ? [] : mayLock(to.lock, arnsOf(to, lockableKeys()))),
    ...staysWithin(from, to),
    ...mayUseBucketKey(from, false),
    ...mayUseBucketKey(to, true, 'CopiesKey'),
  ];
}

/** Both columns read every object of a backup, and what prune did last; a test compares. */
const readPatterns: readonly string[] = [everyObject, ...keysFor('copy to', 'read').filter(isOfDatabase)];

function isOfDatabase(pattern: string): boolean {
  return pattern === '*/prune.json';
}

/** The wildcards in these statements, and the reason. */
export function copyWildcards(from: Place, to: Place | undefined): Record<string, string> {
  if (to === undefined) return objectWildcards('copy from', from);
  const [reason = ''] = Object.values(objectWildcards('copy from', from));
  const arns = [from, to].flatMap((place) => arnsOf(place, readPatterns));
  return {
    ...objectWildcards('copy to', to),
    ...Object.fromEntries(arns.map((arn) => [arn, reason])),
  };
}
