import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { BackupLog } from './backup-log.ts';
import type { BackupLogProps } from './backup-log-props.ts';
import type { Config } from './config/schema.ts';
import type { Network } from './network.ts';

/** What `backupLog` of the configuration describes; undefined where there is none. @param network from where the servers are reached */
export function logFrom(
  scope: Construct,
  { backupLog }: Config,
  shared: Omit<BackupLogProps, 'secret'>,
  network: Network | undefined,
): BackupLog | undefined {
  if (backupLog === undefined) return undefined;
  const { secretArn, secretKmsKeyArn, ...place } = backupLog;
  const encryptionKey =
    secretKmsKeyArn === undefined
      ? undefined
      : Key.fromKeyArn(scope, 'backup-log-secret-key', secretKmsKeyArn);
  const secret = Secret.fromSecretAttributes(scope, 'backup-log-secret', {
    secretCompleteArn: secretArn,
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
  });
  return new BackupLog(scope, 'BackupLog', {
    ...shared,
    ...place,
    secret,
    vpc: network?.vpc,
    vpcSubnets: network && { subnets: [...network.subnets] },
    securityGroups: network?.securityGroups,
  });
}
