import { Duration, Stack } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { BackupBucket } from '../../lib/bucket.ts';
import { s3Asks } from '../support/aws/iam.ts';
import { Deployed } from '../support/stack/deployed.ts';
import { configuration, resources, stackFrom, templateOf, testApp } from '../support/stack/stack.ts';

const days = 30;
const locked = (mode: 'governance' | 'compliance'): object =>
  configuration({ bucket: { objectLock: { mode, days } }, prune: { keep: { daily: 7 } } });
const roles = { backup: 'ordersprodBackupRole', prune: 'RetentionPruneRole' } as const;
const backup = 'orders-prod/app/2026-11-20T02-00-00Z';

/** As S3 asks IAM about a lock: by PutObjectRetention, or by the headers of a put. */
async function mayLock(
  template: Template,
  role: string,
  name: string,
  lock: { mode: string; days: number },
  operation = 'PutObjectRetention',
): Promise<boolean> {
  const deployed = new Deployed(template);
  const bucketArn = deployed.arn('AWS::S3::Bucket', 'Bucket');
  const headers = operation === 'PutObject' ? { 'if-none-match': '*' } : {};
  const asked = s3Asks(operation, bucketArn, `${backup}/${name}`, headers);
  const context = {
    ...asked.context,
    's3:object-lock-mode': lock.mode,
    's3:object-lock-remaining-retention-days': String(lock.days),
  };
  return await deployed.allows(role, { ...asked, context });
}

test('the bucket has Object Lock and no default retention, which would lock verdicts and holds', () => {
  const [bucket] = Object.values(resources(templateOf(locked('governance')), 'AWS::S3::Bucket'));
  expect(bucket).toMatchObject({ ObjectLockEnabled: true, VersioningConfiguration: { Status: 'Enabled' } });
  expect(bucket).not.toHaveProperty('ObjectLockConfiguration');
  const [usual] = Object.values(resources(templateOf(), 'AWS::S3::Bucket'));
  expect(usual).not.toHaveProperty('ObjectLockEnabled');
});

test('backup and prune are told how to lock', () => {
  const functions = resources(templateOf(locked('compliance')), 'AWS::Lambda::Function');
  const variables = { PGPROOF_OBJECT_LOCK: 'compliance:30' };
  for (const name of ['ordersprodBackupFunction', 'RetentionPruneFunction'])
    expect(functions[name], name).toMatchObject({ Environment: { Variables: variables } });
  expect(JSON.stringify(functions.ordersprodVerifyFunction)).not.toContain('OBJECT_LOCK');
  expect(JSON.stringify(resources(templateOf(), 'AWS::Lambda::Function'))).not.toContain('OBJECT_LOCK');
});

describe.each(['governance', 'compliance'] as const)('in %s mode', (mode) => {
  const other = mode === 'governance' ? 'COMPLIANCE' : 'GOVERNANCE';
  const right = { mode: mode.toUpperCase(), days };

  test.each(Object.entries(roles))(
    '%s locks what a backup consists of, and nothing else',
    async (_, role) => {
      const template = templateOf(locked(mode));
      for (const name of ['archive.dump', 'archive/1.dat', 'database.sql', 'globals.sql', 'manifest.json'])
        expect(await mayLock(template, role, name, right), name).toBe(true);
      for (const name of ['verification.json', 'summary.json', 'hold.json', 'pruned.json', 'notes.txt'])
        expect(await mayLock(template, role, name, right), name).toBe(false);
    },
  );

  test.each(Object.entries(roles))('%s locks for no longer and no other way', async (_, role) => {
    const template = templateOf(locked(mode));
    const may = (lock: object): Promise<boolean> =>
      mayLock(template, role, 'archive.dump', { ...right, ...lock });
    // S3 counts a part of a day as a day: a clock that is a second ahead must not fail a backup.
    expect(await may({ days: days + 1 })).toBe(true);
    expect(await may({ days: days + 2 })).toBe(false);
    expect(await may({ days: 36_500 })).toBe(false);
    expect(await may({ mode: other })).toBe(false);
  });

  test('the headers of an upload lock no further than a call of its own', async () => {
    const template = templateOf(locked(mode));
    const may = (lock: object): Promise<boolean> =>
      mayLock(template, roles.backup, 'archive.dump', { ...right, ...lock }, 'PutObject');
    expect(await may({})).toBe(true);
    expect(await may({ days: 365 })).toBe(false);
    expect(await may({ mode: other })).toBe(false);
  });

  test('nobody ends a lock before its time, or holds by law', async () => {
    const deployed = new Deployed(templateOf(locked(mode)), {
      identity: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] },
    });
    const bucketArn = deployed.arn('AWS::S3::Bucket', 'Bucket');
    for (const role of [...Object.values(roles), 'ordersprodVerifyRole']) {
      for (const operation of ['BypassGovernanceRetention', 'DeleteObjectVersion']) {
        const asked = s3Asks(operation, bucketArn, `${backup}/archive.dump`);
        expect(await deployed.allows(role, asked), `${role} ${operation}`).toBe(false);
      }
    }
  });
});

test('without Object Lock no role locks anything', async () => {
  const template = templateOf(configuration({ prune: { keep: { daily: 7 } } }));
  for (const role of Object.values(roles))
    expect(await mayLock(template, role, 'archive.dump', { mode: 'GOVERNANCE', days: 1 })).toBe(false);
});

test('prune knows what is locked, also where it is by the user’s own doing', async () => {
  const deployed = new Deployed(templateOf(configuration({ prune: { keep: { daily: 7 } } })));
  const bucketArn = deployed.arn('AWS::S3::Bucket', 'Bucket');
  for (const operation of ['GetObjectRetention', 'GetObjectLegalHold'])
    expect(await deployed.allows(roles.prune, s3Asks(operation, bucketArn, `${backup}/manifest.json`))).toBe(
      true,
    );
});

test.each([0, 401])('a construct refuses %d days', (count) => {
  const stack = new Stack(testApp(), 'Stack');
  const retention = Duration.days(count);
  const make = (): unknown =>
    new BackupBucket(stack, 'Bucket', { objectLock: { mode: 'governance', retention } });
  expect(make).toThrow(/a whole number from 1 to 400/);
});

test('compliance is warned of, governance is not', () => {
  const warnings = (mode: 'governance' | 'compliance'): string =>
    JSON.stringify(stackFrom(locked(mode)).node.metadata.map(({ data }) => data));
  expect(warnings('compliance')).toContain('pgproof:compliance');
  expect(warnings('governance')).not.toContain('pgproof:compliance');
});
