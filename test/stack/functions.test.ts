import { expect, test } from 'vitest';
import { backupEnvironment, backupEventSchema } from '../../functions/backup/contract.ts';
import { verifyEnvironment } from '../../functions/verify/contract.ts';
import {
  configuration,
  kmsKeyArn,
  layerArn,
  resources,
  secretArn,
  spell,
  templateOf,
} from '../support/stack/stack.ts';

function environmentOf(config: object, name: 'Backup' | 'Verify'): Record<string, string> {
  const found = resources(templateOf(config), 'AWS::Lambda::Function')[`ordersprod${name}Function`];
  const { Variables } = (found?.Environment ?? { Variables: {} }) as unknown as {
    Variables: Record<string, unknown>;
  };
  return Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, spell(value)]));
}

test('both functions run as configured, and neither reserves concurrency', () => {
  const functions = {
    architecture: 'x86_64',
    memoryMiB: 3008,
    temporaryStorageMiB: 4096,
    timeoutMinutes: 10,
    logRetentionDays: 365,
  };
  const verify = { level: 'read', memoryMiB: 1024, temporaryStorageMiB: 1024, timeoutMinutes: 5 };
  const template = templateOf(configuration({ functions, verify }));
  const shared = { Architectures: ['x86_64'], Runtime: 'nodejs24.x', Handler: 'index.handler' };
  const found = resources(template, 'AWS::Lambda::Function');
  expect(found).toMatchObject({
    ordersprodBackupFunction: {
      ...shared,
      MemorySize: 3008,
      EphemeralStorage: { Size: 4096 },
      Timeout: 600,
      Layers: [layerArn],
    },
    ordersprodVerifyFunction: {
      ...shared,
      MemorySize: 1024,
      EphemeralStorage: { Size: 1024 },
      Timeout: 300,
      Layers: [layerArn],
    },
  });
  for (const one of Object.values(found)) {
    expect(one).not.toHaveProperty('ReservedConcurrentExecutions');
    expect(one).not.toHaveProperty('VpcConfig');
  }
});

test('arm64 and 15 minutes unless told otherwise', () => {
  expect(resources(templateOf(), 'AWS::Lambda::Function').ordersprodBackupFunction).toMatchObject({
    Architectures: ['arm64'],
    Timeout: 900,
    MemorySize: 2048,
  });
});

test('log groups have names and a retention', () => {
  expect(resources(templateOf(), 'AWS::Logs::LogGroup')).toEqual({
    ordersprodBackupLog: { LogGroupName: '/pgproof/pgproof/orders-prod/backup', RetentionInDays: 90 },
    ordersprodVerifyLog: { LogGroupName: '/pgproof/pgproof/orders-prod/verify', RetentionInDays: 90 },
  });
  const logging = Object.values(resources(templateOf(), 'AWS::Lambda::Function')).map(({ LoggingConfig }) =>
    spell((LoggingConfig as unknown as { LogGroup: unknown }).LogGroup),
  );
  expect(logging).toEqual(['<ordersprodBackupLog>', '<ordersprodVerifyLog>']);
});

test('a failed run goes to the queue; a backup is tried once more, a verification is not', () => {
  const configs = resources(templateOf(), 'AWS::Lambda::EventInvokeConfig');
  const destinations = Object.values(configs).map(({ DestinationConfig }) =>
    spell((DestinationConfig as unknown as { OnFailure: { Destination: unknown } }).OnFailure.Destination),
  );
  expect(destinations).toEqual(['<ordersprodFailures.Arn>', '<ordersprodFailures.Arn>']);
  expect(configs).toMatchObject({
    ordersprodBackupFunctionEventInvokeConfig: { MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 3600 },
    ordersprodVerifyFunctionEventInvokeConfig: { MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 21_600 },
  });
});

test('the backup function is told what it needs, and no more', () => {
  expect(environmentOf(configuration(), 'Backup')).toEqual({
    PGPROOF_SOURCE: 'orders-prod',
    PGPROOF_STORE: 's3://<Bucket>',
    PGPROOF_TOPIC_ARN: '<Alerts>',
    PGPROOF_NOTIFY: 'failures',
    PGPROOF_SECRET_ARN: secretArn,
    NODE_OPTIONS: '--enable-source-maps',
  });
});

test('every setting of a source reaches the backup function', () => {
  const config = configuration(
    {
      bucket: { existing: 'acme-backups', prefix: 'pg/eu', kmsKeyArn },
      alerts: { emails: [], notify: 'all' },
    },
    {
      host: 'replica.acme.test',
      port: 5433,
      maintenanceDatabase: 'app',
      sslMode: 'verify-full',
      databases: ['app', 'Ünïcode "quoted"'],
      lockWaitSeconds: 30,
      stallSeconds: 120,
    },
  );
  expect(environmentOf(config, 'Backup')).toEqual({
    [backupEnvironment.source]: 'orders-prod',
    [backupEnvironment.store]: 's3://acme-backups/pg/eu',
    [backupEnvironment.topicArn]: '<Alerts>',
    [backupEnvironment.notify]: 'all',
    [backupEnvironment.secretArn]: secretArn,
    [backupEnvironment.host]: 'replica.acme.test',
    [backupEnvironment.port]: '5433',
    [backupEnvironment.maintenanceDatabase]: 'app',
    [backupEnvironment.sslMode]: 'verify-full',
    [backupEnvironment.databases]: '["app","Ünïcode \\"quoted\\""]',
    [backupEnvironment.lockWaitSeconds]: '30',
    [backupEnvironment.stallSeconds]: '120',
    [backupEnvironment.kmsKeyArn]: kmsKeyArn,
    NODE_OPTIONS: '--enable-source-maps',
  });
});

test('with IAM authentication it is told host, port and role', () => {
  const iam = { host: 'db.acme.test', user: 'backup', resourceId: 'db-ABC123' };
  const config = configuration({}, { secretArn: undefined, iam, excludeDatabases: ['scratch'] });
  expect(environmentOf(config, 'Backup')).toMatchObject({
    [backupEnvironment.auth]: 'iam',
    [backupEnvironment.host]: 'db.acme.test',
    [backupEnvironment.port]: '5432',
    [backupEnvironment.user]: 'backup',
    [backupEnvironment.excludeDatabases]: '["scratch"]',
  });
});

test('what is left out of every backup it is told as JSON', () => {
  const selection = {
    schemas: ['app'],
    excludeSchemas: ['"Old"'],
    excludeTables: ['a*'],
    excludeTableData: ['b', 'c'],
  };
  const told = environmentOf(configuration({}, selection), 'Backup');
  expect(told).toMatchObject({
    [backupEnvironment.schemas]: '["app"]',
    [backupEnvironment.excludeSchemas]: '["\\"Old\\""]',
    [backupEnvironment.excludeTables]: '["a*"]',
    [backupEnvironment.excludeTableData]: '["b","c"]',
  });
});

test('the verify function is told where, how deep, and whom to tell', () => {
  const config = configuration({ bucket: { prefix: 'pg', kmsKeyArn }, verify: { level: 'checksum' } });
  expect(environmentOf(config, 'Verify')).toEqual({
    [verifyEnvironment.store]: 's3://<Bucket>/pg',
    [verifyEnvironment.level]: 'checksum',
    [verifyEnvironment.topicArn]: '<Alerts>',
    [verifyEnvironment.notify]: 'failures',
    [verifyEnvironment.kmsKeyArn]: kmsKeyArn,
    NODE_OPTIONS: '--enable-source-maps',
  });
});

test('every schedule starts the backup function with an event that it accepts', () => {
  const schedules = [
    { name: 'nightly', cron: 'cron(0 2 * * ? *)', timeZone: 'Europe/Berlin' },
    {
      name: 'weekly',
      cron: 'cron(0 4 ? * SUN *)',
      format: 'directory',
      jobs: 4,
      parallel: 2,
      compress: 'gzip:1',
      rows: 'none',
      databases: ['app'],
    },
  ];
  const found = Object.values(
    resources(templateOf(configuration({}, { schedules })), 'AWS::Scheduler::Schedule'),
  ).map((schedule) => {
    const target = schedule.Target as unknown as Record<string, unknown>;
    return {
      when: `${schedule.ScheduleExpression} ${schedule.ScheduleExpressionTimezone} ${schedule.State}`,
      starts: spell(target.Arn),
      as: spell(target.RoleArn),
      deadLetters: spell((target.DeadLetterConfig as { Arn: unknown }).Arn),
      retry: target.RetryPolicy,
      event: backupEventSchema.parse(JSON.parse(String(target.Input))),
    };
  });
  const shared = {
    starts: '<ordersprodBackupFunction.Arn>',
    as: '<ordersprodSchedulesRole.Arn>',
    deadLetters: '<ordersprodFailures.Arn>',
    retry: { MaximumEventAgeInSeconds: 3600, MaximumRetryAttempts: 10 },
  };
  expect(found).toEqual([
    { ...shared, when: 'cron(0 2 * * ? *) Europe/Berlin ENABLED', event: { schedule: 'nightly' } },
    {
      ...shared,
      when: 'cron(0 4 ? * SUN *) UTC ENABLED',
      event: {
        schedule: 'weekly',
        format: 'directory',
        jobs: 4,
        parallel: 2,
        compress: 'gzip:1',
        rows: 'none',
        databases: ['app'],
      },
    },
  ]);
});

test('every manifest of the source in the bucket starts a verification, and only this rule may', () => {
  const template = templateOf(configuration({ bucket: { prefix: 'pg/eu' } }));
  const rule = Object.values(resources(template, 'AWS::Events::Rule'))[0];
  expect(rule).toMatchObject({
    State: 'ENABLED',
    EventPattern: {
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [{ Ref: expect.stringMatching(/^Bucket/) }] },
        object: { key: [{ wildcard: 'pg/eu/orders-prod/*/manifest.json' }] },
      },
    },
    Targets: [{ RetryPolicy: { MaximumEventAgeInSeconds: 21_600, MaximumRetryAttempts: 60 } }],
  });
  const [target] = (rule?.Targets ?? []) as unknown as { Arn: unknown; DeadLetterConfig: { Arn: unknown } }[];
  expect(spell(target?.Arn)).toBe('<ordersprodVerifyFunction.Arn>');
  expect(spell(target?.DeadLetterConfig.Arn)).toBe('<ordersprodFailures.Arn>');
  const permissions = Object.values(resources(template, 'AWS::Lambda::Permission'));
  expect(
    permissions.map((one) => [one.Action, one.Principal, spell(one.FunctionName), spell(one.SourceArn)]),
  ).toEqual([
    [
      'lambda:InvokeFunction',
      'events.amazonaws.com',
      '<ordersprodVerifyFunction.Arn>',
      '<ordersprodManifestCreated.Arn>',
    ],
  ]);
});
