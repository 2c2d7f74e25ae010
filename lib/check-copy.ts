import { Token } from 'aws-cdk-lib';
import type { BackupCopyProps } from './backup-copy-props.ts';
import { copyNamePattern, prefixPattern } from './config/schema.ts';
import type { PostgresBackup } from './postgres-backup.ts';

const isBelow = (prefix: string, above: string): boolean => above === '' || prefix.startsWith(above);

/** What would be found out at night, by whoever deploys the construct; of cdk.json it was told before. */
export function checkCopy(props: BackupCopyProps, first: PostgresBackup): void {
  const { copyName, prefix, bucket, endpoint, credentials, retention } = props;
  if (!copyNamePattern.test(copyName)) {
    throw new Error(
      `copyName cannot be used: got ${JSON.stringify(copyName)} (expected 1 to 30 lower-case letters, digits and hyphens, no hyphen at the ends). Choose another name.`,
    );
  }
  if (prefix !== undefined && !prefixPattern.test(prefix)) {
    throw new Error(
      `prefix cannot be used: got ${JSON.stringify(prefix)} (expected segments of letters, digits, dots, hyphens and underscores, joined by /). Choose another prefix.`,
    );
  }
  const own = first.place.keyPrefix.slice(0, -`${first.sourceName}/`.length);
  const copies = prefix === undefined ? '' : `${prefix}/`;
  if (isSame(bucket.bucketName, first.bucket.bucketName) && endpoint === undefined) {
    if (isBelow(own, copies) || isBelow(copies, own)) {
      throw new Error(
        `The copy ${copyName} would lie among the backups: got ${first.storeUrl} for both, or one within the other (expected another bucket, or prefixes beside each other). Name a bucket of another account or region.`,
      );
    }
  }
  if (endpoint !== undefined && !/^https:\/\/[^@?#]+$/.test(endpoint))
    throw new Error(
      `The endpoint of the copy ${copyName} cannot be used (expected a URL that begins with https://, without a user, a password, ? or #). Write it as the service's documentation does.`,
    );
  if (endpoint !== undefined && credentials === undefined && !/amazonaws\.com(\.cn)?\/?$/.test(endpoint)) {
    throw new Error(
      `The copy ${copyName} has an endpoint and no credentials: a role of AWS is nobody there (expected credentials). Give a secret with accessKeyId and secretAccessKey.`,
    );
  }
  if (retention !== undefined && credentials !== undefined && retention.credentials === undefined) {
    throw new Error(
      `The retention of the copy ${copyName} has no credentials (expected those of somebody who may delete there). Give retention.credentials: who copies should not be able to delete.`,
    );
  }
}

/** Two names that are not known yet are the same if they are of one resource. */
function isSame(one: string, other: string): boolean {
  return one === other || (Token.isUnresolved(one) && Token.isUnresolved(other) && one === other);
}
