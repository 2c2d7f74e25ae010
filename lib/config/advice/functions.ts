import {
  type Advice,
  alternatives,
  arnOfKey,
  memory,
  storage,
  timeout,
} from '../../../core/config/advice/recurring.ts';
import { levelChoices } from '../../../core/vocabulary.ts';
import { architectures, layerMajors } from '../schema.ts';
import { idOf, ofSubnets } from './subnets.ts';

/** The functions and their layers. */
export const ofFunctions: Readonly<Record<string, Advice>> = {
  functions: { expected: 'an object', fix: 'Leave it out for the defaults.' },
  'functions.architecture': {
    expected: alternatives(architectures),
    fix: 'Leave it out for arm64, which costs less.',
  },
  'functions.memoryMiB': memory,
  'functions.temporaryStorageMiB': storage,
  'functions.timeoutMinutes': timeout,
  'functions.logRetentionDays': {
    expected: 'a retention that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, … 3653 (days)',
    fix: 'Leave it out for 90.',
  },
  layer: { expected: 'an object with majors or arn', fix: 'Leave it out for the defaults.' },
  'layer.majors': {
    expected: 'a list of 15, 17 and 18',
    fix: 'Name the majors of your servers; a pg_dump that is newer than the server works too.',
  },
  'layer.majors.*': { expected: alternatives(layerMajors), fix: 'For 14 and older take 15, for 16 take 17.' },
  'layer.arn': {
    expected: 'the ARN of a layer version, arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION',
    fix: 'Copy the ARN of a version, with the number at its end.',
  },
  verify: { expected: 'an object', fix: 'Leave it out for the defaults.' },
  'verify.level': {
    expected: alternatives(levelChoices),
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
  'verify.allowUncontained': {
    expected: 'true or false',
    fix: "Leave it out for false: a backup whose SQL could read the function's credentials is then not restored.",
  },
  'verify.postgresMajor': {
    expected: alternatives(layerMajors),
    fix: "Give the newest of your servers' majors, or leave it out for the newest of layer.majors.",
  },
  'verify.extensions': {
    expected: 'a list of names',
    fix: 'Name them as the distribution does: pgvector, postgis.',
  },
  'verify.extensions.*': {
    expected: 'the name of an extension package, or of an extension to leave out after a hyphen',
    fix: 'See docs/layers.md.',
  },
  'verify.locales': { expected: 'a list of names', fix: 'Name them as the C library does: de_DE.UTF-8.' },
  'verify.locales.*': { expected: 'the name of a locale', fix: 'Write, for example, de_DE.UTF-8.' },
  'verify.layerArn': {
    expected: 'the ARN of a layer version, arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION',
    fix: 'Copy the ARN of a version of a server layer, with the number at its end.',
  },
  'verify.memoryMiB': memory,
  'verify.temporaryStorageMiB': {
    expected: 'a whole number from 512 to 10240 (MiB)',
    fix: 'A verification by restore needs room for the restored database and the archive; leave it out for 10240.',
  },
  'verify.timeoutMinutes': timeout,
  'verify.network': {
    expected: 'an object with subnetIds',
    fix: 'Leave it out where the verify function may stay outside of any VPC.',
  },
  'verify.network.vpcId': idOf('vpc', 'the VPC of these subnets'),
  ...ofSubnets('verify.network', 'whose only ways out are the endpoints of S3 and SNS'),
  restore: { expected: 'an object', fix: 'Leave it out: there is no restore function then.' },
  'restore.enabled': {
    expected: 'true or false',
    fix: 'Write true for a function that restores, called by hand.',
  },
  'restore.secretArns': {
    expected: 'a list with at least one ARN of a secret',
    fix: "Name the secrets of the servers that may be restored into, or leave it out for the source's own.",
  },
  'restore.secretArns.*': {
    expected: 'arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX',
    fix: 'Copy the whole ARN of the secret, with the six characters at its end.',
  },
  'restore.secretKmsKeyArn': arnOfKey,
  'restore.memoryMiB': memory,
  'restore.temporaryStorageMiB': {
    expected: 'a whole number from 512 to 10240 (MiB)',
    fix: 'Room for the largest archive; without it a restore has one process instead of several.',
  },
  'restore.timeoutMinutes': timeout,
};
