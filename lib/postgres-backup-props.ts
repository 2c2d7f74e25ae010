import type { Duration, Size } from 'aws-cdk-lib';
import type { IPeer, ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Architecture, ILayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { UserCheck } from '../core/config/checks.ts';
import type { LevelChoice, NotifyPolicy, TlsMode } from '../core/vocabulary.ts';
import type { BackupLog } from './backup-log.ts';
import type { BackupSchedule } from './schedule.ts';
import type { TableSelectionProps } from './table-selection-props.ts';
import type { VerifyNetworkProps } from './verify-network-props.ts';

/** The function that restores. It runs in the same VPC as the backup function. */
export interface RestoreProps {
  /**
   * Secrets of the servers that may be restored into, in RDS's JSON form; the first is taken where nobody names one.
   * @default - the source's own
   */
  readonly secrets?: readonly ISecret[] | undefined;
  /** @default Size.mebibytes(2048) */
  readonly memory?: Size | undefined;
  /**
   * /tmp: room for the largest archive. Without it a restore has one process instead of several.
   * @default Size.mebibytes(10240)
   */
  readonly temporaryStorage?: Size | undefined;
  /** @default Duration.minutes(15) */
  readonly timeout?: Duration | undefined;
}

/** One server and how it is backed up. Log in with `secret`, or with `host`, `user` and `databaseResourceId`. */
export interface PostgresBackupProps extends TableSelectionProps {
  /** The name that the backups carry: 1 to 64 letters, digits, dots, hyphens and underscores, no dot first; not `status`. */
  readonly sourceName: string;
  /** When. At least one. */
  readonly schedules: readonly BackupSchedule[];
  /**
   * User name and password in RDS's JSON form (username, password, host, port, dbname).
   * @default - IAM authentication, with host, user and databaseResourceId
   */
  readonly secret?: ISecret | undefined;
  /**
   * The server's host name.
   * @default - the secret's
   */
  readonly host?: string | undefined;
  /**
   * The server's port.
   * @default - the secret's, else 5432
   */
  readonly port?: number | undefined;
  /**
   * The role to log in as.
   * @default - the secret's
   */
  readonly user?: string | undefined;
  /**
   * Resource id of the instance (db-…), cluster (cluster-…) or proxy (prx-…), for IAM authentication.
   * @default - the secret's password is used
   */
  readonly databaseResourceId?: string | undefined;
  /**
   * The database to connect to for listing the others.
   * @default - the secret's dbname, else `postgres`
   */
  readonly maintenanceDatabase?: string | undefined;
  /**
   * libpq's sslmode.
   * @default - verify-full for hosts of RDS and with `caFile`, else require
   */
  readonly sslMode?: TlsMode | undefined;
  /**
   * A PEM file, on the machine that deploys, with the authorities that may have signed the server's certificate. It
   * becomes a layer of the functions that connect to the server.
   * @default - AWS's own for hosts of RDS, else none
   */
  readonly caFile?: string | undefined;
  /**
   * Take these databases only.
   * @default - all that are not templates and allow connections, but for `postgres`
   */
  readonly databases?: readonly string[] | undefined;
  /**
   * Take all but these.
   * @default - none is left out
   */
  readonly excludeDatabases?: readonly string[] | undefined;
  /**
   * How long pg_dump waits for a table that is locked.
   * @default Duration.seconds(60)
   */
  readonly lockWaitTimeout?: Duration | undefined;
  /**
   * How long a dump may make no progress at all before it is ended.
   * @default Duration.seconds(300)
   */
  readonly stallTimeout?: Duration | undefined;
  /**
   * Where backups go. A bucket of yours must send its events to EventBridge, or nothing is verified.
   * @default - a BackupBucket of its own
   */
  readonly bucket?: IBucket | undefined;
  /**
   * Where in the bucket, without slashes at the ends.
   * @default - at the top
   */
  readonly prefix?: string | undefined;
  /**
   * KMS key for the objects.
   * @default - the bucket's
   */
  readonly encryptionKey?: IKey | undefined;
  /**
   * Where alerts and alarms go. A topic of yours must let CloudWatch's alarms publish, and use its key if it has one.
   * @default - an AlertTopic of its own, without subscriptions
   */
  readonly topic?: ITopic | undefined;
  /**
   * Whether successes are told too.
   * @default 'failures'
   */
  readonly notify?: NotifyPolicy | undefined;
  /**
   * The VPC from which the server can be reached.
   * @default - the backup function is in no VPC
   */
  readonly vpc?: IVpc | undefined;
  /**
   * Its subnets. They need a way to S3, SNS and Secrets Manager: a NAT gateway or endpoints.
   * @default - CDK's default selection, the private ones
   */
  readonly vpcSubnets?: SubnetSelection | undefined;
  /**
   * Security groups of the backup function.
   * @default - one that may reach `databasePeers` at the server's port and `servicePeers` by HTTPS
   */
  readonly securityGroups?: readonly ISecurityGroup[] | undefined;
  /**
   * Where the server is, for that security group: its group, `Peer.ipv4('10.0.8.0/24')`. An empty list where you open it
   * yourself, by `database.connections.allowDefaultPortFrom(backup)`.
   * @default - every address
   */
  readonly databasePeers?: readonly IPeer[] | undefined;
  /**
   * Where S3, SNS and Secrets Manager are reached: `Peer.prefixList('pl-…')`, the security groups of endpoints.
   * @default - every address
   */
  readonly servicePeers?: readonly IPeer[] | undefined;
  /**
   * Where the verify function runs.
   * @default - in no VPC
   */
  readonly verifyNetwork?: VerifyNetworkProps | undefined;
  /**
   * Of both functions.
   * @default Architecture.ARM_64
   */
  readonly architecture?: Architecture | undefined;
  /**
   * The layer with PostgreSQL's client programs, for this architecture.
   * @default - a ClientLayer with PostgreSQL 15, 17 and 18, shared within the stack
   */
  readonly layer?: ILayerVersion | undefined;
  /**
   * Of the backup function. Processor time is in proportion to it: one processor for each 1769 MiB.
   * @default Size.mebibytes(2048)
   */
  readonly memory?: Size | undefined;
  /**
   * /tmp of the backup function, 512 to 10240 MiB. The directory format needs room for the largest archive.
   * @default Size.mebibytes(512)
   */
  readonly temporaryStorage?: Size | undefined;
  /**
   * How long a backup run may take; Lambda allows 15 minutes.
   * @default Duration.minutes(15)
   */
  readonly timeout?: Duration | undefined;
  /**
   * How deep each backup is verified: `auto` restores it into a private server where the database fits into /tmp and
   * the time, and else reads it.
   * @default 'auto'
   */
  readonly verifyLevel?: LevelChoice | undefined;
  /**
   * The PostgreSQL server that backups are restored into to verify them.
   * @default - ServerLayer.shared with the newest major, for the levels auto and restore
   */
  readonly serverLayer?: ILayerVersion | undefined;
  /**
   * SQL that must return true in a restored backup. At most 2,500 bytes as JSON: a function's environment holds 4 KB.
   * @default - none
   */
  readonly verifyChecks?: readonly UserCheck[] | undefined;
  /**
   * What may lack where a backup is restored to verify it, such as `extension aws_commons` or
   * `materialized view crm.mirror`: the verdict is told with it. Rows of tables may not.
   * @default - nothing
   */
  readonly verifyWithout?: readonly string[] | undefined;
  /**
   * Restores also where the SQL of a backup could read the verify function's credentials. They may read this source's
   * backups, write its verifications, publish alerts and tell the log table.
   * @default false - level `auto` only reads there
   */
  readonly verifyAllowUncontained?: boolean | undefined;
  /**
   * Records a hash of every table's content with each backup, which a verification by restore compares.
   * @default false
   */
  readonly fingerprint?: boolean | undefined;
  /**
   * Whether `globals.sql` holds the hashes of the roles' passwords, where the role that backs up may read them. Without
   * them everything but the passwords of roles comes back.
   * @default true
   */
  readonly rolePasswords?: boolean | undefined;
  /**
   * Whom RECOVERY.md beside the backups says to ask when a database is lost: one line of at most 200 characters, no secret.
   * @default - nobody is named
   */
  readonly contact?: string | undefined;
  /**
   * A function that restores backups, called by hand.
   * @default - there is none
   */
  readonly restore?: RestoreProps | undefined;
  /**
   * Of the verify function.
   * @default Size.mebibytes(2048)
   */
  readonly verifyMemory?: Size | undefined;
  /**
   * /tmp of the verify function: room for the largest restored database and its archive.
   * @default - 10240 MiB for the levels auto and restore, else 512 MiB
   */
  readonly verifyTemporaryStorage?: Size | undefined;
  /**
   * How long a verification may take; Lambda allows 15 minutes.
   * @default Duration.minutes(15)
   */
  readonly verifyTimeout?: Duration | undefined;
  /**
   * The table that hears of backups and verifications.
   * @default - none
   */
  readonly log?: BackupLog | undefined;
  /**
   * How long the functions' logs are kept.
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays | undefined;
  /**
   * Directory with `backup/index.mjs`, `verify/index.mjs` and, for `restore`, `restore/index.mjs`.
   * @default - dist/functions of this package
   */
  readonly functionsDirectory?: string | undefined;
}
