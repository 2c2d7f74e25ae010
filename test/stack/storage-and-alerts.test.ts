import { Match } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { configuration, kmsKeyArn, resources, spell, templateOf } from '../support/stack/stack.ts';

type Document = { Statement: Record<string, unknown>[] };

function statementsIn(document: unknown): Record<string, unknown>[] {
  const { Statement: statements } = (document ?? { Statement: [] }) as Document;
  return statements;
}

/** Whether a resource policy refuses everything that does not come by TLS. */
function refusesPlainHttp(policy: Record<string, unknown> | undefined): boolean {
  return statementsIn(policy?.PolicyDocument).some(
    ({ Effect, Condition }) =>
      Effect === 'Deny' && JSON.stringify(Condition) === '{"Bool":{"aws:SecureTransport":"false"}}',
  );
}

test('the bucket is private, TLS only, versioned, encrypted, cleaned up and kept', () => {
  const template = templateOf();
  expect(resources(template, 'AWS::S3::Bucket')).toEqual({
    Bucket: {
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: false, ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
        ],
      },
      LifecycleConfiguration: {
        Rules: [
          {
            Id: 'incomplete-uploads',
            Status: 'Enabled',
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 },
          },
          {
            Id: 'deleted-versions',
            Status: 'Enabled',
            ExpiredObjectDeleteMarker: true,
            NoncurrentVersionExpiration: { NoncurrentDays: 30 },
          },
        ],
      },
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      VersioningConfiguration: { Status: 'Enabled' },
    },
  });
  template.hasResource('AWS::S3::Bucket', { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  expect(refusesPlainHttp(resources(template, 'AWS::S3::BucketPolicy').BucketPolicy)).toBe(true);
});

test('a key of its own encrypts everything in the bucket, is rotated, and stays when the stack goes', () => {
  const template = templateOf(configuration({ bucket: { kms: true } }));
  template.hasResourceProperties('AWS::S3::Bucket', {
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [
        {
          BucketKeyEnabled: true,
          ServerSideEncryptionByDefault: {
            SSEAlgorithm: 'aws:kms',
            KMSMasterKeyID: { 'Fn::GetAtt': [Match.stringLikeRegexp('^BucketKey'), 'Arn'] },
          },
        },
      ],
    },
  });
  template.hasResource('AWS::KMS::Key', {
    DeletionPolicy: 'Retain',
    UpdateReplacePolicy: 'Retain',
    Properties: { EnableKeyRotation: true, Description: 'Encrypts the backups of pgproof' },
  });
  for (const name of ['Backup', 'Verify']) {
    const { Environment } = resources(template, 'AWS::Lambda::Function')[`ordersprod${name}Function`] ?? {};
    const { Variables } = Environment as unknown as { Variables: Record<string, unknown> };
    expect(spell(Variables.PGPROOF_KMS_KEY_ARN)).toBe('<BucketKey.Arn>');
  }
});

test('name, key, transition and days of the configuration', () => {
  const bucket = {
    name: 'acme-backups',
    kmsKeyArn,
    transition: { storageClass: 'GLACIER_IR', afterDays: 7 },
    abortIncompleteUploadsAfterDays: 1,
    keepDeletedVersionsDays: 90,
  };
  expect(resources(templateOf(configuration({ bucket })), 'AWS::S3::Bucket').Bucket).toMatchObject({
    BucketName: 'acme-backups',
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [
        {
          BucketKeyEnabled: true,
          ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKeyArn },
        },
      ],
    },
    LifecycleConfiguration: {
      Rules: [
        { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
        { NoncurrentVersionExpiration: { NoncurrentDays: 90 } },
        {
          Id: 'transition',
          TagFilters: [{ Key: 'pgproof', Value: 'archive' }],
          Transitions: [{ StorageClass: 'GLACIER_IR', TransitionInDays: 7 }],
        },
      ],
    },
  });
});

test('several transitions are one rule, by the tag of archives alone', () => {
  const transition = [
    { storageClass: 'GLACIER_IR', afterDays: 7 },
    { storageClass: 'DEEP_ARCHIVE', afterDays: 100 },
  ];
  const template = templateOf(configuration({ bucket: { transition } }));
  const { LifecycleConfiguration } = resources(template, 'AWS::S3::Bucket').Bucket ?? {};
  const { Rules } = LifecycleConfiguration as unknown as { Rules: Record<string, unknown>[] };
  const moving = Rules.filter(({ Transitions }) => Transitions !== undefined);
  expect(moving).toMatchObject([
    {
      TagFilters: [{ Key: 'pgproof', Value: 'archive' }],
      Transitions: [
        { StorageClass: 'GLACIER_IR', TransitionInDays: 7 },
        { StorageClass: 'DEEP_ARCHIVE', TransitionInDays: 100 },
      ],
    },
  ]);
  expect(moving[0]).not.toHaveProperty('ObjectSizeGreaterThan');
});

test('a bucket of the user is left as it is', () => {
  const template = templateOf(configuration({ bucket: { existing: 'acme-backups' } }));
  template.resourceCountIs('AWS::S3::Bucket', 0);
  template.resourceCountIs('AWS::S3::BucketPolicy', 0);
});

test('no function but ours, and no custom resource', () => {
  const network = {
    vpcId: 'vpc-0a1b2c3d',
    subnetIds: ['subnet-0a1b2c3d'],
    endpoints: true,
    routeTableIds: ['rtb-0a1b2c3d'],
  };
  const template = templateOf(configuration({ network }));
  expect(Object.keys(resources(template, 'AWS::Lambda::Function'))).toEqual([
    'ordersprodBackupFunction',
    'ordersprodVerifyFunction',
  ]);
  const types = Object.values(template.toJSON().Resources as Record<string, { Type: string }>);
  expect(types.filter(({ Type }) => /^(Custom::|AWS::CloudFormation::CustomResource)/.test(Type))).toEqual(
    [],
  );
});

test('the topic has a key of its own that alarms may use, and a policy that lets them publish by TLS', () => {
  const template = templateOf();
  expect(resources(template, 'AWS::SNS::Topic').Alerts).toMatchObject({
    KmsMasterKeyId: { 'Fn::GetAtt': [expect.stringMatching(/^AlertsKey/), 'Arn'] },
  });
  const fromThisAccount = { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } };
  const key = resources(template, 'AWS::KMS::Key').AlertsKey;
  expect(key).toMatchObject({ EnableKeyRotation: true });
  expect(statementsIn(key?.KeyPolicy)).toContainEqual({
    Sid: 'AlarmsUseTheKey',
    Effect: 'Allow',
    Principal: { Service: 'cloudwatch.amazonaws.com' },
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    Resource: '*',
    Condition: fromThisAccount,
  });
  const policy = resources(template, 'AWS::SNS::TopicPolicy').AlertsPolicy;
  expect(refusesPlainHttp(policy)).toBe(true);
  expect(statementsIn(policy?.PolicyDocument)).toContainEqual({
    Sid: 'AlarmsPublish',
    Effect: 'Allow',
    Principal: { Service: 'cloudwatch.amazonaws.com' },
    Action: 'sns:Publish',
    Resource: { Ref: expect.stringMatching(/^Alerts/) },
    Condition: fromThisAccount,
  });
});

test('every address is subscribed', () => {
  const emails = ['ops@acme.test', 'dba@acme.test'];
  const subscriptions = Object.values(
    resources(templateOf(configuration({ alerts: { emails } })), 'AWS::SNS::Subscription'),
  );
  expect(
    subscriptions.map(({ Protocol, Endpoint, TopicArn }) => [Protocol, Endpoint, spell(TopicArn)]),
  ).toEqual(emails.map((email) => ['email', email, '<Alerts>']));
});

test('an alarm per function and one for the queue, all to the topic', () => {
  const alarms = Object.values(resources(templateOf(), 'AWS::CloudWatch::Alarm')).map((alarm) => ({
    metric: `${alarm.Namespace} ${alarm.MetricName} ${alarm.Statistic}`,
    of: spell((alarm.Dimensions as unknown as { Value: unknown }[])[0]?.Value),
    when: `${alarm.ComparisonOperator} ${alarm.Threshold} in ${alarm.EvaluationPeriods} x ${alarm.Period} s`,
    missing: alarm.TreatMissingData,
    actions: (alarm.AlarmActions as unknown as unknown[]).map(spell),
  }));
  const once = {
    when: 'GreaterThanOrEqualToThreshold 1 in 1 x 300 s',
    missing: 'notBreaching',
    actions: ['<Alerts>'],
  };
  expect(alarms).toEqual([
    { ...once, metric: 'AWS/Lambda Errors Sum', of: '<ordersprodBackupFunction>' },
    { ...once, metric: 'AWS/Lambda Errors Sum', of: '<ordersprodVerifyFunction>' },
    {
      ...once,
      metric: 'AWS/SQS ApproximateNumberOfMessagesVisible Maximum',
      of: '<ordersprodFailures.QueueName>',
    },
  ]);
});

test('the failure queue is encrypted, TLS only, and keeps messages as long as SQS does', () => {
  const template = templateOf();
  expect(resources(template, 'AWS::SQS::Queue')).toEqual({
    ordersprodFailures: { MessageRetentionPeriod: 14 * 24 * 60 * 60, SqsManagedSseEnabled: true },
  });
  expect(refusesPlainHttp(resources(template, 'AWS::SQS::QueuePolicy').ordersprodFailuresPolicy)).toBe(true);
});
