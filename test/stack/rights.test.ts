import { expect, test } from 'vitest';
import { Deployed } from '../support/stack/deployed.ts';
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

const time = '*/????-??-??T??-??-??Z';
const objects = (prefix: string, ...names: string[]): string[] =>
  names.map((name) => `${prefix}/${time}/${name}`);
const read = (prefix: string, ...names: string[]): object => ({
  sid: 'ReadObjects',
  actions: ['s3:GetObject'],
  resources: objects(prefix, ...names),
});
const archives = ['archive?*'];
const created = [...archives, 'database.sql', 'globals.sql', 'manifest.json', 'summary.json'];
const deny = (sid: string, rest: object): object => ({
  sid,
  effect: 'Deny',
  actions: ['s3:PutObject'],
  ...rest,
});
const tag = ['s3:PutObjectTagging'];
const deleteNothing = {
  sid: 'DeleteNothing',
  effect: 'Deny',
  actions: ['s3:BypassGovernanceRetention', 's3:DeleteObject', 's3:DeleteObjectVersion'],
  resources: ['*'],
};
const whateverLiesThere = {
  Null: { 's3:if-none-match': 'true' },
  Bool: { 's3:ObjectCreationOperation': 'true' },
};
const kept = 'verification.kept-*.json';
const ownPart = '<Bucket.Arn>/orders-prod';

const note = (part: string): string => `${part}/*/RECOVERY.md`;

/** What the backup role may do with objects. */
function createsObjects(part: string): object[] {
  return [
    read(part, 'manifest.json', 'summary.json'),
    // In one pattern, for there is little room; the denial names each.
    { sid: 'PutObjects', actions: ['s3:PutObject'], resources: [...objects(part, '*'), note(part)] },
    deny('PutNothingElse', { resources: [], butFor: [...objects(part, ...created), note(part)] }),
    {
      sid: 'TagArchives',
      actions: tag,
      resources: objects(part, ...archives),
      conditions: {
        StringEquals: { 's3:RequestObjectTag/pgproof': 'archive' },
        'ForAllValues:StringEquals': { 's3:RequestObjectTagKeys': 'pgproof' },
      },
    },
    deny('TagNothingElse', { actions: tag, resources: [], butFor: objects(part, ...archives) }),
    {
      sid: 'EndUploads',
      actions: ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      resources: objects(part, '*'),
    },
    deny('OnlyFreeKeys', { resources: ['*'], conditions: whateverLiesThere }),
    deleteNothing,
  ];
}

/** CDK sorts resources, whose names have a bucket before them. */
const inPolicies = (one: string, other: string): number => (one < other ? -1 : 1);

/** What the verify role may do with objects. */
function verifiesObjects(part: string): object[] {
  return [
    read(part, ...[...created, 'hold.json', 'release.json', 'verification.json', kept].sort(inPolicies)),
    { sid: 'PutObjects', actions: ['s3:PutObject'], resources: objects(part, 'verification.json', kept) },
    deny('PutNothingElse', { resources: [], butFor: objects(part, 'verification.json', kept) }),
    deny('TagNothing', { actions: tag, resources: ['*'] }),
    deny('OnlyFreeKeys', { resources: objects(part, kept), conditions: whateverLiesThere }),
    deleteNothing,
  ];
}

test('the backup function may create below its prefix, read its secret and publish; nothing else', () => {
  expect(statementsOf(templateOf(), 'ordersprodBackupRole')).toEqual([
    log('Backup'),
    list('orders-prod/*'),
    ...createsObjects(ownPart),
    { sid: 'Secret', actions: ['secretsmanager:GetSecretValue'], resources: [secretArn] },
    ...alert,
    keepFailures,
  ]);
});

test('the verify function may read below its prefix and put its verdict; nothing else', () => {
  expect(statementsOf(templateOf(), 'ordersprodVerifyRole')).toEqual([
    log('Verify'),
    list('orders-prod/*'),
    ...verifiesObjects(ownPart),
    ...alert,
    keepFailures,
  ]);
});

test("a bucket's policy has one statement for every source's backup role, which is named in a condition", () => {
  const [first] = (configuration() as { sources: object[] }).sources;
  const template = templateOf(configuration({ sources: [first, { ...first, name: 'crm' }] }));
  const [{ PolicyDocument } = { PolicyDocument: null }] = Object.values(
    resources(template, 'AWS::S3::BucketPolicy'),
  );
  const { Statement } = PolicyDocument as unknown as { Statement: { Sid?: string }[] };
  expect(Statement.filter(({ Sid }) => Sid === 'OnlyFreeKeys')).toEqual([
    {
      Sid: 'OnlyFreeKeys',
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: 's3:PutObject',
      Resource: { 'Fn::Join': ['', [{ 'Fn::GetAtt': [expect.stringMatching(/^Bucket/), 'Arn'] }, '/*']] },
      Condition: {
        ...whateverLiesThere,
        ArnEquals: {
          'aws:PrincipalArn': ['ordersprod', 'crm'].map((source) => ({
            'Fn::GetAtt': [expect.stringMatching(new RegExp(`^${source}BackupRole`)), 'Arn'],
          })),
        },
      },
    },
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
  // In China the suffix is another one.
  const viaService = (service: string): object => ({
    StringEquals: {
      'kms:ViaService': {
        'Fn::Join': ['', [`${service}.`, { Ref: 'AWS::Region' }, '.', { Ref: 'AWS::URLSuffix' }]],
      },
    },
  });
  const bucketKey = {
    sid: 'BucketKey',
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: [kmsKeyArn],
    conditions: viaService('s3'),
  };
  const part = `${arn}/pg/eu/orders-prod`;
  expect(statementsOf(template, 'ordersprodBackupRole').slice(1, 13)).toEqual([
    list('pg/eu/orders-prod/*', arn),
    ...createsObjects(part),
    bucketKey,
    { sid: 'Secret', actions: ['secretsmanager:GetSecretValue'], resources: [secretArn] },
    {
      sid: 'SecretKey',
      actions: ['kms:Decrypt'],
      resources: [kmsKeyArn],
      conditions: viaService('secretsmanager'),
    },
  ]);
  expect(statementsOf(template, 'ordersprodVerifyRole').slice(1, 9)).toEqual([
    list('pg/eu/orders-prod/*', arn),
    ...verifiesObjects(part),
    bucketKey,
  ]);
});

test('no action anywhere has a wildcard or deletes, no role has a managed policy', () => {
  const network = { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-0a1b2c3d'] };
  const template = templateOf(configuration({ network }));
  const policies = Object.values(resources(template, 'AWS::IAM::Policy'));
  const actions = policies.flatMap((policy) => {
    const document = policy.PolicyDocument as unknown as {
      Statement: { Effect: string; Action: string | string[] }[];
    };
    return document.Statement.flatMap(({ Effect, Action }) => (Effect === 'Allow' ? Action : []));
  });
  expect(actions.length).toBeGreaterThan(20);
  expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  expect(actions.filter((action) => /:Delete/.test(action))).toEqual(['ec2:DeleteNetworkInterface']);
  for (const role of Object.values(resources(template, 'AWS::IAM::Role'))) {
    expect(role).not.toHaveProperty('ManagedPolicyArns');
    expect(role).not.toHaveProperty('Policies');
  }
});

test('the longest names there may be leave the policies within what IAM takes', () => {
  const prefix = 'p'.repeat(256);
  const config = configuration(
    {
      bucket: { existing: 'b'.repeat(63), prefix, kmsKeyArn },
      restore: { enabled: true },
      backupLog: { secretArn: secretArn.replace('orders', 'l'.repeat(500)), secretKmsKeyArn: kmsKeyArn },
      network: { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-0a1b2c3d'] },
    },
    { name: 's'.repeat(64), secretKmsKeyArn: kmsKeyArn },
  );
  const template = templateOf(config);
  const deployed = new Deployed(template);
  const role = 's'.repeat(64);
  for (const name of ['Backup', 'Verify', 'Restore']) {
    const policies = deployed.policiesOf(`${role}${name}Role`);
    expect(policies).toHaveLength(1);
    // IAM does not count white space. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    expect(JSON.stringify(policies).replace(/\s/g, '').length, name).toBeLessThan(10_240);
  }
});
