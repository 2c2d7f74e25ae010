import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, test } from 'vitest';
import { copyEnvironment, copyEventSchema } from '../../functions/copy/contract.ts';
import { otherPlaceEnvironment } from '../../functions/lambda/contract.ts';
import { pruneEnvironment } from '../../functions/prune/contract.ts';
import { type access, copyRoles } from '../../lib/access.ts';
import { BackupCopy } from '../../lib/backup-copy.ts';
import type { BackupCopyProps } from '../../lib/backup-copy-props.ts';
import { PostgresBackup } from '../../lib/postgres-backup.ts';
import { type S3Headers, s3Asks } from '../support/aws/iam.ts';
import { backup, decided, free, keys, unchanged } from '../support/stack/decided.ts';
import { Deployed } from '../support/stack/deployed.ts';
import {
  configuration,
  functionsDirectory,
  kmsKeyArn,
  layerArn,
  resources,
  secretArn,
  spell,
  templateOf,
  testApp,
} from '../support/stack/stack.ts';

const offsite = { name: 'offsite', url: 's3://acme-offsite/pg' };
const inBuckets = (copy: object = {}, changes: object = {}): Template =>
  templateOf(configuration({ bucket: { prefix: 'pg' }, copies: [{ ...offsite, ...copy }], ...changes }));
const role = 'CopiesoffsiteCopyRole';
const theirs = 'arn:aws:s3:::acme-offsite';
const ours = (): string => new Deployed(inBuckets()).arn('AWS::S3::Bucket', 'Bucket');
const offsiteSecret = 'arn:aws:secretsmanager:eu-central-1:210987654321:secret:offsite-GhIjKl';
const pruneSecret = 'arn:aws:secretsmanager:eu-central-1:210987654321:secret:offsite-prune-MnOpQr';

const everybody = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: [theirs, `${theirs}/*`] }],
};

function variablesOf(template: Template, id = 'CopiesoffsiteCopyFunction'): Record<string, string> {
  const found = resources(template, 'AWS::Lambda::Function')[id];
  const { Variables } = (found?.Environment ?? { Variables: {} }) as unknown as {
    Variables: Record<string, unknown>;
  };
  return Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, spell(value)]));
}

test('without copies there is no function and no role for them', () => {
  expect(JSON.stringify(templateOf().toJSON())).not.toMatch(/Copies|copy/);
});

test('one function for all sources, told from where and to where, with neither PostgreSQL nor a VPC', () => {
  const template = inBuckets();
  const names = copyEnvironment;
  expect(variablesOf(template)).toEqual({
    [names.store]: 's3://<Bucket>/pg',
    [names.sources]: '["orders-prod"]',
    [names.name]: 'offsite',
    [names.to]: 's3://acme-offsite/pg',
    [names.maxAgeHours]: '48',
    [names.topicArn]: '<Alerts>',
    [names.notify]: 'failures',
    NODE_OPTIONS: '--enable-source-maps',
  });
  const { CopiesoffsiteCopyFunction: made } = resources(template, 'AWS::Lambda::Function');
  expect(made).toMatchObject({ Timeout: 900, MemorySize: 2048 });
  for (const key of ['VpcConfig', 'Layers']) expect(made).not.toHaveProperty(key);
  const all = {
    region: 'eu-west-1',
    storageClass: 'STANDARD_IA',
    partLimit: 1000,
    maxAgeHours: 200,
    memoryMiB: 1769,
    kmsKeyArn: kmsKeyArn.replace('eu-central-1', 'eu-west-1'),
    objectLock: { mode: 'governance', days: 30 },
  };
  expect(variablesOf(inBuckets(all))).toMatchObject({
    [names.region]: 'eu-west-1',
    [names.storageClass]: 'STANDARD_IA',
    [names.partLimit]: '1000',
    [names.maxAgeHours]: '200',
    [names.objectLock]: 'governance:30',
    [names.kmsKeyArn]: all.kmsKeyArn,
  });
});

test('a verdict of each source starts it, and nothing that lies anywhere else, its own copies least of all', () => {
  const [first] = (configuration() as { sources: object[] }).sources;
  const template = templateOf(
    configuration({
      sources: [first, { ...first, name: 'crm' }],
      bucket: { name: 'acme-backups', prefix: 'pg' },
      copies: [{ name: 'beside', url: 's3://acme-backups/pg-copies' }],
    }),
  );
  const rules = Object.values(resources(template, 'AWS::Events::Rule')).filter((rule) =>
    JSON.stringify(rule.Targets).includes('CopyFunction'),
  );
  const patterns = rules.map((rule) => rule.EventPattern as unknown as { detail: { object: unknown } });
  expect(patterns.map(({ detail }) => detail.object)).toEqual([
    { key: [{ wildcard: 'pg/orders-prod/*/verification.json' }] },
    { key: [{ wildcard: 'pg/crm/*/verification.json' }] },
  ]);
  for (const rule of rules) expect(JSON.stringify(rule.Targets)).toContain('DeadLetterConfig');
});

test('once a day what was missed, with an event that it accepts; a failed run is not tried again, alarms tell', () => {
  const template = inBuckets();
  const schedules = Object.entries(resources(template, 'AWS::Scheduler::Schedule'));
  const daily = schedules.find(([id]) => id.startsWith('Copiesoffsite'))?.[1];
  expect(daily).toMatchObject({
    ScheduleExpression: 'cron(0 10 * * ? *)',
    ScheduleExpressionTimezone: 'Europe/Berlin',
    State: 'ENABLED',
  });
  const { Input } = (daily?.Target ?? {}) as unknown as { Input: string };
  expect(copyEventSchema.parse(JSON.parse(Input))).toEqual({});
  expect(resources(template, 'AWS::Lambda::EventInvokeConfig')).toMatchObject({
    CopiesoffsiteCopyFunctionEventInvokeConfig: { MaximumRetryAttempts: 0 },
  });
  const alarms = resources(template, 'AWS::CloudWatch::Alarm');
  for (const id of ['CopyErrors', 'CopySilent', 'FailuresWaiting'])
    expect(alarms[`Copiesoffsite${id}`]?.AlarmActions, id).toBeDefined();
  expect(alarms.CopiesoffsiteCopySilent).toMatchObject({ TreatMissingData: 'breaching' });
});

describe.each<[string, () => Deployed, boolean]>([
  ['as deployed', () => new Deployed(inBuckets()), false],
  ['where the other bucket lets in everybody', () => new Deployed(inBuckets(), { bucket: everybody }), true],
])('%s', (_, deployed, isOpen) => {
  const may = async (
    bucketArn: string,
    operation: string,
    key: string,
    headers: S3Headers = {},
  ): Promise<boolean> => await deployed().allows(role, s3Asks(operation, bucketArn, key, headers));

  test.each(copyRoles)('%s: the rights of the table on every object, and no others', async (place) => {
    const bucketArn = place === 'copy to' ? theirs : ours();
    const table = decided();
    const ends = table.uploads?.[place]?.includes('end') === true;
    for (const [object, byRole] of Object.entries(table)) {
      const has = (word: string): boolean => byRole[place]?.includes(word) === true;
      for (const key of keys[object as keyof typeof access]) {
        const isOfBackup = key.startsWith(`${backup}/`);
        // In the bucket of the user nothing is denied that only reads, but for what lies outside of the sources.
        const open = isOpen && place === 'copy to' && object !== 'status';
        const got = {
          read: await may(bucketArn, 'GetObject', key),
          create: await may(bucketArn, 'PutObject', key, free),
          createInParts: await may(bucketArn, 'CompleteMultipartUpload', key, free),
          part: await may(bucketArn, 'UploadPartCopy', key),
          tag: await may(bucketArn, 'PutObjectTagging', key, { 'x-amz-tagging': 'pgproof=archive' }),
          otherTag: await may(bucketArn, 'PutObjectTagging', key, { 'x-amz-tagging': 'expire=now' }),
          replace: await may(bucketArn, 'PutObject', key),
          replaceInParts: await may(bucketArn, 'CompleteMultipartUpload', key),
          replaceIfUnchanged: await may(bucketArn, 'PutObject', key, unchanged),
          copyOver: await may(bucketArn, 'CopyObject', key),
          delete: await may(bucketArn, 'DeleteObject', key),
          deleteVersion: await may(bucketArn, 'DeleteObjectVersion', key),
          abort: await may(bucketArn, 'AbortMultipartUpload', key),
          bypass: await may(bucketArn, 'BypassGovernanceRetention', key),
          lock: await may(bucketArn, 'PutObjectRetention', key),
        };
        expect(got, `${place} ${key}`).toEqual({
          read: open || has('read'),
          create: has('create'),
          createInParts: has('create'),
          part: has('create'),
          tag: has('tag'),
          // Where somebody else allows all tags, they are on archives only.
          otherTag: open && has('tag'),
          replace: has('replace'),
          replaceInParts: has('replace'),
          replaceIfUnchanged: has('replace'),
          copyOver: has('replace'),
          delete: false,
          deleteVersion: false,
          abort: open || (ends && isOfBackup),
          bypass: false,
          lock: open,
        });
      }
    }
  });

  test("another source's backups are nothing to it, in neither bucket", async () => {
    for (const bucketArn of [ours(), theirs]) {
      for (const other of ['pg/orders', 'pg/orders-prod-2', 'orders-prod', 'pg/x/orders-prod']) {
        const key = `${other}/app/2026-11-20T02-00-00Z/manifest.json`;
        for (const operation of ['GetObject', 'DeleteObject', 'AbortMultipartUpload'])
          expect(await may(bucketArn, operation, key), `${operation} ${key}`).toBe(false);
        expect(await may(bucketArn, 'PutObject', key, free), key).toBe(false);
      }
      expect(await may(bucketArn, 'ListObjectsV2', 'pg/orders-prod/app/')).toBe(true);
      if (!isOpen) expect(await may(bucketArn, 'ListObjectsV2', '')).toBe(false);
    }
  });
});

test('it locks as configured, what a backup consists of, there and nowhere else', async () => {
  const deployed = new Deployed(inBuckets({ objectLock: { mode: 'governance', days: 30 } }));
  const may = async (bucketArn: string, name: string, days: number): Promise<boolean> => {
    const asked = s3Asks('PutObjectRetention', bucketArn, `${backup}/${name}`);
    const lock = {
      's3:object-lock-mode': 'GOVERNANCE',
      's3:object-lock-remaining-retention-days': `${days}`,
    };
    return await deployed.allows(role, { ...asked, context: { ...asked.context, ...lock } });
  };
  expect(await may(theirs, 'archive.dump', 30)).toBe(true);
  expect(await may(theirs, 'archive.dump', 300)).toBe(false);
  expect(await may(theirs, 'verification.json', 30)).toBe(false);
  expect(await may(ours(), 'archive.dump', 30)).toBe(false);
});

test('keys: it decrypts with that of the backups, and encrypts with that of the copies in the region of these', async () => {
  const theirKey = kmsKeyArn.replace('eu-central-1', 'eu-west-1').replace('0a1b2c3d', 'ffffffff');
  const deployed = new Deployed(
    inBuckets({ region: 'eu-west-1', kmsKeyArn: theirKey }, { bucket: { prefix: 'pg', kmsKeyArn } }),
  );
  const may = (action: string, resource: string, region: string): Promise<boolean> =>
    deployed.allows(role, { action, resource, context: { 'kms:ViaService': `s3.${region}.amazonaws.com` } });
  expect(await may('kms:Decrypt', kmsKeyArn, 'eu-central-1')).toBe(true);
  expect(await may('kms:GenerateDataKey', kmsKeyArn, 'eu-central-1')).toBe(false);
  expect(await may('kms:GenerateDataKey', theirKey, 'eu-west-1')).toBe(true);
  expect(await may('kms:GenerateDataKey', theirKey, 'eu-central-1')).toBe(false);
});

describe('with a secret of another account or cloud', () => {
  const elsewhere = { endpoint: 'https://storage.googleapis.com', region: 'auto', pathStyle: true };
  const withSecret = (): Template => inBuckets({ ...elsewhere, credentialsSecretArn: offsiteSecret });

  test('the role reads backups and that secret, and has no right at a bucket of that name in S3', async () => {
    const deployed = new Deployed(withSecret(), { bucket: everybody });
    const may = (bucketArn: string, operation: string, headers: S3Headers = {}): Promise<boolean> =>
      deployed.allows(role, s3Asks(operation, bucketArn, `${backup}/manifest.json`, headers));
    expect(await may(ours(), 'GetObject')).toBe(true);
    for (const bucketArn of [ours(), theirs]) {
      expect(await may(bucketArn, 'PutObject', free)).toBe(false);
      expect(await may(bucketArn, 'DeleteObject')).toBe(false);
    }
    const action = 'secretsmanager:GetSecretValue';
    expect(await deployed.allows(role, { action, resource: offsiteSecret })).toBe(true);
    expect(await deployed.allows(role, { action, resource: secretArn })).toBe(false);
  });

  test('it is told the way, and the name of the secret only', () => {
    expect(variablesOf(withSecret())).toMatchObject({
      [otherPlaceEnvironment.endpoint]: elsewhere.endpoint,
      [otherPlaceEnvironment.region]: 'auto',
      [otherPlaceEnvironment.pathStyle]: 'true',
      [otherPlaceEnvironment.credentialsSecretArn]: offsiteSecret,
    });
  });
});

describe('copies are pruned by a function and a role of their own', () => {
  const keep = { monthly: 12 };
  const prune = 'CopiesoffsiteRetentionPruneRole';

  test('with rules of their own, which say nothing of the backups', async () => {
    const template = inBuckets({ region: 'eu-west-1', prune: { keep } }, { prune: { keep: { daily: 7 } } });
    const variables = variablesOf(template, 'CopiesoffsiteRetentionPruneFunction');
    expect(variables).toMatchObject({
      [pruneEnvironment.store]: 's3://acme-offsite/pg',
      [pruneEnvironment.region]: 'eu-west-1',
      [pruneEnvironment.keep]: JSON.stringify(keep),
      [pruneEnvironment.sources]: '["orders-prod"]',
    });
    const deployed = new Deployed(template);
    const may = (who: string, bucketArn: string): Promise<boolean> =>
      deployed.allows(who, s3Asks('DeleteObject', bucketArn, `${backup}/manifest.json`));
    expect(await may(prune, theirs)).toBe(true);
    expect(await may(prune, ours())).toBe(false);
    expect(await may('RetentionPruneRole', theirs)).toBe(false);
    expect(await may('RetentionPruneRole', ours())).toBe(true);
    expect(await may(role, theirs)).toBe(false);
  });

  test('with a secret of its own', async () => {
    const template = inBuckets({
      credentialsSecretArn: offsiteSecret,
      prune: { keep, credentialsSecretArn: pruneSecret },
    });
    const deployed = new Deployed(template);
    const reads = (who: string, resource: string): Promise<boolean> =>
      deployed.allows(who, { action: 'secretsmanager:GetSecretValue', resource });
    expect(await reads(prune, pruneSecret)).toBe(true);
    expect(await reads(prune, offsiteSecret)).toBe(false);
    expect(await reads(role, pruneSecret)).toBe(false);
    expect(await deployed.allows(prune, s3Asks('DeleteObject', ours(), `${backup}/manifest.json`))).toBe(
      false,
    );
  });
});

test('outputs name the functions, and the roles that another account has to let in', () => {
  const outputs = Object.keys(inBuckets({ prune: { keep: { daily: 7 } } }).findOutputs('*'));
  for (const name of ['function', 'role', 'prunefunction', 'prunerole'])
    expect(outputs).toContain(`offsitecopy${name}`);
});

test('the role fits into what IAM takes, with as many sources as a stack takes', () => {
  const sources = Array.from({ length: 16 }, (_, number) => ({
    name: `a-server-with-a-name-${number}`,
    secretArn,
    schedules: [{ name: 'nightly', cron: 'cron(0 2 * * ? *)' }],
  }));
  const copy = {
    url: `s3://${'b'.repeat(40)}/backups/postgres`,
    kmsKeyArn,
    objectLock: { mode: 'governance', days: 30 },
  };
  const bucket = { existing: 'c'.repeat(40), prefix: 'backups/postgres', kmsKeyArn };
  const [policy, ...others] = new Deployed(inBuckets(copy, { sources, bucket })).policiesOf(role);
  expect(others).toEqual([]);
  expect(JSON.stringify(policy).length).toBeLessThan(10_240);
});

function copyOf(props: Partial<BackupCopyProps> | ((bucket: Bucket) => Partial<BackupCopyProps>)): Template {
  const stack = new Stack(testApp(), 'Stack');
  const bucket = new Bucket(stack, 'Bucket');
  const directory = functionsDirectory();
  const source = new PostgresBackup(stack, 'Backup', {
    sourceName: 'orders',
    prefix: 'pg',
    bucket,
    secret: Secret.fromSecretCompleteArn(stack, 'Secret', secretArn),
    schedules: [{ name: 'nightly', expression: ScheduleExpression.cron({ hour: '2', minute: '0' }) }],
    verifyLevel: 'read',
    functionsDirectory: directory,
    layer: LayerVersion.fromLayerVersionArn(stack, 'Layer', layerArn),
  } as ConstructorParameters<typeof PostgresBackup>[2]);
  new BackupCopy(stack, 'Offsite', {
    copyName: 'offsite',
    backups: [source],
    bucket: Bucket.fromBucketName(stack, 'Other', 'acme-offsite'),
    functionsDirectory: directory,
    ...(typeof props === 'function' ? props(bucket) : props),
  });
  return Template.fromStack(stack);
}

test('the construct takes a prefix beside the backups, in their own bucket', () => {
  const template = copyOf((bucket) => ({ bucket: bucket as BackupCopyProps['bucket'], prefix: 'pg-copies' }));
  expect(Object.keys(resources(template, 'AWS::Lambda::Function'))).toContain('OffsiteCopyFunction');
});

test.each<[string, Parameters<typeof copyOf>[0], RegExp]>([
  ['no backups', { backups: [] }, /got no backups/],
  ['a name with a capital', { copyName: 'Off' }, /copyName/],
  ['a prefix with a space', { prefix: 'a b' }, /prefix cannot/],
  [
    'the place of the backups',
    (bucket) => ({ bucket: bucket as BackupCopyProps['bucket'], prefix: 'pg' }),
    /among the backups/,
  ],
  ['a place around it', (bucket) => ({ bucket: bucket as BackupCopyProps['bucket'] }), /among the backups/],
  [
    'a place within it',
    (bucket) => ({ bucket: bucket as BackupCopyProps['bucket'], prefix: 'pg/x' }),
    /among the backups/,
  ],
  ['another service without a secret', { endpoint: 'https://storage.googleapis.com' }, /nobody there/],
  ['plain text', { endpoint: 'http://minio.acme.test' }, /https/],
  ['a weekly run', { expression: ScheduleExpression.cron({ weekDay: 'SUN' }) }, /means every day/],
])('the construct refuses %s', (_, props, message) => {
  expect(() => copyOf(props)).toThrow(message);
});
