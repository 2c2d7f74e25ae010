import { Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Peer, Vpc } from 'aws-cdk-lib/aws-ec2';
import { LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { expect, test } from 'vitest';
import { PostgresBackup } from '../../lib/index.ts';
import {
  configuration,
  functionsDirectory,
  layerArn,
  resources,
  type Statement,
  secretArn,
  serverLayerArn,
  spell,
  stackFrom,
  statementsIn,
  templateOf,
  testApp,
} from '../support/stack/stack.ts';

const network = { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-0a1b2c3d'] };
const endpoints = { endpoints: true, routeTableIds: ['rtb-0a1b2c3d'] };
const s3PrefixListId = 'pl-6ea54007';
const databaseSecurityGroupIds = ['sg-0a1b2c3d', 'sg-1a1b2c3d'];

/** Every rule that lets something out, as `group port → where`. */
function waysOut(template: Template): string[] {
  const inline = Object.entries(resources(template, 'AWS::EC2::SecurityGroup')).flatMap(([id, group]) =>
    [group.SecurityGroupEgress ?? []].flat().map((rule) => ({ id, rule: rule as Record<string, unknown> })),
  );
  const apart = Object.values(resources(template, 'AWS::EC2::SecurityGroupEgress')).map((rule) => ({
    id: spell(rule.GroupId).replace(/^<|\.GroupId>$/g, ''),
    rule: rule as Record<string, unknown>,
  }));
  return [...inline, ...apart]
    .filter(({ rule }) => rule.CidrIp !== '255.255.255.255/32')
    .map(({ id, rule }) => {
      const where = rule.CidrIp ?? rule.DestinationPrefixListId ?? spell(rule.DestinationSecurityGroupId);
      return `${id} ${rule.ToPort} → ${where}`;
    })
    .sort();
}

/** What synth says of ways that are wider than they had to be. */
function warnings(stack: Stack): string[] {
  const found = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('every address'));
  return found.map(({ entry }) => /open-egress:\w+/.exec(String(entry.data))?.[0] ?? '');
}

test('where nothing is known everything is open, and synth says so and what to do', () => {
  const stack = stackFrom(configuration({ network }, { port: 6432 }));
  expect(waysOut(Template.fromStack(stack))).toEqual([
    'NetworkSecurityGroup 443 → 0.0.0.0/0',
    'NetworkSecurityGroup 6432 → 0.0.0.0/0',
  ]);
  expect(warnings(stack).sort()).toEqual(['open-egress:databases', 'open-egress:services']);
});

test('out to the servers and to the endpoints, and nowhere else', () => {
  const stack = stackFrom(
    configuration({
      network: {
        ...network,
        ...endpoints,
        s3PrefixListId,
        databaseSecurityGroupIds,
        databaseCidrs: ['10.0.8.0/24'],
      },
    }),
  );
  expect(waysOut(Template.fromStack(stack))).toEqual([
    'NetworkSecurityGroup 443 → <NetworkEndpointSecurityGroup.GroupId>',
    'NetworkSecurityGroup 443 → pl-6ea54007',
    'NetworkSecurityGroup 5432 → 10.0.8.0/24',
    'NetworkSecurityGroup 5432 → sg-0a1b2c3d',
    'NetworkSecurityGroup 5432 → sg-1a1b2c3d',
  ]);
  expect(warnings(stack)).toEqual([]);
});

test('endpoints that are there already are named by their groups', () => {
  const endpointSecurityGroupIds = ['sg-2a1b2c3d'];
  const stack = stackFrom(
    configuration({
      network: { ...network, endpointSecurityGroupIds, s3PrefixListId, databaseSecurityGroupIds },
    }),
  );
  expect(waysOut(Template.fromStack(stack)).filter((way) => way.includes('443'))).toEqual([
    'NetworkSecurityGroup 443 → pl-6ea54007',
    'NetworkSecurityGroup 443 → sg-2a1b2c3d',
  ]);
  expect(warnings(stack)).toEqual([]);
});

test.each<[string, object]>([
  ['only the prefix list of S3', { s3PrefixListId }],
  ['only the endpoints', endpoints],
])('HTTPS stays open where %s is known', (_, known) => {
  const stack = stackFrom(configuration({ network: { ...network, ...known, databaseSecurityGroupIds } }));
  expect(waysOut(Template.fromStack(stack))).toContain('NetworkSecurityGroup 443 → 0.0.0.0/0');
  expect(warnings(stack)).toEqual(['open-egress:services']);
});

test("one group is a server's and an endpoint's too", () => {
  const shared = ['sg-0a1b2c3d'];
  const stack = stackFrom(
    configuration({
      network: {
        ...network,
        s3PrefixListId,
        databaseSecurityGroupIds: shared,
        endpointSecurityGroupIds: shared,
      },
    }),
  );
  expect(waysOut(Template.fromStack(stack))).toContain('NetworkSecurityGroup 5432 → sg-0a1b2c3d');
});

const own = {
  subnetIds: ['subnet-2a1b2c3d'],
  endpoints: true,
  routeTableIds: ['rtb-2a1b2c3d'],
  s3PrefixListId,
};
const named = { layerArn: serverLayerArn };

test('the verify function in subnets of its own reaches S3 and SNS, and through the one only its bucket', () => {
  const stack = stackFrom(configuration({ verify: { ...named, network: { vpcId: network.vpcId, ...own } } }));
  const template = Template.fromStack(stack);
  const functions = resources(template, 'AWS::Lambda::Function');
  expect(functions.ordersprodVerifyFunction?.VpcConfig).toEqual({
    SubnetIds: own.subnetIds,
    SecurityGroupIds: [{ 'Fn::GetAtt': [expect.stringMatching(/^VerifyNetworkSecurityGroup/), 'GroupId'] }],
  });
  expect(functions.ordersprodBackupFunction?.VpcConfig).toBeUndefined();
  expect(waysOut(template)).toEqual([
    'VerifyNetworkSecurityGroup 443 → <VerifyNetworkEndpointSecurityGroup.GroupId>',
    'VerifyNetworkSecurityGroup 443 → pl-6ea54007',
  ]);
  const made = resources(template, 'AWS::EC2::VPCEndpoint');
  expect(Object.keys(made)).toEqual(['VerifyNetworkS3Endpoint', 'VerifyNetworkSnsEndpoint']);
  expect(made.VerifyNetworkS3Endpoint).toMatchObject({ RouteTableIds: own.routeTableIds });
  const statements = (name: string): Statement[] => statementsIn(made[name]?.PolicyDocument);
  expect(statements('VerifyNetworkS3Endpoint').map((one) => one.resources)).toEqual([
    ['<Bucket.Arn>', '<Bucket.Arn>/*'],
  ]);
  expect(statements('VerifyNetworkSnsEndpoint')).toMatchObject([
    { conditions: { StringEquals: { 'aws:PrincipalAccount': { Ref: 'AWS::AccountId' } } } },
  ]);
  expect(warnings(stack)).toEqual([]);
});

test('in the VPC of the servers it takes the endpoint for SNS that is made there', () => {
  const { s3PrefixListId: _, ...withoutList } = own;
  const verify = { ...named, network: withoutList };
  const config = configuration({ network: { ...network, ...endpoints, s3PrefixListId }, verify });
  const template = templateOf(config);
  expect(Object.keys(resources(template, 'AWS::EC2::VPCEndpoint'))).toEqual([
    'NetworkS3Endpoint',
    'NetworkSnsEndpoint',
    'NetworkSecretsManagerEndpoint',
    'VerifyNetworkS3Endpoint',
  ]);
  // What others in the VPC reach is not narrowed.
  expect(resources(template, 'AWS::EC2::VPCEndpoint').NetworkS3Endpoint).not.toHaveProperty('PolicyDocument');
  const letIn = Object.values(resources(template, 'AWS::EC2::SecurityGroupIngress'));
  expect(letIn.map((rule) => `${spell(rule.GroupId)} ← ${spell(rule.SourceSecurityGroupId)}`).sort()).toEqual(
    [
      '<NetworkEndpointSecurityGroup.GroupId> ← <NetworkSecurityGroup.GroupId>',
      '<NetworkEndpointSecurityGroup.GroupId> ← <VerifyNetworkSecurityGroup.GroupId>',
    ],
  );
  expect(waysOut(template).filter((way) => way.startsWith('Verify'))).toEqual([
    'VerifyNetworkSecurityGroup 443 → <NetworkEndpointSecurityGroup.GroupId>',
    'VerifyNetworkSecurityGroup 443 → pl-6ea54007',
  ]);
});

test('the construct takes peers, and none where the way is opened by connections', () => {
  const stack = new Stack(testApp(), 'Shop');
  // No new one: of that the CDK keeps a temporary directory in mind, which is another test file's by then.
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: network.vpcId,
    availabilityZones: ['eu-central-1a'],
    privateSubnetIds: network.subnetIds,
  });
  new PostgresBackup(stack, 'Backup', {
    sourceName: 'shop',
    secret: Secret.fromSecretCompleteArn(stack, 'Password', secretArn),
    layer: LayerVersion.fromLayerVersionArn(stack, 'Programs', layerArn),
    serverLayer: LayerVersion.fromLayerVersionArn(stack, 'Server', serverLayerArn),
    functionsDirectory: functionsDirectory(),
    schedules: [{ name: 'nightly', expression: ScheduleExpression.expression('cron(0 2 * * ? *)') }],
    vpc,
    databasePeers: [],
    servicePeers: [Peer.prefixList(s3PrefixListId), Peer.ipv4('10.0.1.0/24')],
    verifyNetwork: { vpc },
    restore: {},
  });
  expect(waysOut(Template.fromStack(stack)).filter((way) => way.startsWith('Backup'))).toEqual([
    'BackupRestoreSecurityGroup 443 → 10.0.1.0/24',
    'BackupRestoreSecurityGroup 443 → pl-6ea54007',
    'BackupSecurityGroup 443 → 10.0.1.0/24',
    'BackupSecurityGroup 443 → pl-6ea54007',
    'BackupVerifySecurityGroup 443 → 0.0.0.0/0',
  ]);
  expect(warnings(stack)).toEqual(['open-egress:services']);
});
