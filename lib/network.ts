import { Annotations, Stack } from 'aws-cdk-lib';
import {
  CfnVPCEndpoint,
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  type IPeer,
  type ISecurityGroup,
  type ISubnet,
  type IVpc,
  Peer,
  Port,
  SecurityGroup,
  Subnet,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { SubnetsConfig } from './config/schema.ts';
import { egressGroup } from './egress.ts';

const services = {
  Sns: InterfaceVpcEndpointAwsService.SNS,
  SecretsManager: InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
};

export interface NetworkProps {
  readonly vpcId: string;
  /** The subnets, and the ways that lead out of them. */
  readonly subnets: SubnetsConfig;
  /** Ports of the servers, if any are to be reached from here, and where these are. */
  readonly ports: readonly number[];
  readonly databaseSecurityGroupIds?: readonly string[] | undefined;
  readonly databaseCidrs?: readonly string[] | undefined;
  /** The services that need an interface endpoint, where endpoints are made. */
  readonly services: readonly (keyof typeof services)[];
  /** What is in the same VPC already: its endpoints serve these subnets too, and there cannot be two of a kind. */
  readonly neighbour?: Network | undefined;
  /** The endpoints that are made let nothing through but this bucket, and nobody but this account. */
  readonly onlyFor?: IBucket | undefined;
}

// Nothing here asks for a subnet's zone, but CDK refuses to select a subnet that has none.
const unknownZone = 'unknown';

/** Subnets as the configuration describes them. Nothing is looked up: that would need an account at synth. */
export class Network extends Construct {
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  readonly securityGroups: readonly ISecurityGroup[];
  /** Groups of the user's, by their ids. */
  private readonly groups = new Map<string, ISecurityGroup>();
  /** Of the interface endpoints that were made. */
  private readonly endpointGroup: SecurityGroup | undefined;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { vpcId, subnets, neighbour } = props;
    this.vpc = Vpc.fromVpcAttributes(this, 'Vpc', { vpcId, availabilityZones: [unknownZone] });
    this.subnets = subnets.subnetIds.map((subnetId) => {
      const subnet = Subnet.fromSubnetAttributes(this, subnetId, { subnetId, availabilityZone: unknownZone });
      Annotations.of(subnet).acknowledgeWarning(
        '@aws-cdk/aws-ec2:noSubnetRouteTableId',
        'The route tables are given beside the subnets, for the one endpoint that needs them.',
      );
      return subnet;
    });
    if (subnets.endpoints) {
      this.addS3Endpoint(props);
      if (neighbour?.endpointGroup === undefined) this.endpointGroup = this.addInterfaceEndpoints(props);
    }
    const endpointGroup = this.endpointGroup ?? neighbour?.endpointGroup;
    this.securityGroups = subnets.securityGroupIds?.map((groupId) => this.given(groupId)) ?? [
      egressGroup(this, this.vpc, {
        ports: props.ports,
        databasePeers: this.databasePeers(props),
        servicePeers: this.servicePeers(subnets, endpointGroup),
      }),
    ];
    for (const peer of this.securityGroups) endpointGroup?.addIngressRule(peer, Port.HTTPS, 'pgproof');
  }

  /** A group of the user's: its rules are theirs too. */
  private given(groupId: string): ISecurityGroup {
    const group =
      this.groups.get(groupId) ??
      SecurityGroup.fromSecurityGroupId(this, groupId, groupId, { mutable: false });
    this.groups.set(groupId, group);
    return group;
  }

  private databasePeers({ databaseSecurityGroupIds, databaseCidrs }: NetworkProps): IPeer[] | undefined {
    const peers = [
      ...(databaseSecurityGroupIds ?? []).map((groupId) => this.given(groupId)),
      ...(databaseCidrs ?? []).map((cidr) => Peer.ipv4(cidr)),
    ];
    return peers.length === 0 ? undefined : peers;
  }

  /** Known only if all are: S3 by its prefix list, the others by the groups of their endpoints. */
  private servicePeers(
    { s3PrefixListId, endpointSecurityGroupIds }: SubnetsConfig,
    made: ISecurityGroup | undefined,
  ): IPeer[] | undefined {
    const groups = endpointSecurityGroupIds?.map((groupId) => this.given(groupId)) ?? (made ? [made] : []);
    if (s3PrefixListId === undefined || groups.length === 0) return undefined;
    return [Peer.prefixList(s3PrefixListId), ...groups];
  }

  private addS3Endpoint({ subnets, onlyFor }: NetworkProps): void {
    new CfnVPCEndpoint(this, 'S3Endpoint', {
      vpcId: this.vpc.vpcId,
      vpcEndpointType: 'Gateway',
      serviceName: `com.amazonaws.${Stack.of(this).region}.s3`,
      routeTableIds: [...(subnets.routeTableIds ?? [])],
      ...(onlyFor && { policyDocument: onlyThis(onlyFor) }),
    });
  }

  /**
   * The ways out of a VPC without a NAT gateway, beside that to S3. Only what the functions in it call: logs and metrics
   * leave through Lambda itself, an IAM token is made locally, and KMS is called by S3.
   */
  private addInterfaceEndpoints({ services: needed, onlyFor }: NetworkProps): SecurityGroup {
    const group = new SecurityGroup(this, 'EndpointSecurityGroup', {
      vpc: this.vpc,
      allowAllOutbound: false,
      description: 'pgproof: HTTPS from the backup functions to the AWS services',
    });
    for (const name of needed) {
      const endpoint = new InterfaceVpcEndpoint(this, `${name}Endpoint`, {
        vpc: this.vpc,
        service: services[name],
        subnets: { subnets: [...this.subnets] },
        securityGroups: [group],
        open: false,
      });
      if (onlyFor !== undefined) endpoint.addToPolicy(onlyThisAccount(this));
    }
    return group;
  }
}

/** No other bucket: bytes could else leave into anybody's. */
function onlyThis(bucket: IBucket): PolicyDocument {
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        principals: [new AnyPrincipal()],
        actions: ['s3:*'],
        resources: [bucket.bucketArn, bucket.arnForObjects('*')],
      }),
    ],
  });
}

/** The endpoint's name serves the whole VPC, where others of the account may have topics of their own. */
function onlyThisAccount(scope: Construct): PolicyStatement {
  return new PolicyStatement({
    principals: [new AnyPrincipal()],
    actions: ['*'],
    resources: ['*'],
    conditions: { StringEquals: { 'aws:PrincipalAccount': Stack.of(scope).account } },
  });
}
