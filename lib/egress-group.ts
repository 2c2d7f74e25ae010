import { type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';

export const postgresPort = 5432;

/** For what talks to the servers: out to the servers' ports and to AWS by HTTPS; nothing comes in. */
export function egressGroup(scope: Construct, vpc: IVpc, ports: readonly number[]): SecurityGroup {
  const group = new SecurityGroup(scope, 'SecurityGroup', {
    vpc,
    allowAllOutbound: false,
    description: 'pgproof: to PostgreSQL and to the AWS services',
  });
  for (const port of new Set(ports)) group.addEgressRule(Peer.anyIpv4(), Port.tcp(port), 'PostgreSQL');
  group.addEgressRule(Peer.anyIpv4(), Port.HTTPS, 'S3, SNS, Secrets Manager');
  return group;
}
