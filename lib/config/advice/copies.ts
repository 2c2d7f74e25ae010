import {
  type Advice,
  alternatives,
  arnOfKey,
  memory,
  timeout,
} from '../../../core/config/advice/recurring.ts';
import { ofRetention } from '../../../core/config/advice/retention.ts';
import { copySchedule } from '../../../core/config/daily.ts';
import { mostNightlyLockDays } from '../../../core/config/object-lock.ts';
import { most } from '../../../core/config/options.ts';
import { objectLockModes, storageClasses } from '../../../core/vocabulary.ts';
import { copyMaxAgeHours } from '../schema.ts';

const arnOfSecret: Advice = {
  expected: 'arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX',
  fix: 'Copy the whole ARN of a secret that holds {"accessKeyId", "secretAccessKey"}, with the six characters at its end.',
};

/** What is kept of copies is said as what is kept of backups is. */
const ofPrune = Object.fromEntries(
  Object.entries(ofRetention).map(([path, advice]) => [`copies.*.${path}`, advice]),
);

/** Second places for every backup. */
export const ofCopies: Readonly<Record<string, Advice>> = {
  copies: {
    expected: 'a list of objects with name and url',
    fix: 'Write [{ "name": "offsite", "url": "s3://bucket/prefix" }], or leave it out.',
  },
  'copies.*': {
    expected: 'an object with name and url',
    fix: 'Write { "name": "offsite", "url": "s3://bucket/prefix" }.',
  },
  'copies.*.name': {
    expected: '1 to 30 lower-case letters, digits and hyphens, no hyphen at the ends',
    fix: 'Name the place, such as offsite: alerts and functions are called after it.',
  },
  'copies.*.url': {
    expected: 's3://bucket/prefix, a bucket by its name and not by its ARN',
    fix: 'Write, for example, s3://acme-offsite/pg; the prefix of letters, digits, dots, hyphens and underscores may be left out.',
  },
  'copies.*.region': {
    expected: 'the name of a region, such as eu-west-1',
    fix: 'Give the region of that bucket; leave it out where it is that of the stack.',
  },
  'copies.*.endpoint': {
    expected: 'a URL that begins with https://, without a user, a password, ? or #',
    fix: 'Write the endpoint of what speaks S3’s API, such as https://storage.googleapis.com; leave it out for S3 itself.',
  },
  'copies.*.pathStyle': {
    expected: 'true or false',
    fix: 'Write true where the service wants the bucket in the path instead of the host name.',
  },
  'copies.*.storageClass': {
    expected: alternatives(storageClasses),
    fix: 'Leave it out for STANDARD.',
  },
  'copies.*.partLimit': {
    expected: `a whole number from 1 to ${most.parts}`,
    fix: 'Leave it out, but for a service that takes fewer parts of an upload than S3.',
  },
  'copies.*.kmsKeyArn': arnOfKey,
  'copies.*.credentialsSecretArn': arnOfSecret,
  'copies.*.secretKmsKeyArn': arnOfKey,
  'copies.*.objectLock': {
    expected: 'an object with mode and days',
    fix: 'Write { "mode": "governance", "days": 30 }, or leave it out; the bucket must have Object Lock.',
  },
  'copies.*.objectLock.mode': {
    expected: alternatives(objectLockModes),
    fix: 'Write governance: compliance is for where the law wants that nobody, you included, can delete a backup.',
  },
  'copies.*.objectLock.days': {
    expected: `a whole number from 1 to ${mostNightlyLockDays} (days)`,
    fix: 'Give how long every copy is kept at least.',
  },
  'copies.*.maxAgeHours': {
    expected: 'a whole number from 1 to 8784 (hours)',
    fix: `Leave it out for ${copyMaxAgeHours}: how old the newest copy of a database may be before you hear of it.`,
  },
  'copies.*.schedule': {
    expected: 'cron(minutes hours day-of-month month day-of-week year), on every day of the year',
    fix: `Write ${copySchedule}: what was missed is copied then.`,
  },
  ...ofPrune,
  'copies.*.prune.credentialsSecretArn': arnOfSecret,
  'copies.*.memoryMiB': memory,
  'copies.*.timeoutMinutes': timeout,
};
