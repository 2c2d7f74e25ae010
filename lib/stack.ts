import {
  Annotations,
  CfnOutput,
  CfnParameter,
  Duration,
  Size,
  Stack,
  TimeZone,
  Validations,
} from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Architecture, type ILayerVersion, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { mayRestore } from '../core/vocabulary.ts';
import { bucketFrom } from './bucket-from-config.ts';
import { examplesIn } from './config/examples.ts';
import type { Config, ScheduleConfig, SourceConfig } from './config/schema.ts';
import { copiesFrom } from './copies-from-config.ts';
import { ClientLayer, newest, ServerLayer } from './layer.ts';
import { LayerUnavailable } from './layer-code.ts';
import { logFrom } from './log-from-config.ts';
import { isolatedNetwork, serverNetwork } from './network-from-config.ts';
import { PostgresBackup } from './postgres-backup.ts';
import type { PostgresBackupProps } from './postgres-backup-props.ts';
import { retentionFrom } from './retention-from-config.ts';
import type { BackupSchedule } from './schedule.ts';
import { AlertTopic } from './topic.ts';
import { warnOfTransitions } from './transition-warnings.ts';

export interface BackupStackProps {
  readonly config: Config;
  /** Where the bundled functions are. @default - dist/functions of this package */
  readonly functionsDirectory?: string | undefined;
  /** Where the client layer was built. @default - built at synth where it is missing */
  readonly layerDirectory?: string | undefined;
  /** Where the server layer was built. @default - built at synth where it is missing or out of date */
  readonly serverLayerDirectory?: string | undefined;
}

/** Everything that one configuration describes: a bucket, a topic, and a PostgresBackup for each source. */
export class BackupStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { config, functionsDirectory, layerDirectory, serverLayerDirectory }: BackupStackProps,
  ) {
    super(scope, id, {
      stackName: config.stackName,
      description: 'pgproof: PostgreSQL backups that prove they restore',
    });
    const { functions, verify, alerts } = config;
    const bucket = bucketFrom(this, config.bucket);
    warnOfTransitions(this, config);
    const topic = new AlertTopic(this, 'Alerts', { emails: alerts.emails });
    const architecture = functions.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64;
    const network = serverNetwork(this, config);
    const verifyNetwork = isolatedNetwork(this, config, bucket, network);
    const logRetention = functions.logRetentionDays;
    const log = logFrom(this, config, { topic, architecture, functionsDirectory, logRetention }, network);
    const shared = {
      bucket,
      topic,
      log,
      architecture,
      functionsDirectory,
      prefix: config.bucket.prefix,
      notify: alerts.notify,
      contact: config.contact,
      layer: this.makeLayer(config.layer, architecture, layerDirectory),
      serverLayer: mayRestore(verify.level)
        ? this.makeServerLayer(config, architecture, serverLayerDirectory)
        : undefined,
      memory: Size.mebibytes(functions.memoryMiB),
      temporaryStorage: Size.mebibytes(functions.temporaryStorageMiB),
      timeout: Duration.minutes(functions.timeoutMinutes),
      verifyLevel: verify.level,
      verifyWithout: verify.without,
      verifyAllowUncontained: verify.allowUncontained,
      verifyMemory: Size.mebibytes(verify.memoryMiB),
      verifyTemporaryStorage:
        verify.temporaryStorageMiB === undefined ? undefined : Size.mebibytes(verify.temporaryStorageMiB),
      verifyTimeout: Duration.minutes(verify.timeoutMinutes),
      logRetention,
      vpc: network?.vpc,
      vpcSubnets: network && { subnets: [...network.subnets] },
      securityGroups: network?.securityGroups,
      verifyNetwork: verifyNetwork && {
        vpc: verifyNetwork.vpc,
        vpcSubnets: { subnets: [...verifyNetwork.subnets] },
        securityGroups: verifyNetwork.securityGroups,
      },
    };
    const backups = config.sources.map((source) => {
      const backup = new PostgresBackup(this, source.name, {
        ...shared,
        ...this.serverOf(source),
        restore: this.restoreOf(config, source.name),
      });
      if (backup.restoreFunction !== undefined) {
        new CfnOutput(this, `${source.name}-restore-function`, {
          description: `Restores a backup of ${source.name}`,
          value: backup.restoreFunction.functionName,
        });
      }
      new CfnOutput(this, `${source.name}-backup-function`, {
        description: `Starts a backup of ${source.name}`,
        value: backup.backupFunction.functionName,
      });
      return backup;
    });
    const ofAll = {
      backups,
      topic,
      log,
      architecture,
      functionsDirectory,
      logRetention,
    };
    const retention = retentionFrom(this, config, ofAll);
    copiesFrom(this, config, { ...ofAll, notify: alerts.notify, contact: config.contact });
    if (retention !== undefined) {
      new CfnOutput(this, 'prune-function', {
        description: 'Deletes the backups that no rule keeps',
        value: retention.pruneFunction.functionName,
      });
    }
    new CfnOutput(this, 'BucketName', { description: 'Where the backups are', value: bucket.bucketName });
    new CfnOutput(this, 'AlertTopicArn', { description: 'Where alerts go', value: topic.topicArn });
    this.refuseExamples(config);
  }

  private makeLayer(config: Config['layer'], architecture: Architecture, directory?: string): ILayerVersion {
    if (config.arn !== undefined) return LayerVersion.fromLayerVersionArn(this, 'Layer', config.arn);
    return this.layerOrParameter('Client', 'the PostgreSQL client programs', () => {
      return new ClientLayer(this, 'Layer', { architecture, majors: config.majors, directory });
    });
  }

  private makeServerLayer(
    { verify, layer }: Config,
    architecture: Architecture,
    directory?: string,
  ): ILayerVersion {
    const { layerArn, postgresMajor: major = newest(layer.majors), extensions, locales } = verify;
    if (layerArn !== undefined) return LayerVersion.fromLayerVersionArn(this, 'Server', layerArn);
    return this.layerOrParameter('Server', `a PostgreSQL ${major} server`, () => {
      return new ServerLayer(this, 'Server', { architecture, major, extensions, locales, directory });
    });
  }

  /**
   * Where a layer cannot be built the template still can: it then asks for the ARN of a layer, as a parameter without a
   * default, and nothing is deployed until someone gives one.
   */
  private layerOrParameter(name: string, content: string, make: () => ILayerVersion): ILayerVersion {
    try {
      return make();
    } catch (error: unknown) {
      if (!(error instanceof LayerUnavailable)) throw error;
      Annotations.of(this).addWarningV2(
        `pgproof:layer:${name}`,
        `${error.message} Until then this stack cannot be deployed.`,
      );
      const parameter = new CfnParameter(this, `${name}LayerArn`, {
        description: `ARN of a layer version with ${content}; it could not be built at synth`,
      });
      return LayerVersion.fromLayerVersionArn(this, `${name}Given`, parameter.valueAsString);
    }
  }

  private restoreOf({ restore, sources }: Config, name: string): PostgresBackupProps['restore'] {
    if (!restore.enabled) return undefined;
    return {
      secrets: restore.secretArns?.map((secretCompleteArn, index) => {
        const id = `${name}-restore-secret-${index + 1}`;
        // The secret of a source keeps its own key, which need not be that of the others.
        const source = sources.find(({ secretArn }) => secretArn === secretCompleteArn);
        const keyArn = source === undefined ? restore.secretKmsKeyArn : source.secretKmsKeyArn;
        return Secret.fromSecretAttributes(this, id, {
          secretCompleteArn,
          ...(keyArn === undefined ? {} : { encryptionKey: Key.fromKeyArn(this, `${id}-key`, keyArn) }),
        });
      }),
      memory: Size.mebibytes(restore.memoryMiB),
      temporaryStorage: Size.mebibytes(restore.temporaryStorageMiB),
      timeout: Duration.minutes(restore.timeoutMinutes),
    };
  }

  private serverOf(source: SourceConfig): Omit<PostgresBackupProps, 'bucket' | 'topic'> {
    const { name, secretArn, secretKmsKeyArn, iam } = source;
    const encryptionKey = secretKmsKeyArn && Key.fromKeyArn(this, `${name}-secret-key`, secretKmsKeyArn);
    const secret =
      secretArn &&
      Secret.fromSecretAttributes(this, `${name}-secret`, {
        secretCompleteArn: secretArn,
        ...(encryptionKey ? { encryptionKey } : {}),
      });
    return {
      sourceName: name,
      secret: secret || undefined,
      host: iam?.host ?? source.host,
      port: iam?.port ?? source.port,
      user: iam?.user,
      databaseResourceId: iam?.resourceId,
      maintenanceDatabase: source.maintenanceDatabase,
      sslMode: source.sslMode,
      caFile: source.caFile,
      databases: source.databases,
      excludeDatabases: source.excludeDatabases,
      schemas: source.schemas,
      excludeSchemas: source.excludeSchemas,
      excludeTables: source.excludeTables,
      excludeTableData: source.excludeTableData,
      lockWaitTimeout: seconds(source.lockWaitSeconds),
      stallTimeout: seconds(source.stallSeconds),
      verifyChecks: source.checks,
      fingerprint: source.fingerprint,
      rolePasswords: source.globals.rolePasswords,
      schedules: source.schedules.map(scheduleOf),
    };
  }

  /** A deployed example would run every night against nothing. A parameter that nobody gives stops the deployment. */
  private refuseExamples(config: Config): void {
    const examples = examplesIn(config);
    if (examples.length === 0) {
      if (config.alerts.emails.length === 0)
        Annotations.of(this).addWarningV2(
          'pgproof:nobody-hears',
          'alerts.emails is empty: nobody hears of failures unless you subscribe to the topic.',
        );
      return;
    }
    Annotations.of(this).addWarningV2(
      'pgproof:examples',
      `cdk.json still has the example's values (${examples.join(', ')}): this stack can be looked at, and not be deployed. Write your own values there.`,
    );
    new CfnParameter(this, 'EditCdkJsonFirst', {
      description: `Do not give this a value: replace the example's values in cdk.json (${examples.join(', ')}), and it is gone`,
    });
    Validations.of(this).acknowledge({
      id: 'CloudFormation-Validate::W2001',
      reason: 'Nothing refers to it; that it has no value is its whole effect.',
    });
  }
}

function seconds(value: number | undefined): Duration | undefined {
  return value === undefined ? undefined : Duration.seconds(value);
}

function scheduleOf({ cron, timeZone, ...schedule }: ScheduleConfig): BackupSchedule {
  return { ...schedule, expression: ScheduleExpression.expression(cron, TimeZone.of(timeZone)) };
}
