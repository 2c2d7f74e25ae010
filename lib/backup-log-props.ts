import type { IPeer, ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { Architecture } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { TlsMode } from '../core/vocabulary.ts';

/** A table for your monitoring, in a database of yours. */
export interface BackupLogProps {
  /** Of a role that may read, insert and update the table, in RDS's JSON form. */
  readonly secret: ISecret;
  /** @default - the secret's */
  readonly host?: string | undefined;
  /** @default - the secret's, else 5432 */
  readonly port?: number | undefined;
  /**
   * The database with the table.
   * @default - the secret's `dbname`, else `postgres`
   */
  readonly database?: string | undefined;
  /** @default 'public' */
  readonly schema?: string | undefined;
  /** @default 'backup_log' */
  readonly table?: string | undefined;
  /** @default - `verify-full` for RDS and with `caFile`, else `require` */
  readonly sslMode?: TlsMode | undefined;
  /**
   * PEM file with the authorities to trust.
   * @default - AWS's for RDS
   */
  readonly caFile?: string | undefined;
  /** Who hears of what could not be written for hours. */
  readonly topic: ITopic;
  /**
   * From where the database is reached.
   * @default - no VPC
   */
  readonly vpc?: IVpc | undefined;
  readonly vpcSubnets?: SubnetSelection | undefined;
  /** @default - one that lets out to the database and to AWS */
  readonly securityGroups?: readonly ISecurityGroup[] | undefined;
  /** @default - every address */
  readonly databasePeers?: readonly IPeer[] | undefined;
  /** @default - every address */
  readonly servicePeers?: readonly IPeer[] | undefined;
  /** @default Architecture.ARM_64 */
  readonly architecture?: Architecture | undefined;
  /** @default RetentionDays.THREE_MONTHS */
  readonly logRetention?: RetentionDays | undefined;
  /**
   * Directory with `log/index.mjs`.
   * @default - dist/functions of this package
   */
  readonly functionsDirectory?: string | undefined;
}
