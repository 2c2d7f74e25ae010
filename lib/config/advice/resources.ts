import { type Advice, alternatives, arnOfKey } from '../../../core/config/advice/recurring.ts';
import { mostNightlyLockDays } from '../../../core/config/object-lock.ts';
import { notifyPolicies, objectLockModes, transitionClasses } from '../../../core/vocabulary.ts';
import { idOf, ofSubnets } from './subnets.ts';

const transitionClass: Advice = {
  expected: alternatives(transitionClasses),
  fix: 'GLACIER_IR is cheap and read at once; GLACIER and DEEP_ARCHIVE keep a restore waiting for hours.',
};
const transitionDays: Advice = {
  expected: 'a whole number from 0 to 3650 (days)',
  fix: 'S3 wants at least 30 for STANDARD_IA and ONEZONE_IA.',
};

/** What there is once for all sources: where backups go, who hears, the way to the servers. */
export const ofResources: Readonly<Record<string, Advice>> = {
  bucket: { expected: 'an object', fix: 'Leave it out for a bucket of its own with the defaults.' },
  'bucket.name': {
    expected: '3 to 63 lower-case letters, digits and hyphens',
    fix: 'Leave it out to let CloudFormation choose a name that is free.',
  },
  'bucket.existing': {
    expected: 'the name of a bucket',
    fix: 'Name a bucket of the same account and region that sends its events to EventBridge.',
  },
  'bucket.prefix': {
    expected: 'segments of letters, digits, dots, hyphens and underscores, joined by /, none at the ends',
    fix: 'Write, for example, backups/postgres.',
  },
  'bucket.kms': {
    expected: 'true or false',
    fix: 'Write true for a KMS key of its own; a key of yours is named with kmsKeyArn.',
  },
  'bucket.kmsKeyArn': arnOfKey,
  'bucket.transition': {
    expected: `an object with storageClass and afterDays, or a list of 1 to ${transitionClasses.length} of them`,
    fix: 'Write { "storageClass": "GLACIER_IR", "afterDays": 30 }, or leave it out.',
  },
  'bucket.transition.storageClass': transitionClass,
  'bucket.transition.afterDays': transitionDays,
  'bucket.transition.*': {
    expected: 'an object with storageClass and afterDays',
    fix: 'Write { "storageClass": "GLACIER_IR", "afterDays": 30 }.',
  },
  'bucket.transition.*.storageClass': transitionClass,
  'bucket.transition.*.afterDays': transitionDays,
  'bucket.abortIncompleteUploadsAfterDays': {
    expected: 'a whole number from 1 to 7 (days)',
    fix: 'Leave it out for 3.',
  },
  'bucket.keepDeletedVersionsDays': {
    expected: 'a whole number from 1 to 3650 (days)',
    fix: 'Leave it out for 30: for so long what prune deletes can be brought back, and is paid for.',
  },
  'bucket.objectLock': {
    expected: 'an object with mode and days',
    fix: 'Write { "mode": "governance", "days": 30 }, or leave it out; a bucket that is there already cannot get it.',
  },
  'bucket.objectLock.mode': {
    expected: alternatives(objectLockModes),
    fix: 'Write governance: compliance is for where the law wants that nobody, you included, can delete a backup.',
  },
  'bucket.objectLock.days': {
    expected: `a whole number from 1 to ${mostNightlyLockDays} (days)`,
    fix: 'Give how long every backup is kept at least; prune makes the locks of those that it keeps longer.',
  },
  alerts: {
    expected: 'an object',
    fix: 'Write { "emails": ["ops@your-company"] }: somebody has to hear of failures.',
  },
  'alerts.emails': {
    expected: 'a list of email addresses',
    fix: 'Write ["ops@your-company"], or [] if somebody subscribes to the topic in another way.',
  },
  'alerts.emails.*': { expected: 'an email address', fix: 'Write one address per entry.' },
  'alerts.notify': { expected: alternatives(notifyPolicies), fix: 'Leave it out to hear of failures only.' },
  network: {
    expected: 'an object with vpcId and subnetIds',
    fix: 'Leave it out where the database can be reached without a VPC.',
  },
  'network.vpcId': idOf('vpc', 'the VPC in which the database is'),
  ...ofSubnets('network', 'from which the database can be reached'),
  'network.databaseSecurityGroupIds': {
    expected: 'a list with at least one security group',
    fix: 'Name the groups of the servers, and of those that are restored into.',
  },
  'network.databaseSecurityGroupIds.*': idOf('sg', "a server's security group"),
  'network.databaseCidrs': {
    expected: 'a list with at least one range of addresses',
    fix: 'Give the addresses of the servers, such as 10.0.8.0/24.',
  },
  'network.databaseCidrs.*': {
    expected: 'a range of IPv4 addresses, such as 10.0.8.0/24',
    fix: 'Write /32 after a single address.',
  },
};
