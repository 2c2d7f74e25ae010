import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { type IVpc, Port, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Architecture, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { expect, test } from 'vitest';
import { asBucket } from '../../lib/bucket.ts';
import { AlertTopic, BackupBucket, PostgresBackup, type PostgresBackupProps } from '../../lib/index.ts';
import {
  functionsDirectory,
  kmsKeyArn,
  layerArn,
  resources,
  serverLayerArn,
  statementsOf,
  testApp,
} from '../support/stack/stack.ts';

/** What a stack of someone else has, and the props that hand it over. */
function foreignStack(): { stack: Stack; props: PostgresBackupProps } {
  const stack = new Stack(testApp(), 'Shop');
  const props = {
    sourceName: 'shop',
    secret: new Secret(stack, 'Password') as ISecret,
    layer: LayerVersion.fromLayerVersionArn(stack, 'Programs', layerArn),
    serverLayer: LayerVersion.fromLayerVersionArn(stack, 'Server', serverLayerArn),
    functionsDirectory: functionsDirectory(),
    schedules: [{ name: 'nightly', expression: ScheduleExpression.expression('cron(0 2 * * ? *)') }],
  };
  return { stack, props };
}

test('with a name, a secret and a schedule it brings everything else itself', () => {
  const { stack, props } = foreignStack();
  new PostgresBackup(stack, 'Backup', props);
  const template = Template.fromStack(stack);
  for (const [type, count] of Object.entries({
    'AWS::S3::Bucket': 1,
    'AWS::SNS::Topic': 1,
    'AWS::Lambda::Function': 2,
    'AWS::Scheduler::Schedule': 1,
    'AWS::Events::Rule': 1,
    'AWS::SQS::Queue': 1,
    'AWS::CloudWatch::Alarm': 3,
  })) {
    template.resourceCountIs(type, count);
  }
});

test('several share a bucket and a topic, and keep to their own prefixes', () => {
  const { stack, props } = foreignStack();
  const bucket = asBucket(new BackupBucket(stack, 'Bucket'));
  const topic = new AlertTopic(stack, 'Alerts');
  new PostgresBackup(stack, 'A', { ...props, sourceName: 'a', bucket, topic });
  new PostgresBackup(stack, 'B', { ...props, sourceName: 'b', bucket, topic });
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::S3::Bucket', 1);
  template.resourceCountIs('AWS::SNS::Topic', 1);
  for (const [id, prefix] of Object.entries({ A: 'a', B: 'b' })) {
    const put = statementsOf(template, `${id}BackupRole`).find(({ sid }) => sid === 'PutObjects');
    for (const resource of put?.resources ?? [''])
      expect(resource).toMatch(new RegExp(`^<Bucket\\.Arn>/${prefix}/\\*/`));
  }
});

test('a bucket of another stack is shared too: neither stack has to be there before the other', () => {
  const { stack, props } = foreignStack();
  const app = stack.node.root;
  const store = new Stack(app, 'Store');
  const bucket = asBucket(new BackupBucket(store, 'Bucket'));
  new PostgresBackup(stack, 'A', { ...props, bucket });
  expect(JSON.stringify(Template.fromStack(store).toJSON())).not.toContain('OnlyFreeKeys');
  const denials = statementsOf(Template.fromStack(stack), 'ABackupRole').filter(
    ({ effect }) => effect === 'Deny',
  );
  expect(denials.map(({ sid }) => sid)).toEqual([
    'PutNothingElse',
    'TagNothingElse',
    'OnlyFreeKeys',
    'DeleteNothing',
  ]);
});

test('grantRead lets a restore list and read this source, grantStart lets start a backup', () => {
  const { stack, props } = foreignStack();
  const backup = new PostgresBackup(stack, 'Backup', { ...props, prefix: 'pg' });
  const role = new Role(stack, 'Operator', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
  expect(backup.grantRead(role).success).toBe(true);
  expect(backup.grantStart(role).success).toBe(true);
  expect(statementsOf(Template.fromStack(stack), 'Operator')).toEqual([
    { actions: ['s3:GetObject'], resources: ['<BackupBucket.Arn>/pg/shop/*'] },
    {
      actions: ['s3:ListBucket'],
      resources: ['<BackupBucket.Arn>'],
      conditions: { StringLike: { 's3:prefix': 'pg/shop/*' } },
    },
    { actions: ['lambda:InvokeFunction'], resources: ['<BackupFunction.Arn>'] },
  ]);
});

test('grantRead of encrypted backups lets decrypt', () => {
  const { stack, props } = foreignStack();
  const encryptionKey = Key.fromKeyArn(stack, 'Key', kmsKeyArn);
  const backup = new PostgresBackup(stack, 'Backup', { ...props, encryptionKey });
  const role = new Role(stack, 'Operator', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
  backup.grantRead(role);
  expect(statementsOf(Template.fromStack(stack), 'Operator')).toContainEqual({
    actions: ['kms:Decrypt'],
    resources: [kmsKeyArn],
  });
});

test('a database lets the backup in through connections', () => {
  const { stack, props } = foreignStack();
  const vpc = new Vpc(stack, 'Vpc') as IVpc;
  const database = new SecurityGroup(stack, 'Database', { vpc });
  const backup = new PostgresBackup(stack, 'Backup', { ...props, vpc, port: 5433 });
  database.connections.allowFrom(backup, Port.tcp(5433));
  const template = Template.fromStack(stack);
  expect(Object.values(resources(template, 'AWS::EC2::SecurityGroupIngress'))).toMatchObject([
    {
      FromPort: 5433,
      SourceSecurityGroupId: { 'Fn::GetAtt': [expect.stringMatching(/^BackupSecurityGroup/), 'GroupId'] },
    },
  ]);
});

test('metrics are those of the functions and of the queue', () => {
  const { stack, props } = foreignStack();
  const backup = new PostgresBackup(stack, 'Backup', props);
  const names = [
    backup.metricBackupErrors(),
    backup.metricVerifyErrors(),
    backup.metricWaitingFailures(),
  ].map((metric) => `${metric.namespace} ${metric.metricName}`);
  expect(names).toEqual([
    'AWS/Lambda Errors',
    'AWS/Lambda Errors',
    'AWS/SQS ApproximateNumberOfMessagesVisible',
  ]);
});

test.each<[string, Partial<PostgresBackupProps>, RegExp]>([
  ['a name that would need encoding', { sourceName: 'a b' }, /sourceName cannot be used: got "a b"/],
  ['a prefix with a wildcard', { prefix: 'a*' }, /prefix cannot be used: got "a\*"/],
  ['no schedule', { schedules: [] }, /would never be backed up: got no schedule/],
  ['no way to log in', { secret: undefined }, /no complete way to log in: got nothing/],
  ['half a way to log in', { secret: undefined, host: 'h' }, /no complete way to log in: got host/],
  [
    'two ways to log in',
    { databaseResourceId: 'db-A' },
    /no complete way to log in: got secret, databaseResourceId/,
  ],
  ['functions that were not built', { functionsDirectory: '/nowhere' }, /no index\.mjs in \/nowhere\/backup/],
])('%s is an error that says what to do', (_, change, message) => {
  const { stack, props } = foreignStack();
  expect(() => new PostgresBackup(stack, 'Backup', { ...props, ...change })).toThrow(message);
});

test('x86_64 for both functions', () => {
  const { stack, props } = foreignStack();
  new PostgresBackup(stack, 'Backup', { ...props, architecture: Architecture.X86_64 });
  Template.fromStack(stack).allResourcesProperties('AWS::Lambda::Function', { Architectures: ['x86_64'] });
});

test.each<[string, Partial<PostgresBackupProps>, string]>([
  ['read', { verifyLevel: 'read', verifyChecks: [{ sql: 'select true' }] }, 'would never run'],
  ['auto', { verifyChecks: [{ sql: `select '${'ä'.repeat(1_250)}'` }] }, 'got 2521 bytes'],
])('checks that cannot run are refused at synth: level %s', (_, more, message) => {
  const { stack, props } = foreignStack();
  expect(() => new PostgresBackup(stack, 'Backup', { ...props, ...more })).toThrow(message);
});
