import * as z from 'zod';
import { logTable } from '../../core/config/backup-log.ts';
import { contactText } from '../../core/config/contact.ts';
import { copyOptions } from '../../core/config/copies.ts';
import { cronProblem } from '../../core/config/cron.ts';
import { copySchedule, notDaily, pruneSchedule } from '../../core/config/daily.ts';
import { defaultLevel, defaultPolicy } from '../../core/config/defaults.ts';
import { hostName, port, someText } from '../../core/config/options.ts';
import { sourceName, sourceOptions } from '../../core/config/source.ts';
import { withoutSchema } from '../../core/config/without.ts';
import { policyOptions } from '../../core/retention/policy.ts';
import { levelChoices, notifyPolicies, postgresPort, transitionClasses } from '../../core/vocabulary.ts';

/** Values that CloudWatch Logs accepts as a retention, in days. */
export const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** Lambda's names. */
export const architectures = ['arm64', 'x86_64'] as const;

/** Majors of PostgreSQL whose programs a layer may carry. A newer pg_dump reads older servers. */
export const layerMajors = [15, 17, 18] as const;

/** Lambda allows no more. A run costs a fraction of a cent with it. */
export const mostTemporaryStorageMiB = 10_240;

/** What a function is where nobody says otherwise. */
export const functionDefaults = {
  architecture: 'arm64',
  memoryMiB: 2048,
  temporaryStorageMiB: 512,
  timeoutMinutes: 15,
  logRetentionDays: 90,
} as const;

/** How old the newest copy may be where nobody says otherwise: a night may fail, and be mended by the next. */
export const copyMaxAgeHours = 48;

const account = '\\d{12}';
const arn = (service: string, resource: string): RegExp =>
  new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:${account}:${resource}$`);

/** EC2's ids have 8 or 17 hexadecimal digits. */
const ec2Id = (kind: string): z.ZodString =>
  z.string().regex(new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`));
const kmsKeyArn = z.string().regex(arn('kms', 'key/[\\w-]+'));
const memoryMiB = z.int().min(256).max(10_240).default(functionDefaults.memoryMiB);
const temporaryStorageMiB = z.int().min(512).max(mostTemporaryStorageMiB);
const timeoutMinutes = z.int().min(1).max(15).default(functionDefaults.timeoutMinutes);

/** Segments that need no encoding in a key, a URL or an event pattern. */
export const prefixPattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

/** A copy's name is part of names of resources, from which CloudFormation takes hyphens away. */
export const copyNamePattern = /^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/;

/** `s3://bucket/prefix`, with a prefix that needs no encoding. */
export const bucketUrlPattern =
  /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9_-][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*))?\/?$/;

const secretArn = z
  .string()
  // The six characters are part of the ARN: without them IAM would need a wildcard.
  .regex(arn('secretsmanager', 'secret:[\\w/+=.@!-]+-[A-Za-z0-9]{6}'));

const source = z.strictObject({
  name: sourceName,
  secretArn: secretArn.optional(),
  secretKmsKeyArn: kmsKeyArn.optional(),
  iam: z
    .strictObject({
      host: hostName,
      port: port.default(postgresPort),
      user: someText.regex(/^[^*?]+$/),
      resourceId: z.string().regex(/^(db|cluster|prx)-[A-Za-z0-9]+$/),
    })
    .optional(),
  ...sourceOptions,
  // A function lives for 900 seconds.
  lockWaitSeconds: z.int().min(1).max(900).optional(),
  stallSeconds: z.int().min(10).max(900).optional(),
});

const transition = z.strictObject({
  storageClass: z.enum(transitionClasses),
  afterDays: z.int().min(0).max(3650),
});

const bucket = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/)
    .optional(),
  existing: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/)
    .optional(),
  prefix: z.string().regex(prefixPattern).max(256).optional(),
  kms: z.boolean().default(false),
  kmsKeyArn: kmsKeyArn.optional(),
  transition: z.union([transition, z.array(transition).min(1).max(transitionClasses.length)]).optional(),
  abortIncompleteUploadsAfterDays: z.int().min(1).max(7).default(3),
  keepDeletedVersionsDays: z.int().min(1).max(3650).default(30),
  objectLock: copyOptions.objectLock,
});

const alerts = z.strictObject({
  /** Not optional: a failure that nobody hears of is the worst one. Empty, if somebody subscribes in another way. */
  emails: z.array(z.email()),
  notify: z.enum(notifyPolicies).default(defaultPolicy),
});

const groups = z.array(ec2Id('sg')).min(1);
/** Some subnets and the ways out of them. */
const subnets = {
  subnetIds: z.array(ec2Id('subnet')).min(1),
  /** Lambda takes five. */
  securityGroupIds: groups.max(5).optional(),
  endpoints: z.boolean().default(false),
  routeTableIds: z.array(ec2Id('rtb')).min(1).optional(),
  endpointSecurityGroupIds: groups.optional(),
  s3PrefixListId: ec2Id('pl').optional(),
};

const network = z.strictObject({
  vpcId: ec2Id('vpc'),
  ...subnets,
  databaseSecurityGroupIds: groups.optional(),
  databaseCidrs: z.array(z.cidrv4()).min(1).optional(),
});

const functions = z.strictObject({
  architecture: z.enum(architectures).default(functionDefaults.architecture),
  memoryMiB,
  temporaryStorageMiB: temporaryStorageMiB.default(functionDefaults.temporaryStorageMiB),
  timeoutMinutes,
  logRetentionDays: z.literal(retentionDays).default(functionDefaults.logRetentionDays),
});

const major = z.literal(layerMajors);
const layerArn = z.string().regex(arn('lambda', 'layer:[\\w-]+:\\d+'));

const layer = z.strictObject({
  majors: z
    .array(major)
    .min(1)
    .default([...layerMajors]),
  arn: layerArn.optional(),
});

/** Names of packages and locales: they become parts of paths and arguments. */
const packageName = z.string().regex(/^-?[A-Za-z0-9][A-Za-z0-9._+-]*$/);
const localeName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]*$/);

const verify = z.strictObject({
  level: z.enum(levelChoices).default(defaultLevel.functions),
  without: withoutSchema.default([]),
  allowUncontained: z.boolean().default(false),
  postgresMajor: major.optional(),
  extensions: z.array(packageName).default([]),
  locales: z.array(localeName).default([]),
  layerArn: layerArn.optional(),
  memoryMiB,
  temporaryStorageMiB: temporaryStorageMiB.optional(),
  timeoutMinutes,
  network: z.strictObject({ vpcId: ec2Id('vpc').optional(), ...subnets }).optional(),
});

const restore = z.strictObject({
  enabled: z.boolean().default(false),
  secretArns: z.array(secretArn).min(1).optional(),
  secretKmsKeyArn: kmsKeyArn.optional(),
  memoryMiB,
  temporaryStorageMiB: temporaryStorageMiB.default(mostTemporaryStorageMiB),
  timeoutMinutes,
});

const whyNotDaily = (cron: string): string | undefined => cronProblem(cron) ?? notDaily(cron);
const everyDay = z.string().refine((value) => whyNotDaily(value) === undefined, {
  error: ({ input }) => whyNotDaily(String(input)),
});

const prune = z.strictObject({
  ...policyOptions,
  /** A verify function stands beside every backup function, but the rule that starts it may be switched off. */
  verified: z.boolean().default(true),
  /** Not the policy's own default: that of the schedules. */
  timeZone: policyOptions.timeZone.unwrap().optional(),
  schedule: everyDay.default(pruneSchedule),
});

const copy = z.strictObject({
  name: z.string().regex(copyNamePattern),
  url: z.string().max(320).regex(bucketUrlPattern),
  region: copyOptions.region,
  /** By HTTPS only: from a function the way leads over the internet. */
  endpoint: z
    .url({ protocol: /^https$/ })
    .regex(/^[^@?#]*$/)
    .optional(),
  pathStyle: copyOptions.pathStyle,
  storageClass: copyOptions.storageClass,
  partLimit: copyOptions.partLimit,
  kmsKeyArn: kmsKeyArn.optional(),
  credentialsSecretArn: secretArn.optional(),
  secretKmsKeyArn: kmsKeyArn.optional(),
  objectLock: copyOptions.objectLock,
  maxAgeHours: copyOptions.maxAgeHours.unwrap().default(copyMaxAgeHours),
  schedule: everyDay.default(copySchedule),
  prune: prune.extend({ credentialsSecretArn: secretArn.optional() }).optional(),
  memoryMiB,
  timeoutMinutes,
});

const backupLog = z.strictObject({
  secretArn,
  secretKmsKeyArn: kmsKeyArn.optional(),
  host: hostName.optional(),
  port: port.optional(),
  database: someText.optional(),
  sslMode: sourceOptions.sslMode,
  caFile: sourceOptions.caFile,
  ...logTable,
});

/** The context key `pgproof` of cdk.json. `prefault`: an absent section is an empty one, whose keys have defaults. */
export const configSchema = z.strictObject({
  stackName: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,99}$/)
    .default('pgproof'),
  sources: z.array(source).min(1),
  /** Whom RECOVERY.md beside the backups says to ask. */
  contact: contactText.optional(),
  bucket: bucket.prefault({}),
  alerts,
  network: network.optional(),
  functions: functions.prefault({}),
  layer: layer.prefault({}),
  verify: verify.prefault({}),
  restore: restore.prefault({}),
  /** Not prefaulted: where it is not there, nothing is ever deleted. */
  prune: prune.optional(),
  copies: z.array(copy).default([]),
  backupLog: backupLog.optional(),
});

export type Config = z.infer<typeof configSchema>;
export type CopyConfig = z.infer<typeof copy>;
export type SourceConfig = z.infer<typeof source>;
export type SubnetsConfig = Omit<NonNullable<VerifyConfig['network']>, 'vpcId'>;
export type VerifyConfig = z.infer<typeof verify>;
export type TransitionConfig = z.infer<typeof transition>;
export type ScheduleConfig = SourceConfig['schedules'][number];
