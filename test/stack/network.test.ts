import { expect, test } from 'vitest';
import { configuration, resources, secretArn, spell, templateOf } from '../support/stack/stack.ts';

const vpcId = 'vpc-0a1b2c3d';
const subnetIds = ['subnet-0a1b2c3d', 'subnet-1a1b2c3d'];
const network = { vpcId, subnetIds };

function vpcConfigOf(config: object, name: string): unknown {
  return resources(templateOf(config), 'AWS::Lambda::Function')[`ordersprod${name}Function`]?.VpcConfig;
}

test('the backup function joins the VPC, the verify function does not', () => {
  const config = configuration({ network });
  expect(vpcConfigOf(config, 'Backup')).toEqual({
    SubnetIds: subnetIds,
    SecurityGroupIds: [{ 'Fn::GetAtt': [expect.stringMatching(/^NetworkSecurityGroup/), 'GroupId'] }],
  });
  expect(vpcConfigOf(config, 'Verify')).toBeUndefined();
});

test('its security group lets out to the servers and to HTTPS, and nothing in', () => {
  const [group, ...others] = Object.values(
    resources(templateOf(configuration({ network }, { port: 6432 })), 'AWS::EC2::SecurityGroup'),
  );
  expect(others).toEqual([]);
  expect(group).toMatchObject({
    VpcId: vpcId,
    SecurityGroupEgress: [
      { CidrIp: '0.0.0.0/0', FromPort: 6432, ToPort: 6432, IpProtocol: 'tcp' },
      { CidrIp: '0.0.0.0/0', FromPort: 443, ToPort: 443, IpProtocol: 'tcp' },
    ],
  });
  expect(group).not.toHaveProperty('SecurityGroupIngress');
});

test('security groups of the user are taken as they are', () => {
  const securityGroupIds = ['sg-0a1b2c3d'];
  const config = configuration({ network: { ...network, securityGroupIds } });
  expect(vpcConfigOf(config, 'Backup')).toEqual({ SubnetIds: subnetIds, SecurityGroupIds: securityGroupIds });
  const template = templateOf(config);
  for (const type of ['SecurityGroup', 'SecurityGroupIngress', 'SecurityGroupEgress']) {
    template.resourceCountIs(`AWS::EC2::${type}`, 0);
  }
});

test('endpoints on demand: S3 in the route tables, SNS and Secrets Manager in the subnets', () => {
  const routeTableIds = ['rtb-0a1b2c3d'];
  const template = templateOf(configuration({ network: { ...network, endpoints: true, routeTableIds } }));
  const endpoints = resources(template, 'AWS::EC2::VPCEndpoint');
  expect(Object.values(endpoints).map((one) => `${one.VpcEndpointType} ${spell(one.ServiceName)}`)).toEqual([
    'Gateway com.amazonaws.<AWS::Region>.s3',
    'Interface com.amazonaws.<AWS::Region>.sns',
    'Interface com.amazonaws.<AWS::Region>.secretsmanager',
  ]);
  expect(endpoints.NetworkS3Endpoint).toMatchObject({ VpcId: vpcId, RouteTableIds: routeTableIds });
  expect(endpoints.NetworkSnsEndpoint).toMatchObject({ SubnetIds: subnetIds, PrivateDnsEnabled: true });
  const rules = Object.values(resources(template, 'AWS::EC2::SecurityGroupIngress'));
  expect(
    rules.map((rule) => [spell(rule.GroupId), spell(rule.SourceSecurityGroupId), rule.FromPort]),
  ).toEqual([['<NetworkEndpointSecurityGroup.GroupId>', '<NetworkSecurityGroup.GroupId>', 443]]);
});

test('no endpoint for Secrets Manager where there is no secret', () => {
  const iam = { host: 'db.acme.test', user: 'backup', resourceId: 'db-ABC123' };
  const wires = { ...network, endpoints: true, routeTableIds: ['rtb-0a1b2c3d'] };
  const template = templateOf(configuration({ network: wires }, { secretArn: undefined, iam }));
  expect(Object.keys(resources(template, 'AWS::EC2::VPCEndpoint'))).toEqual([
    'NetworkS3Endpoint',
    'NetworkSnsEndpoint',
  ]);
});

test('a restore logs in with a secret, whatever the backup does', () => {
  const iam = { host: 'db.acme.test', user: 'backup', resourceId: 'db-ABC123' };
  const wires = { ...network, endpoints: true, routeTableIds: ['rtb-0a1b2c3d'] };
  const restore = { enabled: true, secretArns: [secretArn] };
  const template = templateOf(configuration({ network: wires, restore }, { secretArn: undefined, iam }));
  expect(Object.keys(resources(template, 'AWS::EC2::VPCEndpoint'))).toContain(
    'NetworkSecretsManagerEndpoint',
  );
});

test('no endpoint unless asked for', () => {
  templateOf(configuration({ network })).resourceCountIs('AWS::EC2::VPCEndpoint', 0);
});
