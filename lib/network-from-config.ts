import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { postgresPort } from '../core/vocabulary.ts';
import type { Config } from './config/schema.ts';
import { Network } from './network.ts';

/** From where the servers are reached, if that is a VPC. */
export function serverNetwork(scope: Construct, config: Config): Network | undefined {
  if (config.network === undefined) return undefined;
  const { vpcId, databaseSecurityGroupIds, databaseCidrs, ...subnets } = config.network;
  const { sources, restore, backupLog } = config;
  // A restore function and the log table's log in with a secret, whatever the sources do.
  const needsSecrets =
    restore.enabled || backupLog !== undefined || sources.some(({ secretArn }) => secretArn !== undefined);
  return new Network(scope, 'Network', {
    vpcId,
    subnets,
    ports: [
      ...sources.map(({ port, iam }) => port ?? iam?.port ?? postgresPort),
      ...(backupLog === undefined ? [] : [backupLog.port ?? postgresPort]),
    ],
    databaseSecurityGroupIds,
    databaseCidrs,
    services: needsSecrets ? ['Sns', 'SecretsManager'] : ['Sns'],
  });
}

/**
 * Where what a dump contains may run: from there nothing but S3 and SNS is reached, if the subnets are as the
 * documentation asks.
 * @param neighbour the network of the servers, whose endpoints serve the whole of its VPC
 */
export function isolatedNetwork(
  scope: Construct,
  { verify, network }: Config,
  bucket: IBucket,
  neighbour: Network | undefined,
): Network | undefined {
  if (verify.network === undefined) return undefined;
  const { vpcId = network?.vpcId, s3PrefixListId = network?.s3PrefixListId, ...subnets } = verify.network;
  // The configuration was refused without one.
  if (vpcId === undefined) return undefined;
  return new Network(scope, 'VerifyNetwork', {
    vpcId,
    subnets: { ...subnets, s3PrefixListId },
    ports: [],
    services: ['Sns'],
    neighbour: vpcId === network?.vpcId ? neighbour : undefined,
    onlyFor: bucket,
  });
}
