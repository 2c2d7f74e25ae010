import { expect, test } from 'vitest';
import { functionRoles } from '../../lib/access.ts';
import type { Asked } from '../support/aws/iam.ts';
import { Deployed } from '../support/stack/deployed.ts';
import { configuration, kmsKeyArn, secretArn, templateOf } from '../support/stack/stack.ts';

type Role = (typeof functionRoles)[number];
const roles = {
  backup: 'ordersprodBackupRole',
  verify: 'ordersprodVerifyRole',
  restore: 'ordersprodRestoreRole',
  prune: 'RetentionPruneRole',
};
const everything = { restore: { enabled: true }, prune: { keep: { daily: 7 } } };

const deployed = (): Deployed =>
  new Deployed(
    templateOf(
      configuration(
        {
          ...everything,
          bucket: { kmsKeyArn },
          network: { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-0a1b2c3d'] },
        },
        { secretKmsKeyArn: kmsKeyArn },
      ),
    ),
  );
const may = async (role: Role, asked: Asked): Promise<boolean> => await deployed().allows(roles[role], asked);
const secret = (resource: string): Asked => ({ action: 'secretsmanager:GetSecretValue', resource });

test('the verify and the prune role read no secret, and nobody another than their own', async () => {
  expect(await may('backup', secret(secretArn))).toBe(true);
  expect(await may('restore', secret(secretArn))).toBe(true);
  expect(await may('verify', secret(secretArn))).toBe(false);
  expect(await may('prune', secret(secretArn))).toBe(false);
  for (const role of functionRoles)
    expect(await may(role, secret(secretArn.replace('orders', 'payments'))), role).toBe(false);
});

test('keys are used by way of the service that they are for', async () => {
  const key = (action: string, via?: string): Asked => ({
    action,
    resource: kmsKeyArn,
    ...(via === undefined ? {} : { context: { 'kms:ViaService': `${via}.eu-central-1.amazonaws.com` } }),
  });
  for (const role of functionRoles) {
    expect(await may(role, key('kms:Decrypt', 's3')), role).toBe(true);
    expect(await may(role, key('kms:GenerateDataKey', 's3')), role).toBe(role !== 'restore');
    expect(await may(role, key('kms:Decrypt')), role).toBe(false);
    expect(await may(role, key('kms:Decrypt', 'secretsmanager')), role).toBe(
      role === 'backup' || role === 'restore',
    );
    expect(await may(role, key('kms:ScheduleKeyDeletion', 's3')), role).toBe(false);
  }
});

test('Lambda makes the network interfaces of a function, its code does not', async () => {
  const create = { action: 'ec2:DescribeSubnets', resource: '*' };
  const byCode = {
    'lambda:SourceFunctionArn': deployed().arn('AWS::Lambda::Function', 'ordersprodBackup'),
  };
  for (const role of ['backup', 'restore'] as const) {
    expect(await may(role, create), role).toBe(true);
    expect(await may(role, { ...create, context: byCode }), role).toBe(false);
  }
  expect(await may('verify', create)).toBe(false);
});

test('a key that is made for the bucket is for these roles, by way of S3, and for nobody by its policy alone', async () => {
  const own = new Deployed(templateOf(configuration({ bucket: { kms: true }, ...everything })));
  const resource = own.arn('AWS::KMS::Key', 'BucketKey');
  const context = { 'kms:ViaService': 's3.eu-central-1.amazonaws.com' };
  for (const [action, expected] of [
    ['kms:Decrypt', [true, true, true, true]],
    ['kms:GenerateDataKey', [true, true, false, true]],
    ['kms:PutKeyPolicy', [false, false, false, false]],
  ] as const) {
    const got: boolean[] = [];
    for (const role of functionRoles) got.push(await own.allows(roles[role], { action, resource, context }));
    expect(got, action).toEqual(expected);
  }
  expect(await own.allows(roles.backup, { action: 'kms:Decrypt', resource })).toBe(false);
  expect(await own.allows('ordersprodSchedulesRole', { action: 'kms:Decrypt', resource, context })).toBe(
    false,
  );
});

test('nobody changes rights, rules, functions or other queues', async () => {
  const bucketArn = deployed().arn('AWS::S3::Bucket', 'Bucket');
  const asked: Asked[] = [
    { action: 's3:PutBucketPolicy', resource: bucketArn },
    { action: 's3:PutLifecycleConfiguration', resource: bucketArn },
    { action: 's3:PutBucketVersioning', resource: bucketArn },
    { action: 'iam:PutRolePolicy', resource: deployed().arn('AWS::IAM::Role', roles.backup) },
    {
      action: 'lambda:InvokeFunction',
      resource: deployed().arn('AWS::Lambda::Function', 'ordersprodRestore'),
    },
    {
      action: 'lambda:UpdateFunctionCode',
      resource: deployed().arn('AWS::Lambda::Function', 'ordersprodBackup'),
    },
    { action: 'sqs:DeleteMessage', resource: deployed().arn('AWS::SQS::Queue', 'ordersprodFailures') },
  ];
  for (const role of functionRoles)
    for (const one of asked) expect(await may(role, one), `${role} ${one.action}`).toBe(false);
});
