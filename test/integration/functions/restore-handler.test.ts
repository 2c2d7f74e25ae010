import { expect, test } from 'vitest';
import type { RestoreReport } from '../../../core/restore/report.ts';
import { bucket, canary, useBundles, withDeployment } from '../../support/lambda/deployment.ts';
import { newestMajor, runSql, uniqueName, withDatabase } from '../../support/postgres/servers.ts';

useBundles();

const shop = 'create table orders (id int primary key); insert into orders select generate_series(1, 300)';

test('the function restores into the server of its secret, answers with every table, and fails loudly', () =>
  withDatabase(newestMajor(), { sql: shop }, (database) =>
    withDeployment({}, async (deployment) => {
      await deployment.withFunction('backup', {}, async (lambda) => {
        expect((await lambda.invoke({ databases: [database.name] })).error).toBeUndefined();
      });
      const backup = `shop/${database.name}/latest`;
      const restored = uniqueName('restored');
      try {
        // The source's own host, which may be a replica, counts only where the secret has none.
        const environment = { PGPROOF_HOST: 'replica.invalid' };
        await deployment.withFunction('restore', { environment }, async (lambda) => {
          const good = { backup, target: { database: restored }, create: true };
          // Nobody has verified it, and latest is the newest good one.
          const refused = await lambda.invoke(good);
          expect(refused.error?.errorType).toBe('BackupNotFound');

          const rehearsed = await lambda.invoke({ ...good, any: true, dryRun: true });
          expect(rehearsed.error).toBeUndefined();
          expect(rehearsed.result).toMatchObject({ dryRun: true, database: restored, wouldTry: true });

          const { result, error } = await lambda.invoke({ ...good, any: true });
          expect(error).toBeUndefined();
          expect(result as RestoreReport).toMatchObject({
            database: restored,
            created: true,
            problems: [],
            tables: [
              { schema: 'public', name: 'orders', recorded: 300, restored: 300, status: 'as recorded' },
            ],
          });

          // What would be refused is an answer too, and no failure. A database that no failed restore left is never dropped.
          const replacing = { ...good, create: undefined, replaceIncomplete: true, any: true, dryRun: true };
          expect((await lambda.invoke(replacing)).result).toMatchObject({
            wouldTry: false,
            findings: expect.arrayContaining([
              expect.objectContaining({
                status: 'refused',
                detail: expect.stringContaining('not one that a failed restore left'),
              }),
            ]),
          });
          const roles = { ...good, any: true, globalsOnly: true, allowSuperusers: true };
          expect((await lambda.invoke(roles)).result).toMatchObject({ roles: [], problems: [] });

          const again = await lambda.invoke({ ...good, any: true });
          expect(again.error).toMatchObject({ errorType: 'TargetRefused' });
          const foreign = await lambda.invoke({ ...good, backup: backup.replace('shop', 'other') });
          expect(foreign.error).toMatchObject({ errorType: 'BadSettings' });
          const misspelt = await lambda.invoke({ ...good, tabels: ['orders'] });
          expect(misspelt.error).toMatchObject({ errorType: 'BadSettings' });
        });
      } finally {
        await runSql(database.server.parameters, `drop database if exists ${restored}`);
      }
      const subjects = deployment.told().map(({ subject }) => subject);
      expect(subjects).toHaveLength(4);
      expect(subjects.every((subject) => subject.startsWith('RESTORE FAILED shop'))).toBe(true);
      expect(await deployment.everything()).not.toContain(canary);
      // It can do its work without a right to write: nothing but the backup lies in the bucket.
      const kinds = new Set(deployment.aws.s3.keys(bucket).map((key) => key.replace(/^.*\//, '')));
      expect(kinds).toEqual(new Set(['archive.dump', 'globals.sql', 'manifest.json', 'summary.json']));
    }),
  ));
