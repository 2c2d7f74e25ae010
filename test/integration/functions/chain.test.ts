import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { bucket, canary, useBundles, withDeployment } from '../../support/lambda/deployment.ts';
import { objectCreated } from '../../support/lambda/s3-event.ts';
import { testMajors, withDatabase } from '../../support/postgres/servers.ts';

useBundles();

/** The password as it is, and as it would look in JSON, in a URL, in SQL, in a connection string, in base64. */
function spellings(password: string): string[] {
  return [
    password,
    JSON.stringify(password).slice(1, -1),
    JSON.stringify(JSON.stringify(password)).slice(3, -3),
    encodeURIComponent(password),
    password.replaceAll("'", "''"),
    password.replace(/[\\']/g, '\\$&'),
    Buffer.from(password).toString('base64'),
    // Whatever the escaping: a part without any character that needs some.
    'wörd %41',
  ];
}

test.each(testMajors().map((major) => [major]))(
  'PostgreSQL %i, from the schedule to the verdicts: good and bad databases, no password anywhere',
  (major) =>
    withDatabase(major, { sql: 'create table t as select generate_series(1, 100) as n' }, (one) =>
      withDatabase(
        major,
        { name: `Zwei "2" ${major} ${process.pid}`, sql: 'create table t (n int)' },
        (two) =>
          withDeployment({ major }, async (deployment) => {
            const { aws } = deployment;
            const environment = {
              PGPROOF_DATABASES: JSON.stringify([one.name, two.name, 'missing']),
              PGPROOF_NOTIFY: 'all',
            };
            const heard: string[] = [];

            await deployment.withFunction('backup', { environment }, async (lambda) => {
              const outcome = await lambda.invoke({ schedule: 'nightly', parallel: 3 });
              expect(outcome.error?.errorType).toBe('BackupFailed');
              expect(outcome.error?.errorMessage).toContain('1 of 3 databases of shop');
              heard.push(JSON.stringify(outcome), lambda.logs.stdout, lambda.logs.stderr);
              expect(await readdir(lambda.temporary)).toEqual([]);
            });
            const created = aws.s3.keys(bucket).filter((key) => key.endsWith('/manifest.json'));
            expect(created).toHaveLength(2);

            await deployment.withFunction(
              'verify',
              { environment: { PGPROOF_NOTIFY: 'all' } },
              async (lambda) => {
                for (const key of created) {
                  const outcome = await lambda.invoke(objectCreated(bucket, key));
                  expect(outcome).toMatchObject({ result: { verdict: 'intact' } });
                  heard.push(JSON.stringify(outcome));
                }
                heard.push(lambda.logs.stdout, lambda.logs.stderr);
                expect(await readdir(lambda.temporary)).toEqual([]);
              },
            );

            const subjects = deployment.told().map(({ subject }) => subject);
            expect(subjects.map((subject) => subject.split(' shop/')[0]).sort()).toEqual([
              'BACKUP FAILED',
              'Backup done',
              'Backup done',
              'Backup verified',
              'Backup verified',
            ]);
            expect(aws.s3.uploads()).toEqual([]);
            const all = [...heard, await deployment.everything()].join('\n');
            for (const spelling of spellings(canary)) expect(all).not.toContain(spelling);
            expect(all).not.toContain('a-session-token-of-the-role');
          }),
      ),
    ),
);
