import { expect, test } from 'vitest';
import {
  configuration,
  kmsKeyArn,
  resources,
  secretArn,
  statementsOf,
  templateOf,
} from '../support/stack/stack.ts';

const log = (name: string): object => ({
  sid: 'Log',
  actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
  resources: [`<ordersprod${name}Log.Arn>`],
});
const alert = [
  { sid: 'Alert', actions: ['sns:Publish'], resources: ['<Alerts>'] },
  { sid: 'AlertKey', actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: ['<AlertsKey.Arn>'] },
];
const keepFailures = {
  actions: ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:SendMessage'],
  resources: ['<ordersprodFailures.Arn>'],
};
const list = (prefix: string, bucket = '<Bucket.Arn>'): object => ({
  sid: 'ListBackups',
  actions: ['s3:ListBucket'],
  resources: [bucket],
  conditions: { StringLike: { 's3:prefix': prefix } },
});

test('the backup function may put below its prefix, read its secret and publish; nothing else', () => {
  expect(statementsOf(templateOf(), 'ordersprodBackupRole')).toEqual([
    log('Backup'),
    {
      sid: 'PutBackups',
      actions: ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:PutObject'],
      resources: ['<Bucket.Arn>/orders-prod/*'],
    },
    {
      sid: 'ReadManifests',
      actions: ['s3:GetObject'],
      resources: ['<Bucket.Arn>/orders-prod/*/manifest.json'],
    },
    list('orders-prod/*'),
    { sid: 'Secret', actions: ['secretsmanager:GetSecretValue'], resources: [secretArn] },
    ...alert,
    keepFailures,
  ]);
});

test('the verify function may read below its prefix and put its verdict; nothing else', () => {
  expect(statementsOf(templateOf(), 'ordersprodVerifyRole')).toEqual([
    log('Verify'),
    { sid: 'ReadBackups', actions: ['s3:GetObject'], resources: ['<Bucket.Arn>/orders-prod/*'] },
    list('orders-prod/*'),
    {
      sid: 'PutVerifications',
      actions: ['s3:PutObject'],
      resources: ['<Bucket.Arn>/orders-prod/*/verification*.json'],
    },
    ...alert,
    keepFailures,
  ]);
});

test('the scheduler may start the backup function and keep what it could not start', () => {
  expect(statementsOf(templateOf(), 'ordersprodSchedulesRole')).toEqual([
    { sid: 'Start', actions: ['lambda:InvokeFunction'], resources: ['<ordersprodBackupFunction.Arn>'] },
    { sid: 'Keep', actions: ['sqs:SendMessage'], resources: ['<ordersprodFailures.Arn>'] },
  ]);
  expect(resources(templateOf(), 'AWS::IAM::Role').ordersprodSchedulesRole).toMatchObject({
    AssumeRolePolicyDocument: {
      Statement: [
        {
          Principal: { Service: 'scheduler.amazonaws.com' },
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        },
      ],
    },
  });
});

test('with IAM authentication the one role of the one server, and no secret', () => {
  const iam = { host: 'db.acme.test', user: 'backup', resourceId: 'cluster-ABC123' };
  const statements = statementsOf(
    templateOf(configuration({}, { secretArn: undefined, iam })),
    'ordersprodBackupRole',
  );
  expect(statements.find(({ sid }) => sid === 'Connect')).toEqual({
    sid: 'Connect',
    actions: ['rds-db:connect'],
    resources: ['arn:<AWS::Partition>:rds-db:<AWS::Region>:<AWS::AccountId>:dbuser:cluster-ABC123/backup'],
  });
  expect(statements.some(({ sid }) => sid === 'Secret')).toBe(false);
});

test('keys of the bucket and of the secret, a prefix, a bucket of the user', () => {
  const template = templateOf(
    configuration(
      { bucket: { existing: 'acme-backups', prefix: 'pg/eu', kmsKeyArn } },
      { secretKmsKeyArn: kmsKeyArn },
    ),
  );
  const arn = 'arn:<AWS::Partition>:s3:::acme-backups';
  expect(statementsOf(template, 'ordersprodBackupRole').slice(1, 7)).toEqual([
    {
      sid: 'PutBackups',
      actions: ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:PutObject'],
      resources: [`${arn}/pg/eu/orders-prod/*`],
    },
    {
      sid: 'ReadManifests',
      actions: ['s3:GetObject'],
      resources: [`${arn}/pg/eu/orders-prod/*/manifest.json`],
    },
    list('pg/eu/orders-prod/*', arn),
    { sid: 'BucketKey', actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [kmsKeyArn] },
    { sid: 'Secret', actions: ['secretsmanager:GetSecretValue'], resources: [secretArn] },
    {
      sid: 'SecretKey',
      actions: ['kms:Decrypt'],
      resources: [kmsKeyArn],
      conditions: {
        StringEquals: {
          'kms:ViaService': {
            'Fn::Join': ['', ['secretsmanager.', { Ref: 'AWS::Region' }, '.amazonaws.com']],
          },
        },
      },
    },
  ]);
  expect(statementsOf(template, 'ordersprodVerifyRole').slice(1, 5)).toEqual([
    { sid: 'ReadBackups', actions: ['s3:GetObject'], resources: [`${arn}/pg/eu/orders-prod/*`] },
    list('pg/eu/orders-prod/*', arn),
    {
      sid: 'PutVerifications',
      actions: ['s3:PutObject'],
      resources: [`${arn}/pg/eu/orders-prod/*/verification*.json`],
    },
    { sid: 'BucketKey', actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [kmsKeyArn] },
  ]);
});

test('no action anywhere has a wildcard or deletes, no role has a managed policy', () => {
  const network = { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-0a1b2c3d'] };
  const template = templateOf(configuration({ network }));
  const policies = Object.values(resources(template, 'AWS::IAM::Policy'));
  const actions = policies.flatMap((policy) => {
    const document = policy.PolicyDocument as unknown as { Statement: { Action: string | string[] }[] };
    return document.Statement.flatMap(({ Action }) => Action);
  });
  expect(actions.length).toBeGreaterThan(20);
  expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  expect(actions.filter((action) => /:Delete/.test(action))).toEqual(['ec2:DeleteNetworkInterface']);
  for (const role of Object.values(resources(template, 'AWS::IAM::Role'))) {
    expect(role).not.toHaveProperty('ManagedPolicyArns');
    expect(role).not.toHaveProperty('Policies');
  }
});
