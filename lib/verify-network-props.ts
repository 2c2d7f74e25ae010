import type { IPeer, ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';

/** Where the verify function runs, if not outside of any VPC: all that a restored dump could reach, too. */
export interface VerifyNetworkProps {
  readonly vpc: IVpc;
  /**
   * Subnets whose only ways out are endpoints of S3 and SNS.
   * @default - CDK's default selection, the private ones
   */
  readonly vpcSubnets?: SubnetSelection | undefined;
  /** @default - a group of its own that lets out to `servicePeers` by HTTPS */
  readonly securityGroups?: readonly ISecurityGroup[] | undefined;
  /**
   * Where S3 and SNS are reached: `Peer.prefixList('pl-…')`, the security group of an endpoint.
   * @default - every address
   */
  readonly servicePeers?: readonly IPeer[] | undefined;
}
