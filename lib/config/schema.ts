import * as z from 'zod';
import { verifyLevels } from '../../functions/verify/contract.ts';
import { cronProblem, isTimeZone } from './cron.ts';

/** Values that CloudWatch Logs accepts as a retention, in days. */
export const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** Classes that can be read at once: verify and restore must not wait for hours until an archive has thawed. */
export const storageClasses = ['STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'] as const;

const account = '\\d{12}';
const arn = (service: string, resource: string): RegExp =>
  new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]+:${account}:${resource}$`);

const text = z.string().min(1);
/** EC2's ids have 8 or 17 hexadecimal digits. */
const ec2Id = (kind: string): z.ZodString =>
  z.string().regex(new RegExp(`^${kind}-([0-9a-f]{8}|[0-9a-f]{17})$`));
const kmsKeyArn = z.string().regex(arn('kms', 'key/[\\w-]+'));
const databases = z.array(text).min(1);
const port = z.int().min(1).max(65_535);
const memoryMiB = z.int().min(256).max(10_240);
const temporaryStorageMiB = z.int().min(512).max(10_240);
const timeoutMinutes = z.int().min(1).max(15);

/** Also a segment of keys and of log group names: what needs no encoding in either. */
export const sourceNamePattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

/** Segments that need no encoding in a key, a URL or an event pattern. */
export const prefixPattern = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

const schedule = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/),
  cron: z.string().refine((value) => cronProblem(value) === undefined, {
    error: ({ input }) => cronProblem(String(input)),
  }),
  timeZone: z.string().refine(isTimeZone).default('UTC'),
  databases: databases.optional(),
  excludeDatabases: databases.optional(),
  format: z.enum(['custom', 'plain', 'directory', 'tar']).optional(),
  compress: z
    .string()
    .regex(/^(none|gzip|lz4|zstd)(:\d{1,2})?$/)
    .optional(),
  jobs: z.int().min(1).max(64).optional(),
  parallel: z.int().min(1).max(16).optional(),
  rows: z.enum(['exact', 'none']).optional(),
});

const secretArn = z
  .string()
  // The six characters are part of the ARN: without them IAM would need a wildcard.
  .regex(arn('secretsmanager', 'secret:[\\w/+=.@!-]+-[A-Za-z0-9]{6}'));

const check = z.strictObject({ name: text.optional(), database: text.optional(), sql: text });

const source = z.strictObject({
  name: z.string().regex(sourceNamePattern),
  secretArn: secretArn.optional(),
  secretKmsKeyArn: kmsKeyArn.optional(),
  host: text.optional(),
  port: port.optional(),
  iam: z
    .strictObject({
      host: text,
      port: port.default(5432),
      user: text.regex(/^[^*?]+$/),
      resourceId: z.string().regex(/^(db|cluster|prx)-[A-Za-z0-9]+$/),
    })
    .optional(),
  maintenanceDatabase: text.optional(),
  sslMode: z.enum(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']).optional(),
  databases: databases.optional(),
  excludeDatabases: databases.optional(),
  lockWaitSeconds: z.int().min(1).max(900).optional(),
  stallSeconds: z.int().min(10).max(900).optional(),
  /** SQL that must return true in every restored backup, or in those of one database. */
  checks: z.array(check).min(1).optional(),
  fingerprint: z.boolean().default(false),
  schedules: z.array(schedule).min(1),
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
  kmsKeyArn: kmsKeyArn.optional(),
  transition: z
    .strictObject({ storageClass: z.enum(storageClasses), afterDays: z.int().min(0).max(3650) })
    .optional(),
  abortIncompleteUploadsAfterDays: z.int().min(1).max(7).default(3),
  keepDeletedVersionsDays: z.int().min(1).max(3650).default(30),
});

const alerts = z.strictObject({
  /** Not optional: a failure that nobody hears of is the worst one. Empty, if somebody subscribes in another way. */
  emails: z.array(z.email()),
  notify: z.enum(['failures', 'all']).default('failures'),
});

const network = z.strictObject({
  vpcId: ec2Id('vpc'),
  subnetIds: z.array(ec2Id('subnet')).min(1),
  securityGroupIds: z.array(ec2Id('sg')).min(1).max(5).optional(),
  endpoints: z.boolean().default(false),
  routeTableIds: z.array(ec2Id('rtb')).min(1).optional(),
});

const functions = z.strictObject({
  architecture: z.enum(['arm64', 'x86_64']).default('arm64'),
  memoryMiB: memoryMiB.default(2048),
  temporaryStorageMiB: temporaryStorageMiB.default(512),
  timeoutMinutes: timeoutMinutes.default(15),
  logRetentionDays: z.literal(retentionDays).default(90),
});

const major = z.union([z.literal(15), z.literal(17), z.literal(18)]);
const layerArn = z.string().regex(arn('lambda', 'layer:[\\w-]+:\\d+'));

const layer = z.strictObject({
  majors: z.array(major).min(1).default([15, 17, 18]),
  arn: layerArn.optional(),
});

/** Names of packages and locales: they become parts of paths and arguments. */
const packageName = z.string().regex(/^-?[A-Za-z0-9][A-Za-z0-9._+-]*$/);
const localeName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]*$/);

const verify = z.strictObject({
  level: z.enum(verifyLevels).default('auto'),
  postgresMajor: major.optional(),
  extensions: z.array(packageName).default([]),
  locales: z.array(localeName).default([]),
  layerArn: layerArn.optional(),
  memoryMiB: memoryMiB.default(2048),
  temporaryStorageMiB: temporaryStorageMiB.optional(),
  timeoutMinutes: timeoutMinutes.default(15),
});

const restore = z.strictObject({
  enabled: z.boolean().default(false),
  secretArns: z.array(secretArn).min(1).optional(),
  secretKmsKeyArn: kmsKeyArn.optional(),
  memoryMiB: memoryMiB.default(2048),
  temporaryStorageMiB: temporaryStorageMiB.default(10_240),
  timeoutMinutes: timeoutMinutes.default(15),
});

/** The context key `pgproof` of cdk.json. `prefault`: an absent section is an empty one, whose keys have defaults. */
export const configSchema = z.strictObject({
  stackName: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,99}$/)
    .default('pgproof'),
  sources: z.array(source).min(1),
  bucket: bucket.prefault({}),
  alerts,
  network: network.optional(),
  functions: functions.prefault({}),
  layer: layer.prefault({}),
  verify: verify.prefault({}),
  restore: restore.prefault({}),
});

export type Config = z.infer<typeof configSchema>;
export type SourceConfig = z.infer<typeof source>;
export type VerifyConfig = z.infer<typeof verify>;
export type ScheduleConfig = z.infer<typeof schedule>;
