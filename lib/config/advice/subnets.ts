import type { Advice } from '../../../core/config/advice/recurring.ts';

/** EC2's ids: `idOf('subnet', 'a subnet')`. */
export function idOf(kind: string, of: string): Advice {
  return { expected: `${kind}- and 8 or 17 hexadecimal digits`, fix: `Copy the id of ${of}.` };
}

/** Some subnets and the ways out of them, at a path of the configuration. */
export function ofSubnets(path: string, what: string): Record<string, Advice> {
  return {
    [`${path}.subnetIds`]: {
      expected: 'a list with at least one subnet',
      fix: `Name private subnets of that VPC ${what}.`,
    },
    [`${path}.subnetIds.*`]: idOf('subnet', 'a subnet of that VPC'),
    [`${path}.securityGroupIds`]: {
      expected: 'a list of one to five security groups',
      fix: 'Leave it out for one that may reach what it must, and nothing comes in.',
    },
    [`${path}.securityGroupIds.*`]: idOf('sg', 'a security group of that VPC'),
    [`${path}.endpoints`]: {
      expected: 'true or false',
      fix: 'true where the subnets have no way to the internet and no endpoints yet.',
    },
    [`${path}.routeTableIds`]: {
      expected: 'a list with at least one route table',
      fix: 'Name the route tables of the subnets; the S3 endpoint is entered there.',
    },
    [`${path}.routeTableIds.*`]: idOf('rtb', 'a route table of that VPC'),
    [`${path}.endpointSecurityGroupIds`]: {
      expected: 'a list with at least one security group',
      fix: 'Name the groups of the interface endpoints that are there already.',
    },
    [`${path}.endpointSecurityGroupIds.*`]: idOf('sg', 'the security group of an interface endpoint'),
    [`${path}.s3PrefixListId`]: idOf('pl', "S3's prefix list in the region, com.amazonaws.REGION.s3"),
  };
}
