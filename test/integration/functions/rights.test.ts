import { expect, test } from 'vitest';
import { type S3Headers, s3Asks } from '../../support/aws/iam.ts';
import { writePast } from '../../support/backup/history.ts';
import {
  bucket,
  copies,
  type Deployment,
  useBundles,
  withDeployment,
} from '../../support/lambda/deployment.ts';
import { objectCreated } from '../../support/lambda/s3-event.ts';
import { newestMajor, runSql, uniqueName, withDatabase } from '../../support/postgres/servers.ts';
import { Deployed } from '../../support/stack/deployed.ts';
import { configuration, templateOf } from '../../support/stack/stack.ts';

useBundles();

const shop = 'create table orders (id int primary key); insert into orders select generate_series(1, 30)';

/** From now on S3 lets through what the policies of this role allow, and tells of everything else. */
function actAs(deployment: Deployment, deployed: Deployed, role: string): string[] {
  const bucketArn = deployed.arn('AWS::S3::Bucket', 'Bucket');
  const refused: string[] = [];
  deployment.aws.s3.judge(async ({ operation, key, headers }) => {
    const allowed = await deployed.allows(role, s3Asks(operation, bucketArn, key, headers as S3Headers));
    if (!allowed) refused.push(`${operation} ${key}`);
    return allowed;
  });
  return refused;
}

test('backup, verification, restore and prune do with the rights that are deployed, also where answers are lost', () =>
  withDatabase(newestMajor(), { sql: shop }, (database) =>
    withDeployment({}, async (deployment) => {
      const deployed = new Deployed(
        templateOf(
          configuration(
            { bucket: { prefix: 'pg' }, restore: { enabled: true }, prune: { keep: { last: 1 } } },
            { name: 'shop' },
          ),
        ),
      );
      const { s3 } = deployment.aws;
      const lose = (operation: string): void => s3.misbehave({ operation, action: 'lostResponse' });

      const byBackup = actAs(deployment, deployed, 'shopBackupRole');
      await deployment.withFunction('backup', {}, async (lambda) => {
        for (const event of [{}, { format: 'directory', jobs: 2 }, { format: 'plain' }]) {
          lose('CompleteMultipartUpload');
          lose('PutObject');
          lose('UploadPart');
          const { error } = await lambda.invoke({ ...event, databases: [database.name] });
          expect(error).toBeUndefined();
        }
      });
      // It looks whether the store is there at all; that it may not ask is no failure.
      expect(new Set(byBackup)).toEqual(new Set(['ListObjectsV2 pg/']));
      expect(s3.uploads()).toEqual([]);

      const byVerify = actAs(deployment, deployed, 'shopVerifyRole');
      const manifests = s3.keys(bucket).filter((key) => key.endsWith('/manifest.json'));
      expect(manifests).toHaveLength(3);
      await deployment.withFunction('verify', {}, async (lambda) => {
        for (const key of manifests) {
          lose('PutObject');
          expect(await lambda.invoke(objectCreated(bucket, key))).toMatchObject({
            result: { verdict: 'intact' },
          });
        }
        // One that nobody can read is put aside, and another takes its place.
        const [first = ''] = manifests;
        const verification = first.replace('manifest.json', 'verification.json');
        await s3.put(bucket, verification, 'no JSON');
        lose('PutObject');
        await lambda.invoke(objectCreated(bucket, first));
        expect(s3.keys(bucket).filter((key) => key.includes('/verification.kept-'))).toHaveLength(1);
        // The verdict that is there is replaced.
        const again = await lambda.invoke({ backup: `shop/${database.name}/latest` });
        expect(again).toMatchObject({ result: { verdict: 'intact' } });
      });
      expect(byVerify).toEqual([]);

      const byRestore = actAs(deployment, deployed, 'shopRestoreRole');
      const restored = uniqueName('restored');
      try {
        await deployment.withFunction('restore', {}, async (lambda) => {
          const target = { database: restored };
          const { error } = await lambda.invoke({
            backup: `shop/${database.name}/latest`,
            target,
            create: true,
          });
          expect(error).toBeUndefined();
        });
      } finally {
        await runSql(database.server.parameters, `drop database if exists ${restored}`);
      }
      expect(byRestore).toEqual([]);

      const byPrune = actAs(deployment, deployed, 'RetentionPruneRole');
      const environment = { PGPROOF_KEEP: '{"last": 1}', PGPROOF_KEEP_MIN: '1' };
      await deployment.withFunction('prune', { environment }, async (lambda) => {
        lose('PutObject');
        lose('DeleteObjects');
        const { error, result } = await lambda.invoke({});
        expect(error).toBeUndefined();
        expect(result).toMatchObject({ databases: [{ database: database.name, kept: 1, failed: [] }] });
      });
      expect(byPrune).toEqual([]);
      expect(s3.keys(bucket).filter((key) => key.endsWith('/manifest.json'))).toHaveLength(1);
      expect(s3.keys(bucket).filter((key) => key.endsWith('/archive/toc.dat'))).toEqual([]);
      expect(s3.keys(bucket)).toContain(`pg/shop/${database.name}/prune.json`);
    }),
  ));

test('copy and the prune of copies do with the rights that are deployed, in two buckets, also where answers are lost', () =>
  withDeployment({}, async (deployment) => {
    const place = { name: 'offsite', url: `s3://${copies}/pg`, prune: { keep: { last: 1 }, min: 1 } };
    const deployed = new Deployed(
      templateOf(configuration({ bucket: { prefix: 'pg' }, copies: [place] }, { name: 'shop' })),
    );
    const { s3 } = deployment.aws;
    const arns: Readonly<Record<string, string>> = {
      [bucket]: deployed.arn('AWS::S3::Bucket', 'Bucket'),
      [copies]: `arn:aws:s3:::${copies}`,
    };
    const actAsIn = (role: string): string[] => {
      const refused: string[] = [];
      s3.judge(async ({ operation, bucket: where, key, headers }) => {
        const asked = s3Asks(operation, arns[where] ?? '', key, headers as S3Headers);
        const allowed = await deployed.allows(role, asked);
        if (!allowed) refused.push(`${operation} ${where} ${key}`);
        return allowed;
      });
      return refused;
    };
    const lose = (operation: string): void => s3.misbehave({ operation, action: 'lostResponse' });
    const store = {
      create: (key: string, content: Uint8Array): Promise<void> => s3.put(bucket, `pg/${key}`, content),
    };
    const now = Math.floor(Date.now() / 1_000) * 1_000;
    const ids: string[] = [];
    for (const [hours, shape] of [
      [3, { archiveBytes: 300_000 }],
      [30, { files: 3, archiveBytes: 200_000 }],
      [60, {}],
    ] as const)
      ids.push(
        await writePast(store, { source: 'shop', startedAt: new Date(now - hours * 3_600_000), ...shape }),
      );

    const byCopy = actAsIn('CopiesoffsiteCopyRole');
    await deployment.withFunction('copy', {}, async (lambda) => {
      for (const operation of ['UploadPartCopy', 'CompleteMultipartUpload', 'PutObject']) lose(operation);
      const first = await lambda.invoke(objectCreated(bucket, `pg/${ids[0]}/verification.json`));
      expect(first).toMatchObject({ result: { backups: [{ id: ids[0], kind: 'copied' }] } });
      expect(await lambda.invoke({})).toMatchObject({ result: { there: 1, left: [] } });
      const held = {
        formatVersion: 1,
        id: ids[0],
        heldAt: new Date(now).toISOString(),
        by: 'me',
        reason: 'audit',
      };
      await s3.put(bucket, `pg/${ids[0]}/hold.json`, JSON.stringify(held));
      expect((await lambda.invoke({ backup: ids[0] })).error).toBeUndefined();
    });
    // It looks whether the other place is there at all; that it may not ask is no failure.
    expect(new Set(byCopy)).toEqual(new Set([`ListObjectsV2 ${copies} pg/`]));
    expect(s3.uploads()).toEqual([]);
    const manifests = (): string[] => s3.keys(copies).filter((key) => key.endsWith('/manifest.json'));
    expect(manifests()).toHaveLength(3);
    expect(s3.keys(copies)).toContain(`pg/${ids[0]}/hold.json`);

    const byPrune = actAsIn('CopiesoffsiteRetentionPruneRole');
    const environment = {
      PGPROOF_STORE: `s3://${copies}/pg`,
      PGPROOF_KEEP: '{"last": 1}',
      PGPROOF_KEEP_MIN: '1',
      PGPROOF_COPY_REGION: 'us-east-1',
    };
    await deployment.withFunction('prune', { environment }, async (lambda) => {
      const { error, result } = await lambda.invoke({});
      expect(error).toBeUndefined();
      expect(result).toMatchObject({ databases: [{ database: 'app', failed: [] }] });
    });
    expect(byPrune).toEqual([]);
    expect(manifests()).toEqual([`pg/${ids[0]}/manifest.json`]);
    expect(s3.keys(bucket).filter((key) => key.endsWith('/manifest.json'))).toHaveLength(3);

    // What prune took away there does not come back every day.
    const again = actAsIn('CopiesoffsiteCopyRole');
    await deployment.withFunction('copy', {}, async (lambda) => {
      const { error, result } = await lambda.invoke({});
      expect(error).toBeUndefined();
      expect((result as { left: { why: string }[] }).left.map(({ why }) => why)).toEqual([
        'removed',
        'removed',
      ]);
    });
    expect(again.filter((one) => !one.startsWith('ListObjectsV2'))).toEqual([]);
    expect(manifests()).toHaveLength(1);
  }));
