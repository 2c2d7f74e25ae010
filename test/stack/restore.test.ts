import { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { checksSchema } from '../../core/config/checks.ts';
import { withoutSchema } from '../../core/config/without.ts';
import { restoreEnvironment } from '../../functions/restore/contract.ts';
import { verifyEnvironment } from '../../functions/verify/contract.ts';
import {
  configuration,
  kmsKeyArn,
  layerArn,
  resources,
  secretArn,
  serverLayerArn,
  spell,
  stackFrom,
  statementsOf,
  templateOf,
} from '../support/stack/stack.ts';

const other = secretArn.replace('orders', 'staging');

function variablesOf(config: object, name: string): Record<string, string> {
  const found = resources(templateOf(config), 'AWS::Lambda::Function')[name];
  const { Variables } = (found?.Environment ?? { Variables: {} }) as unknown as {
    Variables: Record<string, unknown>;
  };
  return Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, spell(value)]));
}

test('the verifier has a server and room for a database, and the backup function neither', () => {
  expect(resources(templateOf(), 'AWS::Lambda::Function')).toMatchObject({
    ordersprodVerifyFunction: { Layers: [serverLayerArn], EphemeralStorage: { Size: 10_240 } },
    ordersprodBackupFunction: { Layers: [layerArn], EphemeralStorage: { Size: 512 } },
  });
  const reads = configuration({ verify: { level: 'read' } });
  expect(resources(templateOf(reads), 'AWS::Lambda::Function')).toMatchObject({
    ordersprodVerifyFunction: { Layers: [layerArn], EphemeralStorage: { Size: 512 } },
  });
});

test('the checks of a source reach the verifier as it reads them, and fingerprints the backup function', () => {
  const checks = [
    { database: 'app', sql: 'select count(*) > 1000 from orders' },
    { name: 'fresh "data"', sql: "select max(created_at) > now() - interval '2 days' from events" },
  ];
  const config = configuration({}, { checks, fingerprint: true, globals: { rolePasswords: false } });
  const variables = variablesOf(config, 'ordersprodVerifyFunction');
  expect(variables[verifyEnvironment.level]).toBe('auto');
  expect(checksSchema.parse(JSON.parse(variables[verifyEnvironment.checks] ?? ''))).toEqual(checks);
  expect(variablesOf(config, 'ordersprodBackupFunction')).toMatchObject({
    PGPROOF_FINGERPRINT: 'true',
    PGPROOF_ROLE_PASSWORDS: 'false',
  });
});

test('what may lack reaches the verifier as it reads it; where nothing may, there is no such variable', () => {
  const without = ['extension aws_commons', 'materialized view crm."a mirror"'];
  const variables = variablesOf(configuration({ verify: { without } }), 'ordersprodVerifyFunction');
  expect(withoutSchema.parse(JSON.parse(variables[verifyEnvironment.without] ?? ''))).toEqual(without);
  expect(variablesOf(configuration(), 'ordersprodVerifyFunction')).not.toHaveProperty(
    verifyEnvironment.without,
  );
});

test('there is no restore function unless it is asked for', () => {
  expect(Object.keys(resources(templateOf(), 'AWS::Lambda::Function'))).toEqual([
    'ordersprodBackupFunction',
    'ordersprodVerifyFunction',
  ]);
});

test('the restore function is told its source, and reads its backups and its secrets; nothing else', () => {
  const config = configuration({
    bucket: { kmsKeyArn },
    restore: { enabled: true, secretArns: [secretArn, other], memoryMiB: 1024 },
  });
  const template = templateOf(config);
  expect(resources(template, 'AWS::Lambda::Function').ordersprodRestoreFunction).toMatchObject({
    MemorySize: 1024,
    Timeout: 900,
    EphemeralStorage: { Size: 10_240 },
    Layers: [layerArn],
  });
  expect(variablesOf(config, 'ordersprodRestoreFunction')).toEqual({
    [restoreEnvironment.source]: 'orders-prod',
    [restoreEnvironment.store]: 's3://<Bucket>',
    [restoreEnvironment.topicArn]: '<Alerts>',
    [restoreEnvironment.secretArn]: secretArn,
    NODE_OPTIONS: '--enable-source-maps',
  });
  const statements = statementsOf(template, 'ordersprodRestoreRole');
  expect(statements).toEqual([
    expect.objectContaining({ sid: 'Log' }),
    expect.objectContaining({ sid: 'ListBackups', actions: ['s3:ListBucket'] }),
    expect.objectContaining({ sid: 'ReadObjects', actions: ['s3:GetObject'] }),
    { sid: 'PutNothing', effect: 'Deny', actions: ['s3:PutObject'], resources: ['*'] },
    { sid: 'TagNothing', effect: 'Deny', actions: ['s3:PutObjectTagging'], resources: ['*'] },
    expect.objectContaining({ sid: 'DeleteNothing', effect: 'Deny' }),
    expect.objectContaining({ sid: 'BucketKey', actions: ['kms:Decrypt'], resources: [kmsKeyArn] }),
    { sid: 'Secret', actions: ['secretsmanager:GetSecretValue'], resources: [secretArn] },
    { sid: 'Secret2', actions: ['secretsmanager:GetSecretValue'], resources: [other] },
    { sid: 'Alert', actions: ['sns:Publish'], resources: ['<Alerts>'] },
    expect.objectContaining({ sid: 'AlertKey' }),
    expect.objectContaining({ actions: expect.arrayContaining(['sqs:SendMessage']) }),
  ]);
  expect(Object.keys(resources(template, 'AWS::CloudWatch::Alarm'))).toContain('ordersprodRestoreErrors');
});

test('the restore function may use the keys of its secrets, through Secrets Manager only', () => {
  const otherKey = kmsKeyArn.replace('0a1b2c3d', '1a1b2c3d');
  const restore = { enabled: true, secretArns: [other, secretArn], secretKmsKeyArn: otherKey };
  const config = configuration({ restore }, { secretKmsKeyArn: kmsKeyArn });
  const decrypts = statementsOf(templateOf(config), 'ordersprodRestoreRole').filter(({ sid }) =>
    sid?.startsWith('SecretKey'),
  );
  const conditions = {
    StringEquals: {
      'kms:ViaService': {
        'Fn::Join': ['', ['secretsmanager.', { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }]],
      },
    },
  };
  // A source's secret is encrypted with the source's key, also where others are restored into.
  expect(decrypts).toEqual([
    { sid: 'SecretKey', actions: ['kms:Decrypt'], resources: [otherKey], conditions },
    { sid: 'SecretKey2', actions: ['kms:Decrypt'], resources: [kmsKeyArn], conditions },
  ]);
});

test('a secret without a host, as RDS makes them, is completed from the source', () => {
  const config = configuration({ restore: { enabled: true } }, { host: 'db.acme.test', port: 5433 });
  expect(variablesOf(config, 'ordersprodRestoreFunction')).toMatchObject({
    [restoreEnvironment.host]: 'db.acme.test',
    [restoreEnvironment.port]: '5433',
  });
  const elsewhere = configuration(
    { restore: { enabled: true, secretArns: [other] } },
    { host: 'db.acme.test', port: 5433 },
  );
  expect(variablesOf(elsewhere, 'ordersprodRestoreFunction')).not.toHaveProperty(restoreEnvironment.host);
});

test('it joins the VPC of the source, and nothing starts it by itself', () => {
  const network = { vpcId: 'vpc-01234567', subnetIds: ['subnet-01234567'] };
  const template = Template.fromStack(stackFrom(configuration({ network, restore: { enabled: true } })));
  const found = resources(template, 'AWS::Lambda::Function').ordersprodRestoreFunction;
  expect(found).toMatchObject({ VpcConfig: { SubnetIds: ['subnet-01234567'] } });
  const targets = JSON.stringify([
    resources(template, 'AWS::Events::Rule'),
    resources(template, 'AWS::Scheduler::Schedule'),
  ]);
  expect(targets).not.toContain('RestoreFunction');
});
