import { readdir } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { encodeName } from '../../../core/manifest/backup-id.ts';
import { type Manifest, manifestSchema } from '../../../core/manifest/manifest.ts';
import {
  bucket,
  canary,
  type Deployment,
  kmsKeyArn,
  secretArn,
  useBundles,
  withDeployment,
} from '../../support/lambda/deployment.ts';
import type { Lambda, Outcome } from '../../support/lambda/runtime.ts';
import {
  newestMajor,
  runSql,
  type TestDatabase,
  withClient,
  withDatabase,
  withOwnServer,
} from '../../support/postgres/servers.ts';

useBundles();

const shop = `create table orders (id int primary key, note text);
  insert into orders select n, md5(n::text) from generate_series(1, 1000) n;
  create table "Kunden ä" (name text); insert into "Kunden ä" values ('x'), (null)`;

type Run = { readonly outcome: Outcome; readonly lambda: Lambda; readonly deployment: Deployment };

/** One run of the backup function on a fresh deployment with one database. */
async function run(
  options: {
    readonly event?: unknown;
    readonly sql?: string;
    readonly environment?: (database: TestDatabase) => Record<string, string>;
    readonly before?: (deployment: Deployment, database: TestDatabase) => Promise<void> | void;
    readonly timeoutMs?: number;
  },
  check: (run: Run, database: TestDatabase) => Promise<void> | void,
): Promise<void> {
  await withDatabase(newestMajor(), { sql: options.sql ?? shop }, (database) =>
    withDeployment({}, async (deployment) => {
      await options.before?.(deployment, database);
      const environment = {
        PGPROOF_DATABASES: JSON.stringify([database.name]),
        ...options.environment?.(database),
      };
      const { timeoutMs } = options;
      await deployment.withFunction(
        'backup',
        { environment, ...(timeoutMs === undefined ? {} : { timeoutMs }) },
        async (lambda) => {
          const outcome = await lambda.invoke('event' in options ? options.event : {});
          await check({ outcome, lambda, deployment }, database);
          const heard = `${lambda.logs.stdout}${lambda.logs.stderr}${JSON.stringify(outcome)}`;
          expect(heard).not.toContain('päss');
          expect(await readdir(lambda.temporary)).toEqual([]);
        },
      );
    }),
  );
}

async function manifestIn({ aws }: Deployment, key: string): Promise<Manifest> {
  const content = await aws.s3.object(bucket, key)?.content();
  return manifestSchema.parse(JSON.parse(content?.toString() ?? ''));
}

function manifestKeys({ aws }: Deployment): string[] {
  return aws.s3.keys(bucket).filter((key) => key.endsWith('/manifest.json'));
}

function expectNothingStored({ aws }: Deployment): void {
  expect(aws.s3.keys(bucket)).toEqual([]);
  expect(aws.s3.uploads()).toEqual([]);
}

describe('a backup that works', () => {
  test('the console’s {}: the configured databases, a result for each, nobody alerted', () =>
    run({}, async ({ outcome, deployment }, database) => {
      expect(outcome.error).toBeUndefined();
      expect(outcome.result).toMatchObject({
        source: 'shop',
        store: 's3://backups/pg',
        databases: [{ status: 'done', database: database.name, tables: 2 }],
      });
      expect(deployment.told()).toEqual([]);
      const [key = ''] = manifestKeys(deployment);
      expect(key).toMatch(
        new RegExp(`^pg/shop/${database.name}/\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\dZ/manifest\\.json$`),
      );
      const folder = key.replace('manifest.json', '');
      expect(deployment.aws.s3.keys(bucket)).toEqual([
        `${folder}archive.dump`,
        `${folder}globals.sql`,
        `${folder}manifest.json`,
        `${folder}summary.json`,
        `pg/shop/${database.name}/RECOVERY.md`,
      ]);
      const manifest = await manifestIn(deployment, key);
      expect(manifest.id).toBe(folder.replace(/^pg\//, '').replace(/\/$/, ''));
      expect(manifest.tables).toEqual([
        { schema: 'public', name: 'Kunden ä', rows: 2 },
        { schema: 'public', name: 'orders', rows: 1000 },
      ]);
      expect(deployment.aws.s3.uploads()).toEqual([]);
    }));

  test('an event that names databases and a reason overrides the configuration', () =>
    withDatabase(newestMajor(), { name: `a b "ü"\n-Fp ${process.pid}`, sql: shop }, (odd) =>
      run(
        {
          event: { databases: [odd.name], reason: 'before the migration' },
          environment: () => ({ PGPROOF_NOTIFY: 'all' }),
        },
        async ({ outcome, deployment }) => {
          expect(outcome.result).toMatchObject({ databases: [{ database: odd.name, status: 'done' }] });
          const [key = ''] = manifestKeys(deployment);
          expect(key).toContain(`pg/shop/${encodeName(odd.name)}/`);
          const [told] = deployment.told();
          expect(told?.text).toContain('before the migration');
        },
      ),
    ));

  test('a schedule’s input: directory format with workers', () =>
    run(
      {
        event: { schedule: 'nightly', format: 'directory', jobs: 2 },
        environment: () => ({ PGPROOF_NOTIFY: 'all' }),
      },
      async ({ outcome, deployment }) => {
        expect(outcome.error).toBeUndefined();
        const [key = ''] = manifestKeys(deployment);
        const manifest = await manifestIn(deployment, key);
        expect(manifest.dump).toMatchObject({ format: 'directory', jobs: 2 });
        const names = manifest.objects.map(({ name }) => name);
        expect(names).toContain('archive/toc.dat');
        expect(deployment.aws.s3.keys(bucket)).toEqual(
          [...names, 'manifest.json', 'summary.json', '../RECOVERY.md']
            .map((name) => path.posix.join(path.posix.dirname(key), name))
            .sort(),
        );
        expect(deployment.told()[0]?.text).toMatch(/Schedule: +nightly/);
      },
    ));

  test('a database that was emptied: the backup is done, and people hear of it once, whatever they asked for', () =>
    run({}, async ({ lambda, deployment }, database) => {
      await runSql(database.parameters, 'delete from orders where id > 3');
      const emptied = await lambda.invoke({});
      expect(emptied.error).toBeUndefined();
      expect(emptied.result).toMatchObject({
        databases: [{ status: 'done', remarks: [expect.stringContaining('5 rows instead of 1 002 rows')] }],
      });
      expect(deployment.told().map(({ subject }) => subject)).toEqual([
        expect.stringContaining(`LOOK AT BACKUP shop/${database.name}: less than half of the backup before`),
      ]);
      expect(deployment.told()[0]?.text).toMatch(/5 rows instead of 1 002 rows.*pgproof release shop\//s);
      expect((await lambda.invoke({})).error).toBeUndefined();
      expect(deployment.told()).toHaveLength(1);
    }));

  test('notify all: one message that tells size, time and id', () =>
    run({ environment: () => ({ PGPROOF_NOTIFY: 'all' }) }, ({ deployment }, database) => {
      const told = deployment.told();
      expect(told).toHaveLength(1);
      expect(told[0]?.subject).toContain(`Backup done shop/${database.name}`);
      expect(told[0]?.text).toContain(`Backup:    shop/${database.name}/`);
      expect(told[0]?.text).toMatch(/Size: .*\nTook: /);
    }));

  test.each([
    ['plain', ['archive', 'database.sql', 'globals.sql', 'manifest.json']],
    ['directory', ['archive', 'globals.sql', 'manifest.json']],
  ])('archive, roles and manifest are locked where it is asked for: %s', (format, expected) =>
    run(
      {
        before: ({ aws }) => aws.s3.createBucket(bucket, { objectLock: true }),
        environment: () => ({ PGPROOF_OBJECT_LOCK: 'governance:30', PGPROOF_FORMAT: format }),
      },
      ({ outcome, deployment: { aws } }) => {
        expect(outcome.error).toBeUndefined();
        const locks = new Map(
          aws.s3.keys(bucket).map((key) => [
            key
              .split('/')
              .slice(4)
              .join('/')
              .replace(/^archive.*/, 'archive'),
            aws.s3.history(bucket, key)[0]?.lock,
          ]),
        );
        const locked = [...locks.keys()].filter((name) => locks.get(name) !== undefined);
        expect(locked.sort()).toEqual(expected);
        // What is written anew, or may go, is not.
        expect(locks.get('summary.json')).toBeUndefined();
        for (const name of locked) {
          const { mode, until } = locks.get(name) ?? {};
          expect(mode).toBe('GOVERNANCE');
          const days = ((until?.getTime() ?? 0) - Date.now()) / 86_400_000;
          expect(days).toBeGreaterThan(29.99);
          expect(days).toBeLessThan(30.01);
        }
      },
    ),
  );

  test('a bucket without Object Lock fails the backup in words, and leaves nothing', () =>
    run({ environment: () => ({ PGPROOF_OBJECT_LOCK: 'compliance:1' }) }, ({ outcome, deployment }) => {
      expect(outcome.error?.errorMessage).toMatch(/refused to lock/);
      expect(deployment.told()[0]?.text).toContain('made with Object Lock');
      expect(deployment.aws.s3.keys(bucket)).toEqual([]);
      expect(deployment.aws.s3.uploads()).toEqual([]);
    }));

  test('key, storage class and part limit reach S3; small objects stay in the standard class', () =>
    run(
      {
        environment: () => ({
          PGPROOF_KMS_KEY_ARN: kmsKeyArn,
          PGPROOF_STORAGE_CLASS: 'STANDARD_IA',
          PGPROOF_PART_LIMIT: '1000',
        }),
      },
      ({ outcome, deployment }) => {
        expect(outcome.error).toBeUndefined();
        for (const key of deployment.aws.s3.keys(bucket)) {
          const object = deployment.aws.s3.object(bucket, key);
          expect(object).toMatchObject({ serverSideEncryption: 'aws:kms', kmsKeyId: kmsKeyArn });
          if (key.endsWith('archive.dump')) expect(object?.storageClass).toBe('STANDARD_IA');
          if (key.endsWith('manifest.json')) expect(object?.storageClass).toBe('STANDARD');
        }
      },
    ));

  test('the secret is read anew by every run of a warm process', () =>
    run({}, async ({ lambda, deployment, outcome }) => {
      expect(outcome.error).toBeUndefined();
      const changed = `${canary}2`;
      await withClient(deployment.server.parameters, (client) =>
        client.query(
          `ALTER ROLE ${pg.escapeIdentifier(deployment.role)} PASSWORD ${pg.escapeLiteral(changed)}`,
        ),
      );
      const { host, port } = deployment.server.tcpParameters;
      // As RDS's own secrets come: the port as text, fields of its own.
      deployment.aws.secrets.set(secretArn, {
        username: deployment.role,
        password: changed,
        host,
        port: String(port),
        engine: 'postgres',
        masterarn: 'arn:aws:rds:…',
      });
      const again = await lambda.invoke({});
      expect(again.error).toBeUndefined();
      expect(manifestKeys(deployment)).toHaveLength(2);
      expect(lambda.initMilliseconds).toHaveLength(1);
    }));
});

describe('a server of its own', () => {
  test('nothing configured and {}: every database but postgres and the templates, with an IAM token', () =>
    // `trust` takes any password: what is tested is that the token is made and goes to the server, and nowhere else.
    withOwnServer(
      newestMajor(),
      { tcp: true, hbaLines: ['host all all 127.0.0.1/32 trust'] },
      async ({ parameters, tcpParameters = parameters }) => {
        await runSql(parameters, 'create database app');
        await runSql(parameters, 'create database "app 2"');
        await runSql(parameters, 'create database closed allow_connections false');
        await withDeployment({}, async (deployment) => {
          const environment = {
            PGPROOF_SECRET_ARN: '',
            PGPROOF_AUTH: 'iam',
            PGPROOF_HOST: tcpParameters.host,
            PGPROOF_PORT: String(tcpParameters.port),
            PGPROOF_USER: tcpParameters.user,
          };
          await deployment.withFunction('backup', { environment }, async (lambda) => {
            const outcome = await lambda.invoke({});
            expect(outcome.result).toMatchObject({
              databases: [{ database: 'app' }, { database: 'app 2' }],
            });
            expect(manifestKeys(deployment)).toHaveLength(2);
            const all = `${await deployment.everything()}${lambda.logs.stdout}${lambda.logs.stderr}`;
            expect(all).not.toContain('X-Amz-Signature');
            expect(all).not.toContain('a-session-token-of-the-role');
          });
        });
      },
    ));
});

describe('a call or a deployment that is wrong', () => {
  test.each([
    ['an unknown key', { database: 'app' }, 'database'],
    ['a wrong type', { jobs: 'two' }, 'jobs'],
    ['no event', null, undefined],
    ['a list', ['app'], 'expected object'],
    ['a compression that does not exist', { compress: 'best' }, 'zstd'],
    ['workers in a format that has none', { jobs: 4 }, 'directory'],
  ])('%s', (_name, event, named) =>
    run({ event }, ({ outcome, deployment }) => {
      if (named === undefined) {
        expect(outcome.error).toBeUndefined();
        return;
      }
      expect(outcome.error?.errorMessage).toContain(named);
      expect(outcome.error?.errorType).toMatch(/^(BadSettings|UsageError)$/);
      expectNothingStored(deployment);
      const [told, ...more] = deployment.told();
      expect(more).toEqual([]);
      expect(told?.subject).toMatch(/^BACKUP FAILED shop: /);
      expect(told?.text).toContain(named);
      expect(told?.text).toContain('What to do: ');
    }),
  );

  test('every problem of the environment at once, under the variables’ names', () =>
    run(
      {
        environment: () => ({
          PGPROOF_SOURCE: '',
          PGPROOF_SECRET_ARN: '',
          PGPROOF_STORE: 'ftp://backups',
          PGPROOF_PORT: '70000',
          PGPROOF_FORMAT: 'zip',
          PGPROOF_DATABASES: 'app',
          PGPROOF_COMPRESS: 'best',
          PGPROOF_COLOUR: 'green',
        }),
      },
      ({ outcome, deployment }) => {
        const { errorType, errorMessage = '' } = outcome.error ?? {};
        expect(errorType).toBe('BadSettings');
        for (const name of [
          'SOURCE',
          'SECRET_ARN',
          'STORE',
          'PORT',
          'FORMAT',
          'DATABASES',
          'COMPRESS',
          'COLOUR',
        ])
          expect(errorMessage).toContain(`PGPROOF_${name}: `);
        const [told, ...more] = deployment.told();
        expect(more).toEqual([]);
        expect(told?.text).toContain('PGPROOF_COLOUR');
        expectNothingStored(deployment);
      },
    ));

  test('without a topic nobody can be told: the function fails', () =>
    run({ environment: () => ({ PGPROOF_TOPIC_ARN: '' }) }, ({ outcome }) => {
      expect(outcome.error?.errorMessage).toContain('PGPROOF_TOPIC_ARN: ');
    }));

  test('a password in the store’s URL is not passed on', () =>
    run(
      { environment: () => ({ PGPROOF_STORE: `s3://key:${encodeURIComponent(canary)}@backups/pg` }) },
      async ({ outcome, lambda, deployment }) => {
        expect(outcome.error?.errorType).toBe('BadSettings');
        expect(deployment.told()).toHaveLength(1);
        const all = `${await deployment.everything()}${JSON.stringify(outcome)}${lambda.logs.stdout}${lambda.logs.stderr}`;
        expect(all).not.toContain(encodeURIComponent(canary));
      },
    ));
});

describe('a backup that fails', () => {
  test('a secret that is not there', () =>
    run({ before: ({ aws }) => aws.secrets.remove(secretArn) }, ({ outcome, deployment }) => {
      expect(outcome.error?.errorType).toBe('SourceUnavailable');
      const told = deployment.told();
      expect(told).toHaveLength(1);
      expect(told[0]?.subject).toMatch(/^BACKUP FAILED shop: The secret/);
      expect(told[0]?.text).toContain('Correct the ARN of the secret');
      expectNothingStored(deployment);
    }));

  test('a wrong password', () =>
    run(
      {
        before: ({ aws, server, role }) => {
          const { host, port } = server.tcpParameters;
          aws.secrets.set(secretArn, { username: role, password: `${canary}!`, host, port });
        },
      },
      async ({ outcome, deployment }) => {
        expect(outcome.error?.errorType).toBe('ConnectionFailed');
        expect(deployment.told()).toHaveLength(1);
        expect(deployment.told()[0]?.subject).toMatch(/^BACKUP FAILED shop: .*password/);
        expect(await deployment.everything()).not.toContain('päss');
        expectNothingStored(deployment);
      },
    ));

  test('one of two databases: the other is stored, one alert with pg_dump’s words', () =>
    withDatabase(newestMajor(), { sql: shop }, (good) =>
      run(
        {
          // A view that is broken only when read does not stop a dump; a table that lost its file does.
          sql: `${shop}; create table gone (id int); insert into gone values (1)`,
          before: async (_deployment, { query }) => {
            await query('alter table gone alter column id type int using id');
            await query(`update pg_class set relfilenode = 999999999 where relname = 'gone'`);
          },
          environment: (bad) => ({
            PGPROOF_DATABASES: JSON.stringify([bad.name, good.name]),
            PGPROOF_ROWS: 'none',
          }),
        },
        ({ outcome, lambda, deployment }, bad) => {
          expect(outcome.error?.errorType).toBe('BackupFailed');
          expect(outcome.error?.errorMessage).toContain(`1 of 2 databases of shop`);
          expect(outcome.error?.errorMessage).toContain(bad.name);
          expect(manifestKeys(deployment)).toHaveLength(1);
          expect(manifestKeys(deployment)[0]).toContain(good.name);
          expect(deployment.aws.s3.keys(bucket).filter((key) => key.includes(bad.name))).toEqual([]);
          expect(deployment.aws.s3.uploads()).toEqual([]);
          const told = deployment.told();
          expect(told).toHaveLength(1);
          expect(told[0]?.subject).toMatch(new RegExp(`^BACKUP FAILED shop/${bad.name}: `));
          expect(told[0]?.text).toContain('pg_dump: error: Dumping the contents of table "gone" failed');
          expect(told[0]?.text).toContain('What to do: ');
          // The runtime logs all that hangs on an error; of the good database that would be its manifest.
          expect(lambda.logs.stderr).toContain('Invoke Error');
          expect(lambda.logs.stderr).not.toContain('formatVersion');
        },
      ),
    ));

  test('SNS refuses: the function fails with that', () =>
    run(
      {
        before: ({ aws }) => {
          aws.secrets.remove(secretArn);
          aws.sns.refuse('authorizationError');
        },
      },
      ({ outcome }) => {
        expect(outcome.error?.errorType).toBe('AlertNotSent');
        // The last place where it can be read what the alert was about.
        expect(outcome.error?.errorMessage).toContain('BACKUP FAILED shop');
      },
    ));

  test('SNS does not answer: Lambda ends the function, which counts as an error', () =>
    run(
      {
        before: ({ aws }) => {
          aws.secrets.remove(secretArn);
          aws.sns.refuse('hang');
        },
        timeoutMs: 5_000,
      },
      ({ outcome }) => expect(outcome.error?.errorType).toBe('Sandbox.Timedout'),
    ));

  test('SNS refuses the news of wrong settings: the function fails with that', () =>
    run(
      {
        event: { unknown: true },
        before: ({ aws }) => aws.sns.refuse('notFound'),
      },
      ({ outcome }) => expect(outcome.error?.errorType).toBe('AlertNotSent'),
    ));
});

describe('the function’s deadline', () => {
  async function sessionsIn({ query, name }: TestDatabase): Promise<number> {
    const [row] = await query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where datname = $1 and application_name = 'pgproof'`,
      [name],
    );
    return row?.n ?? -1;
  }

  test('an upload that stalls: stopped in time, undone, and told how far it got', () =>
    run(
      {
        sql: `create table noise as select n, gen_random_uuid() from generate_series(1, 200000) n`,
        environment: () => ({ PGPROOF_COMPRESS: 'none' }),
        before: ({ aws }) => aws.s3.misbehave({ operation: 'UploadPart', action: 'stall', times: 1000 }),
        timeoutMs: 8_000,
      },
      async ({ outcome, deployment }, database) => {
        expect(outcome.error?.errorType).toBe('BackupFailed');
        expect(outcome.error?.errorMessage).toContain('time limit');
        expectNothingStored(deployment);
        const told = deployment.told();
        expect(told).toHaveLength(1);
        expect(told[0]?.subject).toContain(`BACKUP FAILED shop/${database.name}: The function's time limit`);
        expect(told[0]?.text).toMatch(/Got to: +[\d.]+ MB of archive, 1 table begun/);
        expect(await sessionsIn(database)).toBe(0);
      },
    ));

  test('a lock that is held for longer; the database after it is named too', () =>
    withDatabase(newestMajor(), { sql: shop }, (next) =>
      run(
        {
          environment: (locked) => ({
            PGPROOF_DATABASES: JSON.stringify([locked.name, next.name]),
            PGPROOF_LOCK_WAIT_SECONDS: '600',
          }),
          before: async (_deployment, { parameters }) => {
            const holder = new pg.Client({ ...parameters, ssl: false });
            // The database is dropped with force at the end, and this session with it.
            holder.on('error', () => undefined);
            await holder.connect();
            await holder.query('begin; lock table orders in access exclusive mode');
          },
          timeoutMs: 6_000,
        },
        async ({ outcome, deployment }, locked) => {
          expect(outcome.error?.errorType).toBe('BackupFailed');
          expectNothingStored(deployment);
          const subjects = deployment.told().map(({ subject }) => subject);
          expect(subjects).toHaveLength(2);
          expect(subjects[0]).toContain(`shop/${locked.name}: `);
          expect(deployment.told()[1]?.text).toContain(`No backup was begun of "${next.name}"`);
          expect(await sessionsIn(locked)).toBe(0);
        },
      ),
    ));
});

describe('what the log and the metrics are made of', () => {
  /** What the SDK says of Node.js 20, which the tests may run in; no function is deployed with that. */
  const sdkWarning = /^\(node:\d+\) Warning: NodeVersionSupportWarning.*?was created\)\n/ms;

  test('JSON lines, and metrics in CloudWatch’s embedded format, for good and bad', () =>
    withDatabase(newestMajor(), { name: `Ünïcode "quoted" ${process.pid}`, sql: shop }, (odd) =>
      run({ event: { databases: [odd.name, 'not there'] } }, ({ outcome, lambda }) => {
        expect(outcome.error?.errorMessage).toContain('1 of 2');
        const text = `${lambda.logs.stdout}${lambda.logs.stderr}`.replace(sdkWarning, '');
        const lines = text.trim().split('\n');
        // The runtime's own word on what was thrown.
        const ours = lines.filter((line) => !line.startsWith('Invoke Error\t'));
        const parsed = ours.map((line) => JSON.parse(line) as Record<string, unknown>);
        const emf = parsed.filter((line) => '_aws' in line);
        expect(emf).toEqual([
          {
            _aws: {
              Timestamp: expect.any(Number),
              CloudWatchMetrics: [
                {
                  Namespace: 'pgproof',
                  Dimensions: [['source', 'database']],
                  Metrics: [
                    { Name: 'BackupsSucceeded', Unit: 'Count' },
                    { Name: 'ArchiveBytes', Unit: 'Bytes' },
                    { Name: 'BackupSeconds', Unit: 'Seconds' },
                  ],
                },
              ],
            },
            source: 'shop',
            // CloudWatch drops metrics whose dimensions are not ASCII.
            database: encodeName(odd.name),
            BackupsSucceeded: 1,
            ArchiveBytes: expect.any(Number),
            BackupSeconds: expect.any(Number),
          },
          expect.objectContaining({ source: 'shop', database: 'not%20there', BackupsFailed: 1 }),
        ]);
        const log = parsed.filter((line) => !('_aws' in line));
        expect(log.map(({ message }) => message)).toEqual(
          expect.arrayContaining(['run-started', 'started', 'storing', 'done', 'failed']),
        );
        for (const line of log) {
          expect(line).toMatchObject({ service: 'backup', level: expect.stringMatching(/^(INFO|ERROR)$/) });
          expect(line).toHaveProperty('function_request_id');
        }
      }),
    ));
});
