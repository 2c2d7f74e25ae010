import { Annotations, Stack } from 'aws-cdk-lib';
import {
  CfnVPCEndpoint,
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  type ISecurityGroup,
  type ISubnet,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  Subnet,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { postgresPort } from '../core/vocabulary.ts';
import type { Config } from './config/schema.ts';

export interface NetworkProps {
  readonly network: NonNullable<Config['network']>;
  readonly sources: Config['sources'];
  /** A restore function logs in with a secret, whatever the sources do. */
  readonly restores: boolean;
}

// Nothing here asks for a subnet's zone, but CDK refuses to select a subnet that has none.
const unknownZone = 'unknown';

/** The VPC as the configuration describes it. Nothing is looked up: that would need an account at synth. */
export class Network extends Construct {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  readonly securityGroups: readonly ISecurityGroup[];

  constructor(scope: Construct, id: string, { network, sources, restores }: NetworkProps) {
    super(scope, id);
    this.vpc = Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId: network.vpcId,
      availabilityZones: [unknownZone],
    });
    this.subnets = network.subnetIds.map((subnetId) => {
      const subnet = Subnet.fromSubnetAttributes(this, subnetId, { subnetId, availabilityZone: unknownZone });
      Annotations.of(subnet).acknowledgeWarning(
        '@aws-cdk/aws-ec2:noSubnetRouteTableId',
        'The route tables are given beside the subnets, for the one endpoint that needs them.',
      );
      return subnet;
    });
    this.securityGroups = network.securityGroupIds?.map((groupId) =>
      // The groups are the user's: their rules are too.
      SecurityGroup.fromSecurityGroupId(this, groupId, groupId, { mutable: false }),
    ) ?? [
      egressGroup(
        this,
        this.vpc,
        sources.map(({ port, iam }) => port ?? iam?.port ?? postgresPort),
      ),
    ];
    if (network.endpoints) {
      const needsSecrets = restores || sources.some(({ secretArn }) => secretArn !== undefined);
      this.addEndpoints(network.routeTableIds ?? [], needsSecrets);
    }
  }

  /**
   * The ways out of a VPC without a NAT gateway. Only what the functions in it call: S3, SNS, Secrets Manager. Logs
   * and metrics leave through Lambda itself, an IAM token is made locally, and KMS is called by S3.
   */
  private addEndpoints(routeTableIds: readonly string[], needsSecrets: boolean): void {
    new CfnVPCEndpoint(this, 'S3Endpoint', {
      vpcId: this.vpc.vpcId,
      vpcEndpointType: 'Gateway',
      serviceName: `com.amazonaws.${Stack.of(this).region}.s3`,
      routeTableIds: [...routeTableIds],
    });
    const group = new SecurityGroup(this, 'EndpointSecurityGroup', {
      vpc: this.vpc,
      allowAllOutbound: false,
      description: 'pgproof: HTTPS from the backup functions to the AWS services',
    });
    for (const peer of this.securityGroups) group.addIngressRule(peer, Port.HTTPS, 'pgproof');
    const services = {
      Sns: InterfaceVpcEndpointAwsService.SNS,
      ...(needsSecrets ? { SecretsManager: InterfaceVpcEndpointAwsService.SECRETS_MANAGER } : {}),
    };
    for (const [name, service] of Object.entries(services)) {
      new InterfaceVpcEndpoint(this, `${name}Endpoint`, {
        vpc: this.vpc,
        service,
        subnets: { subnets: [...this.subnets] },
        securityGroups: [group],
        open: false,
      });
    }
  }
}

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
