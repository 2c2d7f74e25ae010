import { expect, test } from 'vitest';
import { type S3Headers, s3Asks } from '../../support/aws/iam.ts';
import { bucket, type Deployment, useBundles, withDeployment } from '../../support/lambda/deployment.ts';
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
