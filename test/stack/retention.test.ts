import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { expect, test } from 'vitest';
import { pruneEnvironment, pruneEventSchema } from '../../functions/prune/contract.ts';
import { asBucket } from '../../lib/bucket.ts';
import { PostgresBackup } from '../../lib/postgres-backup.ts';
import { BackupRetention } from '../../lib/retention.ts';
import type { BackupRetentionProps } from '../../lib/retention-props.ts';
import { s3Asks } from '../support/aws/iam.ts';
import { Deployed } from '../support/stack/deployed.ts';
import {
  configuration,
  functionsDirectory,
  kmsKeyArn,
  layerArn,
  resources,
  secretArn,
  spell,
  stackFrom,
  templateOf,
  testApp,
} from '../support/stack/stack.ts';

const keep = { daily: 7, weekly: 4, within: '30d' };
const schedule = { name: 'nightly', cron: 'cron(0 2 * * ? *)', timeZone: 'Europe/Berlin' };
const source = (name: string, timeZone = 'Europe/Berlin'): object => ({
  name,
  secretArn,
  schedules: [{ ...schedule, timeZone }],
});
const ofSources = (names: readonly string[], changes: object = {}): object =>
  configuration({ sources: names.map((name) => source(name)), prune: { keep }, ...changes });

function variablesOf(template: Template): Record<string, string> {
  const found = resources(template, 'AWS::Lambda::Function').RetentionPruneFunction;
  const { Variables } = (found?.Environment ?? { Variables: {} }) as unknown as {
    Variables: Record<string, unknown>;
  };
  return Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, spell(value)]));
}

test('without prune nothing is deleted: there is no function and no role for it', () => {
  const template = JSON.stringify(templateOf().toJSON());
  expect(template).not.toContain('RetentionPrune');
  expect(template).not.toContain('"DeleteObjects"');
});

test('one function for all sources, with neither PostgreSQL nor a VPC', () => {
  const network = { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-0a1b2c3d'] };
  const template = templateOf(ofSources(['orders', 'crm'], { network }));
  const functions = resources(template, 'AWS::Lambda::Function');
  expect(Object.keys(functions).filter((id) => id.includes('Prune'))).toEqual(['RetentionPruneFunction']);
  expect(functions.RetentionPruneFunction).toMatchObject({ Timeout: 900, MemorySize: 1024 });
  expect(functions.RetentionPruneFunction).not.toHaveProperty('VpcConfig');
  expect(functions.RetentionPruneFunction).not.toHaveProperty('Layers');
});

test('it is told what to keep, of which sources, and whom to tell', () => {
  const names = pruneEnvironment;
  expect(variablesOf(templateOf(ofSources(['orders', 'crm'])))).toEqual({
    [names.store]: 's3://<Bucket>',
    [names.sources]: '["orders","crm"]',
    [names.keep]: JSON.stringify(keep),
    [names.min]: '3',
    [names.cliff]: '0.5',
    [names.timeZone]: 'Europe/Berlin',
    [names.topicArn]: '<Alerts>',
    NODE_OPTIONS: '--enable-source-maps',
  });
  const bucket = { existing: 'acme-backups', prefix: 'pg/eu', kmsKeyArn };
  const prune = { keep, min: 5, cliff: 0.8, verified: false, timeZone: 'America/New_York' };
  expect(variablesOf(templateOf(ofSources(['orders'], { bucket, prune })))).toMatchObject({
    [names.store]: 's3://acme-backups/pg/eu',
    [names.min]: '5',
    [names.cliff]: '0.8',
    [names.verified]: 'false',
    [names.timeZone]: 'America/New_York',
    [names.kmsKeyArn]: kmsKeyArn,
  });
});

test('it runs at noon of the zone of the schedules, with an event that it accepts', () => {
  const schedules = Object.entries(resources(templateOf(ofSources(['orders'])), 'AWS::Scheduler::Schedule'));
  const daily = schedules.find(([id]) => id.startsWith('Retention'))?.[1];
  expect(daily).toMatchObject({
    ScheduleExpression: 'cron(0 12 * * ? *)',
    ScheduleExpressionTimezone: 'Europe/Berlin',
    State: 'ENABLED',
  });
  const { Arn, Input, RoleArn } = (daily?.Target ?? {}) as unknown as Record<string, unknown>;
  expect(spell(Arn)).toBe('<RetentionPruneFunction.Arn>');
  expect(spell(RoleArn)).toBe('<RetentionDailyRole.Arn>');
  expect(pruneEventSchema.parse(JSON.parse(String(Input)))).toEqual({});
});

test('where the schedules are in several zones days are counted in UTC, and synth says so', () => {
  const sources = [source('orders'), source('crm', 'America/New_York')];
  const several = configuration({ sources, prune: { keep } });
  const warnings = (config: object): string =>
    JSON.stringify(stackFrom(config).node.metadata.map(({ data }) => data));
  expect(variablesOf(templateOf(several))[pruneEnvironment.timeZone]).toBe('UTC');
  expect(warnings(several)).toContain('Europe/Berlin, America/New_York');
  expect(warnings(ofSources(['orders', 'crm']))).not.toContain('pgproof:prune-zone');
  const chosen = configuration({ sources, prune: { keep, timeZone: 'UTC' } });
  expect(warnings(chosen)).not.toContain('pgproof:prune-zone');
});

test('a failed run is not tried again, and an alarm tells; another one when it has not run for two days', () => {
  const template = templateOf(ofSources(['orders']));
  expect(resources(template, 'AWS::Lambda::EventInvokeConfig')).toMatchObject({
    RetentionPruneFunctionEventInvokeConfig: { MaximumRetryAttempts: 0 },
  });
  const alarms = resources(template, 'AWS::CloudWatch::Alarm');
  expect(alarms.RetentionPruneErrors).toMatchObject({ TreatMissingData: 'notBreaching', Threshold: 1 });
  expect(alarms.RetentionPruneSilent).toMatchObject({
    MetricName: 'Invocations',
    Period: 86_400,
    EvaluationPeriods: 2,
    ComparisonOperator: 'LessThanThreshold',
    Threshold: 1,
    TreatMissingData: 'breaching',
  });
  expect(alarms.RetentionFailuresWaiting).toBeDefined();
  for (const alarm of Object.values(alarms))
    expect([alarm.AlarmActions].flat().map(spell)).toEqual(['<Alerts>']);
});

test('prune reaches the sources of its stack, and nothing that another stack has in the same bucket', async () => {
  const bucketArn = 'arn:aws:s3:::acme-backups';
  for (const prefix of [undefined, 'pg']) {
    const bucket = { existing: 'acme-backups', ...(prefix === undefined ? {} : { prefix }) };
    const deployed = new Deployed(templateOf(ofSources(['orders', 'crm'], { bucket })));
    const above = prefix === undefined ? '' : `${prefix}/`;
    const may = (operation: string, key: string): Promise<boolean> =>
      deployed.allows('RetentionPruneRole', s3Asks(operation, bucketArn, key));
    const id = 'app/2026-11-20T02-00-00Z';
    for (const name of ['orders', 'crm']) {
      expect(await may('DeleteObject', `${above}${name}/${id}/manifest.json`)).toBe(true);
      expect(await may('AbortMultipartUpload', `${above}${name}/${id}/archive.dump`)).toBe(true);
      expect(await may('ListObjectsV2', `${above}${name}/`)).toBe(true);
    }
    const theirs = ['orders-2', 'payroll', 'x/orders', 'other/orders', 'status'];
    for (const name of theirs) {
      for (const operation of ['DeleteObject', 'GetObject', 'AbortMultipartUpload'])
        expect(await may(operation, `${above}${name}/${id}/manifest.json`), `${operation} ${name}`).toBe(
          false,
        );
      expect(await may('ListObjectsV2', `${above}${name}/`), name).toBe(false);
    }
    expect(await may('ListObjectsV2', above)).toBe(false);
  }
});

test('the role of prune fits into what IAM takes, with as many sources as a stack takes', () => {
  const names = Array.from({ length: 16 }, (_, number) => `a-server-with-a-long-name-${number}`);
  const objectLock = { mode: 'governance', days: 30 };
  for (const bucket of [
    { existing: 'b'.repeat(60), prefix: 'p'.repeat(60), kmsKeyArn },
    { prefix: 'backups/postgres', kmsKeyArn, objectLock },
  ]) {
    const deployed = new Deployed(templateOf(ofSources(names, { bucket })));
    const [policy, ...others] = deployed.policiesOf('RetentionPruneRole');
    expect(others).toEqual([]);
    expect(JSON.stringify(policy).length).toBeLessThan(10_240);
  }
});

function retentionOf(props: Partial<BackupRetentionProps>, prefixes: readonly string[] = ['pg']): Template {
  const stack = new Stack(testApp(), 'Stack');
  const bucket = asBucket(new Bucket(stack, 'Bucket'));
  const directory = functionsDirectory();
  const layer = LayerVersion.fromLayerVersionArn(stack, 'Layer', layerArn);
  const backups = prefixes.map(
    (prefix, index) =>
      new PostgresBackup(stack, `Backup${index}`, {
        sourceName: `server-${index}`,
        prefix,
        bucket,
        secret: Secret.fromSecretCompleteArn(stack, `Secret${index}`, secretArn),
        schedules: [{ name: 'nightly', expression: ScheduleExpression.cron({ hour: '2', minute: '0' }) }],
        verifyLevel: 'read',
        functionsDirectory: directory,
        layer,
      }),
  );
  new BackupRetention(stack, 'Retention', { backups, keep, functionsDirectory: directory, ...props });
  return Template.fromStack(stack);
}

test.each<[string, Partial<BackupRetentionProps>, readonly string[], RegExp]>([
  ['no backups', { backups: [] }, ['pg'], /got no backups/],
  ['two places', {}, ['pg', 'other'], /got server-0 and server-1/],
  ['no rule', { keep: {} }, ['pg'], /keeps nothing/],
  ['a typo in a unit', { keep: { within: '30D' } }, ['pg'], /"30D"/],
  ['no floor', { min: 0 }, ['pg'], /got: 0|: 0 \(/],
  ['an offset', { timeZone: '+02:00' }, ['pg'], /\+02:00/],
  ['a weekly run', { expression: ScheduleExpression.cron({ weekDay: 'SUN' }) }, ['pg'], /means every day/],
])('the construct refuses %s', (_, props, prefixes, message) => {
  expect(() => retentionOf(props, prefixes)).toThrow(message);
});
