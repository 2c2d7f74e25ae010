import { expect, test } from 'vitest';
import { withConnection } from '../../../core/postgres/connect/connect.ts';
import { markIncomplete } from '../../../core/postgres/pg-restore/incomplete-mark.ts';
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
          const roles = { ...good, create: false, any: true, globalsOnly: true, allowSuperusers: true };
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
      // It can do its work without a right to write: nothing but what the backup wrote lies in the bucket.
      const kinds = new Set(deployment.aws.s3.keys(bucket).map((key) => key.replace(/^.*\//, '')));
      expect(kinds).toEqual(
        new Set(['RECOVERY.md', 'archive.dump', 'globals.sql', 'manifest.json', 'summary.json']),
      );
    }),
  ));

const small = `${shop}; create table customers (id int primary key); insert into customers values (1), (2)`;

test('an event restores beside, under a name that was freed, without some tables, and repeats what was cut off', () =>
  withDatabase(newestMajor(), { sql: small }, (database) =>
    withDeployment({}, async (deployment) => {
      await deployment.withFunction('backup', {}, async (lambda) => {
        expect((await lambda.invoke({ databases: [database.name] })).error).toBeUndefined();
      });
      await database.query('update orders set id = id + 1000');
      const backup = `shop/${database.name}/latest`;
      const restored = uniqueName('restored');
      const { parameters } = database.server;
      try {
        await deployment.withFunction('restore', {}, async (lambda) => {
          const here = { backup, any: true, target: { database: database.name } };
          const there = { backup, any: true, target: { database: restored } };
          const beside = { ...here, tables: ['orders'], intoSchema: 'beside' };
          expect((await lambda.invoke({ ...beside, dryRun: true })).result).toMatchObject({ wouldTry: true });
          expect((await lambda.invoke(beside)).result).toMatchObject({
            intoSchema: 'beside',
            tables: [{ schema: 'beside', name: 'orders', restored: 300, status: 'as recorded' }],
          });
          // The living table was not touched, and nothing is put into a schema that holds something.
          const [living] = await database.query<{ least: number }>('select min(id) as least from orders');
          expect(living).toEqual({ least: 1001 });
          expect((await lambda.invoke(beside)).error).toMatchObject({ errorType: 'TargetRefused' });
          expect((await lambda.invoke({ ...beside, dryRun: true })).result).toMatchObject({
            wouldTry: false,
          });

          const renaming = { ...here, tables: ['orders'], renameExisting: true };
          const { result, error } = await lambda.invoke(renaming);
          expect(error).toBeUndefined();
          const { renamed, undo = [] } = result as RestoreReport;
          expect(renamed).toContainEqual(expect.objectContaining({ kind: 'TABLE', from: 'orders' }));
          for (const sql of undo) await database.query(sql);
          expect((await database.query('select min(id) as least from orders'))[0]).toEqual({ least: 1001 });
          const whole = { ...here, intoNonEmpty: true };
          expect((await lambda.invoke({ ...whole, dryRun: true })).result).toMatchObject({ wouldTry: false });
          await database.query('drop table orders');
          const kept = await lambda.invoke({ ...whole, keepGoing: true });
          expect(kept.error).toMatchObject({ errorType: 'RestoreFailed' });
          expect((await database.query('select count(*)::int as n from orders'))[0]).toEqual({ n: 300 });

          const some = { ...there, create: true, excludeTables: ['cust*'] };
          expect((await lambda.invoke(some)).result).toMatchObject({
            tables: [{ schema: 'public', name: 'orders', restored: 300 }],
          });
          // What ended well is no database to be dropped.
          const again = await lambda.invoke({ ...there, replaceIncomplete: true });
          expect(again.error).toMatchObject({ errorType: 'TargetRefused' });
          await withConnection(parameters, {}, (client) => markIncomplete(client, restored, new Date()));
          const { result: anew, error: why } = await lambda.invoke({ ...there, replaceIncomplete: true });
          expect(why).toBeUndefined();
          expect(anew).toMatchObject({ created: true, problems: [] });
        });
      } finally {
        await database.query('drop schema if exists beside cascade');
        await runSql(parameters, `drop database if exists ${restored}`);
      }
    }),
  ));
