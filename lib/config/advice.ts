/** What would be right at a path of the configuration, and what to do. Indices of arrays are written `*`. */
export type Advice = { readonly expected: string; readonly fix: string };

const arnOfKey = {
  expected: 'the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID',
  fix: 'Copy the ARN of the key itself; an alias will not do.',
};
const listOfDatabases = {
  expected: 'a list with at least one database name',
  fix: 'Name databases as the server does, or leave the key out to take all of them.',
};
const databaseName = { expected: 'the name of a database', fix: 'Write the name as the server does.' };
const portNumber = { expected: 'a whole number from 1 to 65535', fix: "Give the server's port." };
const memory = {
  expected: 'a whole number from 256 to 10240 (MiB)',
  fix: 'Lambda gives processor time in proportion to memory; 2048 is a good start.',
};
const storage = {
  expected: 'a whole number from 512 to 10240 (MiB)',
  fix: 'Only the directory format needs more than 512: room for the archive of the largest database.',
};
const timeout = {
  expected: 'a whole number from 1 to 15 (minutes)',
  fix: 'Lambda ends a function after 15 minutes; back up larger databases with the pgproof command.',
};

/** One entry for every key there is; a test compares them with the schema and with docs/configuration.md. */
export const advice: Readonly<Record<string, Advice>> = {
  '': {
    expected: 'an object with sources',
    fix: 'Take the pgproof object of the repository’s cdk.json as a start.',
  },
  stackName: {
    expected: '1 to 100 letters, digits and hyphens, a letter first',
    fix: 'Leave it out for pgproof; a second deployment in one account and region needs another name.',
  },
  sources: {
    expected: 'a list with at least one source',
    fix: 'Describe each PostgreSQL server as one source.',
  },
  'sources.*': {
    expected: 'an object with name, schedules, and secretArn or iam',
    fix: 'See the example in docs/configuration.md.',
  },
  'sources.*.name': {
    expected: '1 to 64 letters, digits, dots, hyphens and underscores, no dot first',
    fix: 'Choose a name for the server, such as orders-prod; its backups carry it.',
  },
  'sources.*.secretArn': {
    expected: 'arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX',
    fix: 'Copy the whole ARN of the secret, with the six characters at its end.',
  },
  'sources.*.secretKmsKeyArn': arnOfKey,
  'sources.*.host': {
    expected: 'a host name',
    fix: 'Give it where the secret has no host (secrets that RDS manages), or for a replica.',
  },
  'sources.*.port': portNumber,
  'sources.*.iam': {
    expected: 'an object with host, user, resourceId and, if it is not 5432, port',
    fix: 'Give these, or secretArn instead.',
  },
  'sources.*.iam.host': { expected: 'a host name', fix: "Give the endpoint's name, as RDS shows it." },
  'sources.*.iam.port': portNumber,
  'sources.*.iam.user': {
    expected: 'the name of a role, without * and ?',
    fix: 'Name the role that was granted rds_iam.',
  },
  'sources.*.iam.resourceId': {
    expected: 'db-…, cluster-… or prx-…',
    fix: 'Copy the resource id (not the name) from the Configuration tab of the RDS console.',
  },
  'sources.*.maintenanceDatabase': databaseName,
  'sources.*.sslMode': {
    expected: 'disable, allow, prefer, require, verify-ca or verify-full',
    fix: 'Leave it out for the safe default.',
  },
  'sources.*.databases': listOfDatabases,
  'sources.*.databases.*': databaseName,
  'sources.*.excludeDatabases': listOfDatabases,
  'sources.*.excludeDatabases.*': databaseName,
  'sources.*.lockWaitSeconds': {
    expected: 'a whole number from 1 to 900 (seconds)',
    fix: 'Leave it out for 60 seconds.',
  },
  'sources.*.stallSeconds': {
    expected: 'a whole number from 10 to 900 (seconds)',
    fix: 'Leave it out for 300 seconds.',
  },
  'sources.*.checks': {
    expected: 'a list with at least one check',
    fix: 'Add { "database": "app", "sql": "select count(*) > 1000 from orders" }, or leave the key out.',
  },
  'sources.*.checks.*': {
    expected: 'an object with sql, and name and database if you like',
    fix: 'Add { "database": "app", "sql": "select count(*) > 1000 from orders" }.',
  },
  'sources.*.checks.*.name': { expected: 'a text', fix: 'Choose a name, which alerts will mention.' },
  'sources.*.checks.*.database': databaseName,
  'sources.*.checks.*.sql': {
    expected: 'SQL that returns one row with one column that is true',
    fix: 'Write, for example, select count(*) > 1000 from orders.',
  },
  'sources.*.fingerprint': { expected: 'true or false', fix: 'Leave it out for false.' },
  'sources.*.schedules': {
    expected: 'a list with at least one schedule',
    fix: 'Add { "name": "nightly", "cron": "cron(0 2 * * ? *)" }.',
  },
  'sources.*.schedules.*': {
    expected: 'an object with name and cron',
    fix: 'Add { "name": "nightly", "cron": "cron(0 2 * * ? *)" }.',
  },
  'sources.*.schedules.*.name': {
    expected: '1 to 64 letters, digits, dots, hyphens and underscores',
    fix: 'Choose a name, such as nightly.',
  },
  'sources.*.schedules.*.cron': {
    expected: 'cron(minutes hours day-of-month month day-of-week year), one of the two days being ?',
    fix: 'Write cron(0 2 * * ? *) for two o’clock every night.',
  },
  'sources.*.schedules.*.timeZone': {
    expected: 'a name of the tz database',
    fix: 'Write UTC, Europe/Berlin, America/New_York, …',
  },
  'sources.*.schedules.*.databases': listOfDatabases,
  'sources.*.schedules.*.databases.*': databaseName,
  'sources.*.schedules.*.excludeDatabases': listOfDatabases,
  'sources.*.schedules.*.excludeDatabases.*': databaseName,
  'sources.*.schedules.*.format': {
    expected: 'custom, plain, directory or tar',
    fix: 'Leave it out for custom, which suits most.',
  },
  'sources.*.schedules.*.compress': {
    expected: 'none, gzip, lz4 or zstd, and a level if you like, such as zstd:1',
    fix: 'Leave it out: the default is the fastest one that the server’s pg_dump has.',
  },
  'sources.*.schedules.*.jobs': {
    expected: 'a whole number from 1 to 64',
    fix: 'Give as many as the function has processors (one per 1769 MiB of memory).',
  },
  'sources.*.schedules.*.parallel': {
    expected: 'a whole number from 1 to 16',
    fix: 'Leave it out to take one database after another.',
  },
  'sources.*.schedules.*.rows': { expected: 'exact or none', fix: 'Leave it out for exact.' },
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
  'bucket.kmsKeyArn': arnOfKey,
  'bucket.transition': {
    expected: 'an object with storageClass and afterDays',
    fix: 'Write { "storageClass": "GLACIER_IR", "afterDays": 30 }, or leave it out.',
  },
  'bucket.transition.storageClass': {
    expected: 'STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING or GLACIER_IR',
    fix: 'Classes that must thaw first would keep a restore waiting for hours.',
  },
  'bucket.transition.afterDays': {
    expected: 'a whole number from 0 to 3650 (days)',
    fix: 'S3 wants at least 30 for STANDARD_IA and ONEZONE_IA.',
  },
  'bucket.abortIncompleteUploadsAfterDays': {
    expected: 'a whole number from 1 to 7 (days)',
    fix: 'Leave it out for 3.',
  },
  'bucket.keepDeletedVersionsDays': {
    expected: 'a whole number from 1 to 3650 (days)',
    fix: 'Leave it out for 30.',
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
  'alerts.notify': { expected: 'failures or all', fix: 'Leave it out to hear of failures only.' },
  network: {
    expected: 'an object with vpcId and subnetIds',
    fix: 'Leave it out where the database can be reached without a VPC.',
  },
  'network.vpcId': {
    expected: 'vpc- and 8 or 17 hexadecimal digits',
    fix: 'Copy the id of the VPC in which the database is.',
  },
  'network.subnetIds': {
    expected: 'a list with at least one subnet',
    fix: 'Name private subnets of that VPC from which the database can be reached.',
  },
  'network.subnetIds.*': {
    expected: 'subnet- and 8 or 17 hexadecimal digits',
    fix: 'Copy the id of a subnet of that VPC.',
  },
  'network.securityGroupIds': {
    expected: 'a list of one to five security groups',
    fix: 'Leave it out for one that may reach the database and HTTPS.',
  },
  'network.securityGroupIds.*': {
    expected: 'sg- and 8 or 17 hexadecimal digits',
    fix: 'Copy the id of a security group of that VPC.',
  },
  'network.endpoints': {
    expected: 'true or false',
    fix: 'true where the subnets have no way to the internet and no endpoints yet.',
  },
  'network.routeTableIds': {
    expected: 'a list with at least one route table',
    fix: 'Name the route tables of the subnets; the S3 endpoint is entered there.',
  },
  'network.routeTableIds.*': {
    expected: 'rtb- and 8 or 17 hexadecimal digits',
    fix: 'Copy the id of a route table of that VPC.',
  },
  functions: { expected: 'an object', fix: 'Leave it out for the defaults.' },
  'functions.architecture': { expected: 'arm64 or x86_64', fix: 'Leave it out for arm64, which costs less.' },
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
  'layer.majors.*': { expected: '15, 17 or 18', fix: 'For 14 and older take 15, for 16 take 17.' },
  'layer.arn': {
    expected: 'the ARN of a layer version, arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION',
    fix: 'Copy the ARN of a version, with the number at its end.',
  },
  verify: { expected: 'an object', fix: 'Leave it out for the defaults.' },
  'verify.level': {
    expected: 'auto, checksum, read or restore',
    fix: 'Leave it out for auto: restore where the database fits, else read.',
  },
  'verify.postgresMajor': {
    expected: '15, 17 or 18',
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

/** The keys that an object at `pattern` may have. */
export function knownKeys(pattern: string): string[] {
  const prefix = pattern === '' ? '' : `${pattern}.`;
  return Object.keys(advice)
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length))
    .filter((rest) => rest !== '' && rest !== '*' && !rest.includes('.'));
}
