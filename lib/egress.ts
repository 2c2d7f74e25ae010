import { Annotations } from 'aws-cdk-lib';
import { type IPeer, type ISecurityGroup, type IVpc, Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';

/** Where a function in a VPC has to get to. What is not known is every address. */
export interface WaysOut {
  /** The ports of the servers; none for a function that talks to none. */
  readonly ports: readonly number[];
  /**
   * The servers' security groups or addresses.
   * @default - every address
   */
  readonly databasePeers?: readonly IPeer[] | undefined;
  /**
   * Where S3, SNS and Secrets Manager are reached by HTTPS: the groups of endpoints, S3's prefix list.
   * @default - every address
   */
  readonly servicePeers?: readonly IPeer[] | undefined;
}

const everywhere: readonly IPeer[] = [Peer.anyIpv4()];

/** Out to the servers' ports and to AWS by HTTPS; nothing comes in. Says so where that is every address. */
export function egressGroup(scope: Construct, vpc: IVpc, ways: WaysOut): ISecurityGroup {
  const { ports, databasePeers, servicePeers } = ways;
  const toServers = ports.length > 0;
  const group = new SecurityGroup(scope, 'SecurityGroup', {
    vpc,
    allowAllOutbound: false,
    description: `pgproof: to ${toServers ? 'PostgreSQL and to ' : ''}the AWS services`,
  });
  for (const port of new Set(ports)) {
    for (const peer of databasePeers ?? everywhere) group.addEgressRule(peer, Port.tcp(port), 'PostgreSQL');
  }
  const services = toServers ? 'S3, SNS, Secrets Manager' : 'S3, SNS';
  for (const peer of servicePeers ?? everywhere) group.addEgressRule(peer, Port.HTTPS, services);
  if (toServers && databasePeers === undefined) {
    Annotations.of(group).addWarningV2(
      'pgproof:open-egress:databases',
      `A function may connect to every address at port ${[...new Set(ports)].join(', ')}, as nobody said where the servers are. Give network.databaseSecurityGroupIds or network.databaseCidrs (of the construct: databasePeers).`,
    );
  }
  if (servicePeers === undefined) {
    Annotations.of(group).addWarningV2(
      'pgproof:open-egress:services',
      `A function may connect to every address by HTTPS, as it is not known where ${services} are reached. Give s3PrefixListId and, beside it, endpoints or endpointSecurityGroupIds (of the construct: servicePeers); with a NAT gateway there is no narrower rule.`,
    );
  }
  return group;
}
