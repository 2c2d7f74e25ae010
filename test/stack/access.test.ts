import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { access, copyRoles, functionRoles } from '../../lib/access.ts';
import { type S3Headers, s3Asks } from '../support/aws/iam.ts';
import { backup, decided, free, keys, unchanged } from '../support/stack/decided.ts';
import { Deployed } from '../support/stack/deployed.ts';
import { configuration, templateOf } from '../support/stack/stack.ts';

type Role = (typeof functionRoles)[number];
const roles = {
  backup: 'ordersprodBackupRole',
  verify: 'ordersprodVerifyRole',
  restore: 'ordersprodRestoreRole',
  prune: 'RetentionPruneRole',
};

const everything = { restore: { enabled: true }, prune: { keep: { daily: 7 } } };
const ours = (): Template => templateOf(configuration({ ...everything, bucket: { prefix: 'pg' } }));
const theirs = (): Template =>
  templateOf(configuration({ ...everything, bucket: { prefix: 'pg', existing: 'acme-backups' } }));

const allowAll = (statement: object): { Version: string; Statement: Record<string, unknown>[] } => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*', ...statement }],
});
const toEverybody = (bucketArn: string): object => ({
  Principal: '*',
  Resource: [bucketArn, `${bucketArn}/*`],
});

const theirBucket = (): string => 'arn:aws:s3:::acme-backups';
const ourBucket = (): string => new Deployed(ours()).arn('AWS::S3::Bucket', 'Bucket');

const openBucket = 'a bucket of the user whose policy allows everybody everything';

/** Where the policies must hold: as deployed, and after somebody else has allowed much more. */
const places: [string, () => Deployed, () => string][] = [
  ['a bucket of ours', () => new Deployed(ours()), ourBucket],
  ['a bucket of the user', () => new Deployed(theirs()), theirBucket],
  [openBucket, () => new Deployed(theirs(), { bucket: allowAll(toEverybody(theirBucket())) }), theirBucket],
];

test('the table in the code is that of the decision', () => {
  const table = decided();
  expect(Object.keys(table)).toEqual(Object.keys(access));
  for (const [object, byRole] of Object.entries(table)) {
    const rights = access[object as keyof typeof access];
    for (const role of [...functionRoles, ...copyRoles])
      expect(rights[role] ?? [], `${object} ${role}`).toEqual(byRole[role]);
  }
});

describe.each(places)('in %s', (name, deployed, bucketArn) => {
  const may = async (role: Role, operation: string, key: string, headers: S3Headers = {}): Promise<boolean> =>
    await deployed().allows(roles[role], s3Asks(operation, bucketArn(), key, headers));
  const isOpen = name === openBucket;

  test.each(functionRoles)('%s has the rights of the table on every object, and no others', async (role) => {
    const table = decided();
    const endsUploads = table.uploads?.[role]?.includes('end') === true;
    for (const [object, byRole] of Object.entries(table)) {
      const has = (word: string): boolean => byRole[role]?.includes(word) === true;
      for (const key of keys[object as keyof typeof access]) {
        const got = {
          read: await may(role, 'GetObject', key),
          create: await may(role, 'PutObject', key, free),
          createInParts: await may(role, 'CompleteMultipartUpload', key, free),
          part: await may(role, 'CreateMultipartUpload', key),
          tag: await may(role, 'PutObjectTagging', key, { 'x-amz-tagging': 'pgproof=archive' }),
          otherTag: await may(role, 'PutObjectTagging', key, { 'x-amz-tagging': 'expire=now' }),
          moreTags: await may(role, 'PutObjectTagging', key, {
            'x-amz-tagging': 'pgproof=archive&expire=now',
          }),
          replace: await may(role, 'PutObject', key),
          replaceInParts: await may(role, 'CompleteMultipartUpload', key),
          replaceIfUnchanged: await may(role, 'PutObject', key, unchanged),
          copyOver: await may(role, 'CopyObject', key),
          delete: await may(role, 'DeleteObject', key),
          deleteVersion: await may(role, 'DeleteObjectVersion', key),
          abort: await may(role, 'AbortMultipartUpload', key),
          listParts: await may(role, 'ListParts', key),
          bypass: await may(role, 'BypassGovernanceRetention', key),
          lock: await may(role, 'PutObjectRetention', key),
          hold: await may(role, 'PutObjectLegalHold', key),
        };
        // Prune reaches nothing outside of its sources, whoever allows it to.
        const open = isOpen && !(role === 'prune' && object === 'status');
        const isOfBackup = key.startsWith(`${backup}/`);
        expect(got, key).toEqual({
          // Reading is not denied, only not allowed.
          read: open || has('read'),
          create: has('create'),
          createInParts: has('create'),
          part: has('create'),
          tag: has('tag'),
          // Where somebody else allows all tags, they are on archives only.
          otherTag: isOpen && has('tag'),
          moreTags: isOpen && has('tag'),
          replace: has('replace'),
          replaceInParts: has('replace'),
          replaceIfUnchanged: has('replace'),
          copyOver: has('replace'),
          delete: has('delete'),
          deleteVersion: false,
          abort: open || (endsUploads && isOfBackup),
          listParts: open || (endsUploads && isOfBackup),
          bypass: false,
          lock: open,
          hold: open,
        });
      }
    }
    const uploads = await may(role, 'ListMultipartUploads', '');
    expect(uploads).toBe(isOpen || table.uploads?.[role]?.includes('list') === true);
  });

  test('backup ends its uploads by itself', async () => {
    for (const operation of ['UploadPart', 'AbortMultipartUpload', 'ListParts'])
      expect(await may('backup', operation, `${backup}/archive.dump`), operation).toBe(true);
  });

  test('nobody writes a key that is none of a backup, whatever a database is called', async () => {
    const strange = [
      'pg/orders-prod/manifest.json',
      'pg/orders-prod/archive.dump',
      // As if a database were called so: what stands one level too high is no object of a backup.
      'pg/orders-prod/archive.x/verification.json',
      'pg/orders-prod/verification.json/manifest.json',
      'pg/orders-prod/app/verification.json/archive.dump',
      `${backup}/verification.json.archive`,
      `${backup}/archive`,
    ];
    for (const key of strange) {
      for (const role of functionRoles) {
        expect(await may(role, 'PutObject', key, free), `${role} ${key}`).toBe(false);
        expect(await may(role, 'DeleteObject', key), `${role} ${key}`).toBe(false);
      }
    }
  });

  test('what somebody else put beside a backup is not deleted', async () => {
    const foreign = [
      `${backup}/notes.txt`,
      `${backup}/hold.json.bak`,
      `${backup}/notes/manifest.json`,
      'pg/orders-prod/app/notes.txt',
      'pg/orders-prod/app/prune.json',
      'pg/orders-prod/app/RECOVERY.md',
      'pg/orders-prod/2026-11-20T02-00-00Z/manifest.json',
      'pg/2026-11-20T02-00-00Z/manifest.json',
      'pg/status/index.html',
      'manifest.json',
    ];
    for (const key of foreign) expect(await may('prune', 'DeleteObject', key), key).toBe(false);
  });

  test('a database may be called anything', async () => {
    for (const database of ['archive.x', 'manifest.json', 'verification.json', 'status', '%2Fa%20b']) {
      const one = `pg/orders-prod/${database}/2026-11-20T02-00-00Z`;
      expect(await may('backup', 'PutObject', `${one}/manifest.json`, free), database).toBe(true);
      expect(await may('backup', 'PutObject', `${one}/verification.json`, free), database).toBe(false);
      expect(await may('verify', 'PutObject', `${one}/verification.json`, unchanged), database).toBe(true);
      expect(await may('verify', 'PutObject', `${one}/manifest.json`, free), database).toBe(false);
    }
  });
});

test.each(places.filter(([name]) => name !== openBucket))(
  'in %s no role reads, lists or writes the backups of another source',
  async (_, deployed, bucketArn) => {
    const may = async (
      role: Role,
      operation: string,
      key: string,
      headers: S3Headers = {},
    ): Promise<boolean> => await deployed().allows(roles[role], s3Asks(operation, bucketArn(), key, headers));
    const others = ['pg/orders', 'pg/orders-prod-2', 'orders-prod', 'pg/x/orders-prod'];
    for (const other of others) {
      for (const role of functionRoles) {
        for (const object of ['manifest.json', 'verification.json', 'archive.dump']) {
          const key = `${other}/app/2026-11-20T02-00-00Z/${object}`;
          expect(await may(role, 'GetObject', key), `${role} ${key}`).toBe(false);
          expect(await may(role, 'PutObject', key, free), `${role} ${key}`).toBe(false);
          expect(await may(role, 'DeleteObject', key), `${role} ${key}`).toBe(false);
          expect(await may(role, 'AbortMultipartUpload', key), `${role} ${key}`).toBe(false);
        }
        expect(await may(role, 'ListObjectsV2', `${other}/`), `${role} ${other}`).toBe(false);
      }
    }
    for (const role of functionRoles) {
      expect(await may(role, 'ListObjectsV2', 'pg/orders-prod/app/'), role).toBe(true);
      expect(await may(role, 'ListObjectsV2', ''), role).toBe(false);
    }
  },
);

test('a role to which somebody attached every right still replaces nothing, deletes nothing and forges nothing', async () => {
  const identity = allowAll({});
  for (const [template, bucketArn] of [
    [ours, ourBucket],
    [theirs, theirBucket],
  ] as const) {
    const deployed = new Deployed(template(), { identity });
    const may = async (role: Role, operation: string, key: string, headers?: S3Headers): Promise<boolean> =>
      await deployed.allows(roles[role], s3Asks(operation, bucketArn(), `${backup}/${key}`, headers));
    for (const role of functionRoles) {
      for (const object of ['archive.dump', 'manifest.json', 'globals.sql']) {
        expect(await may(role, 'PutObject', object), `${role} ${object}`).toBe(false);
        expect(await may(role, 'PutObject', object, unchanged), `${role} ${object}`).toBe(false);
        expect(await may(role, 'DeleteObject', object), `${role} ${object}`).toBe(role === 'prune');
        expect(await may(role, 'DeleteObjectVersion', object), `${role} ${object}`).toBe(false);
        expect(await may(role, 'BypassGovernanceRetention', object), `${role} ${object}`).toBe(false);
      }
      if (role !== 'verify')
        expect(await may(role, 'PutObject', 'verification.json', free), role).toBe(false);
    }
    expect(await may('verify', 'PutObject', 'archive.dump', free)).toBe(false);
  }
});

test('in a bucket of ours the backup role replaces nothing even when its own policy is another one', async () => {
  const template = ours().toJSON();
  for (const resource of Object.values<{ Type: string; Properties: Record<string, unknown> }>(
    template.Resources,
  )) {
    if (resource.Type === 'AWS::IAM::Policy') resource.Properties.PolicyDocument = allowAll({});
  }
  const deployed = new Deployed({ toJSON: () => template });
  const may = async (role: Role, headers: S3Headers): Promise<boolean> =>
    await deployed.allows(roles[role], s3Asks('PutObject', ourBucket(), `${backup}/archive.dump`, headers));
  expect(await may('backup', {})).toBe(false);
  expect(await may('backup', free)).toBe(true);
  // And it is about this role only: a person, or whoever else has rights of their own, may bring an older version back.
  expect(await may('restore', {})).toBe(true);
});
