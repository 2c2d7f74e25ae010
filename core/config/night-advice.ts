import { notifyPolicies, objectLockModes, storageClasses, verifyChoices } from '../vocabulary.ts';
import { type Advice, alternatives, contactAdvice } from './advice/recurring.ts';
import { ofPolicy } from './advice/retention.ts';
import { ofSchedules } from './advice/schedules.ts';
import { ofSources } from './advice/sources.ts';
import { hookSeconds } from './hooks.ts';
import { smtpSecurities } from './notify.ts';
import { mostNightlyLockDays } from './object-lock.ts';
import { most } from './options.ts';

const secret: Advice = {
  expected: 'where it lies: { env: NAME }, { file: PATH } or { credential: NAME }',
  fix: 'Put the secret there and name the place; a file with a secret in it ends in git, in backups and on screens.',
};
const name: Advice = {
  expected: '1 to 64 letters, digits, dots, hyphens and underscores, no dot first',
  fix: 'Choose a name, such as local or offsite; sources and copies call it by that.',
};
const yesOrNo = (fix: string): Advice => ({ expected: 'true or false', fix });

function ofPlace(path: string): Record<string, Advice> {
  return {
    [`${path}.name`]: name,
    [`${path}.url`]: {
      expected: 's3://bucket/prefix or file:///directory',
      fix: 'Write file:///var/lib/pgproof/backups for a directory; other services that speak S3 are named by endpoint.',
    },
    [`${path}.endpoint`]: {
      expected: 'https://host or http://host:port',
      fix: 'Give the address of the service that speaks S3, or leave it out for AWS.',
    },
    [`${path}.region`]: {
      expected: 'a region, such as eu-central-1',
      fix: 'Leave it out for that of the environment or the profile.',
    },
    [`${path}.pathStyle`]: yesOrNo(
      'Write true for services that want the bucket in the path, as MinIO does.',
    ),
    [`${path}.profile`]: {
      expected: 'the name of a profile',
      fix: 'Name one of ~/.aws/config and ~/.aws/credentials, or leave it out.',
    },
    [`${path}.accessKey`]: {
      expected: 'an object with id and secret',
      fix: 'Write { id: …, secret: { env: NAME } }, or leave it out for the environment, a profile or a role.',
    },
    [`${path}.accessKey.id`]: {
      expected: 'the id of the key, or where it lies',
      fix: 'Copy it from the service; it is no secret.',
    },
    [`${path}.accessKey.secret`]: secret,
    [`${path}.accessKey.session`]: secret,
    [`${path}.kmsKeyArn`]: {
      expected: 'the ARN of a KMS key',
      fix: 'Copy the ARN, or leave it out: then the bucket decides.',
    },
    [`${path}.storageClass`]: { expected: alternatives(storageClasses), fix: 'Leave it out for STANDARD.' },
    [`${path}.partLimit`]: {
      expected: `a whole number from 1 to ${most.parts}`,
      fix: 'Leave it out, but for a service that allows fewer parts of an upload.',
    },
    [`${path}.objectLock`]: {
      expected: 'an object with mode and days',
      fix: 'Write { mode: governance, days: 30 }, or leave it out; the bucket must have been made with Object Lock.',
    },
    [`${path}.objectLock.mode`]: {
      expected: alternatives(objectLockModes),
      fix: 'Write governance: what is locked in compliance mode nobody, you included, can delete before its time.',
    },
    [`${path}.objectLock.days`]: {
      expected: `a whole number from 1 to ${mostNightlyLockDays} (days)`,
      fix: 'Give how long every backup is kept at least.',
    },
    ...ofPolicy(`${path}.prune`),
  };
}

const address: Advice = {
  expected: 'an address such as ops@example.com, without a name beside it',
  fix: 'Write the address alone.',
};

const ofNotify: Readonly<Record<string, Advice>> = {
  notify: {
    expected: 'an object',
    fix: 'Write { topicArn: … } or { smtp: … }: somebody has to hear of failures.',
  },
  'notify.on': { expected: alternatives(notifyPolicies), fix: 'Leave it out to hear of failures only.' },
  'notify.topicArn': { expected: 'arn:aws:sns:REGION:ACCOUNT:NAME', fix: 'Copy the ARN of the topic.' },
  'notify.smtp': {
    expected: 'an object with host, from and to',
    fix: 'Write { host: mail.example.com, from: …, to: […] }.',
  },
  'notify.smtp.host': {
    expected: 'a host name',
    fix: 'Name the mail server; localhost for the one of this machine.',
  },
  'notify.smtp.port': {
    expected: `a whole number from 1 to ${most.port}`,
    fix: 'Leave it out for the usual one.',
  },
  'notify.smtp.security': { expected: alternatives(smtpSecurities), fix: 'Leave it out for starttls.' },
  'notify.smtp.allowUnencrypted': yesOrNo('Leave it out: alerts name servers and databases.'),
  'notify.smtp.user': { expected: 'a text, and a password beside it', fix: 'Give both, or neither.' },
  'notify.smtp.password': secret,
  'notify.smtp.from': address,
  'notify.smtp.to': { expected: 'a list with at least one address', fix: 'Write [ops@your-company].' },
  'notify.smtp.to.*': address,
  'notify.smtp.caFile': {
    expected: 'the path of a PEM file',
    fix: "Leave it out to trust the system's authorities.",
  },
};

function ofHook(path: string): Record<string, Advice> {
  const list: Advice = {
    expected: 'a program and its arguments as a list, or an object with command',
    fix: 'Write [/usr/local/bin/tell, "an argument"]: no shell reads it.',
  };
  return {
    [path]: list,
    [`${path}.*`]: list,
    [`${path}.command`]: list,
    [`${path}.command.*`]: list,
    [`${path}.timeoutSeconds`]: {
      expected: `a whole number from 1 to ${hookSeconds.most} (seconds)`,
      fix: `Leave it out for ${hookSeconds.default}.`,
    },
    [`${path}.environment`]: {
      expected: 'a list of names of variables',
      fix: 'Name what the program needs beside PATH, HOME and LANG.',
    },
    [`${path}.environment.*`]: {
      expected: 'the name of a variable',
      fix: 'Write its name alone, without a value.',
    },
  };
}

const ofVerify: Readonly<Record<string, Advice>> = {
  contact: contactAdvice,
  verify: { expected: 'an object', fix: 'Leave it out for the defaults.' },
  'verify.level': {
    expected: alternatives(verifyChoices),
    fix: 'Leave it out for auto: restore where the database fits, else read.',
  },
  'verify.without': {
    expected: 'a list of what may lack where a backup is restored, such as ["extension aws_commons"]',
    fix: 'Name each as the verdict does: its type in lower case, then SCHEMA.NAME or NAME.',
  },
  'verify.without.*': {
    expected: 'TYPE NAME or TYPE SCHEMA.NAME, such as "materialized view crm.mirror"',
    fix: 'Name it as the verdict does: its type in lower case, then SCHEMA.NAME or NAME.',
  },
  'verify.allowUncontained': yesOrNo(
    "Leave it out for false: what a backup's SQL could do to this machine is then not done.",
  ),
  'verify.restoreTimeoutSeconds': {
    expected: 'a whole number from 1 to 1209600 (seconds)',
    fix: 'Leave it out for ten times the estimate, 600 at least.',
  },
};

/** One entry for every key of pgproof.yaml, by its path. A test compares them with the schema and with the docs. */
export const nightAdvice: Readonly<Record<string, Advice>> = {
  '': { expected: 'an object with sources and stores', fix: 'Take what `pgproof init` prints as a start.' },
  ...ofSources,
  'sources.*': {
    expected: 'an object with name and schedules',
    fix: 'See the example that `pgproof init` prints.',
  },
  'sources.*.host': {
    expected: 'a host name',
    fix: 'Write the name alone; a whole connection string is url.',
  },
  'sources.*.caFile': {
    expected: 'the path of a PEM file',
    fix: "Name the file with the authority of the server's certificate, relative to the configuration.",
  },
  'sources.*.url': {
    expected: 'postgresql://user@host/, a libpq connection string or service=NAME, without a password',
    fix: 'Leave the password out: password says where it lies, or libpq finds it in ~/.pgpass.',
  },
  'sources.*.password': secret,
  'sources.*.store': {
    expected: 'the name of one of the stores',
    fix: 'Leave it out where there is one only.',
  },
  'sources.*.lockWaitSeconds': {
    expected: 'a whole number from 1 to 86400 (seconds)',
    fix: 'Leave it out for 60 seconds.',
  },
  'sources.*.stallSeconds': {
    expected: 'a whole number from 10 to 86400 (seconds)',
    fix: 'Leave it out for 300 seconds.',
  },
  ...ofSchedules,
  'sources.*.schedules.*.jobs': {
    expected: `a whole number from 1 to ${most.jobs}`,
    fix: 'Give as many as the server can spare processors for.',
  },
  stores: {
    expected: 'a list with at least one store',
    fix: 'Add { name: local, url: file:///var/lib/pgproof/backups }.',
  },
  'stores.*': {
    expected: 'an object with name and url',
    fix: 'Add { name: local, url: file:///var/lib/pgproof/backups }.',
  },
  ...ofPlace('stores.*'),
  copies: {
    expected: 'a list of copies',
    fix: 'Leave it out, or add { name: offsite, url: s3://bucket/prefix }.',
  },
  'copies.*': {
    expected: 'an object with name and url',
    fix: 'Add { name: offsite, url: s3://bucket/prefix }.',
  },
  'copies.*.from': {
    expected: 'the name of one of the stores',
    fix: 'Leave it out where there is one only.',
  },
  ...ofPlace('copies.*'),
  'copies.*.maxAgeHours': {
    expected: 'a whole number from 1 to 8784 (hours)',
    fix: 'Give how old the newest copy of a database may be before somebody is told, or leave it out.',
  },
  ...ofPolicy('prune'),
  ...ofVerify,
  ...ofNotify,
  hooks: { expected: 'an object with afterBackup, afterRun or onFailure', fix: 'Leave it out for none.' },
  ...ofHook('hooks.afterBackup'),
  ...ofHook('hooks.afterRun'),
  ...ofHook('hooks.onFailure'),
  backupLog: { expected: 'an object with url', fix: 'Leave it out: then no table is written.' },
  'backupLog.url': {
    expected: 'postgresql://user@host/database or a libpq connection string, without a password',
    fix: 'Leave the password out: password says where it lies.',
  },
  'backupLog.password': secret,
  'backupLog.schema': { expected: 'a name of at most 50 bytes', fix: 'Leave it out for public.' },
  'backupLog.table': { expected: 'a name of at most 50 bytes', fix: 'Leave it out for backup_log.' },
};
