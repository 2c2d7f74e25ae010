import { delimiter } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Verification } from '../../../core/manifest/verification.ts';
import { verificationSchema } from '../../../core/manifest/verification.ts';
import {
  bucket,
  type Deployment,
  kmsKeyArn,
  type Told,
  useBundles,
  withDeployment,
} from '../../support/lambda/deployment.ts';
import type { Lambda } from '../../support/lambda/runtime.ts';
import { objectCreated } from '../../support/lambda/s3-event.ts';
import { findServerTools, findTools } from '../../support/postgres/programs.ts';
import { newestMajor, testMajors, withDatabase } from '../../support/postgres/servers.ts';

useBundles();

const shop = `create table orders (id int primary key, note text);
  insert into orders select n, md5(n::text) from generate_series(1, 5000) n;
  create table empty ()`;

/** A backup as the backup function makes it; its folder in the bucket, with the slash. */
async function backedUp(
  deployment: Deployment,
  database: string,
  event: Record<string, unknown> = {},
): Promise<string> {
  const before = new Set(deployment.aws.s3.keys(bucket));
  await deployment.withFunction('backup', {}, async (lambda) => {
    const { error } = await lambda.invoke({ ...event, databases: [database] });
    expect(error).toBeUndefined();
  });
  const key = deployment.aws.s3
    .keys(bucket)
    .find((one) => !before.has(one) && one.endsWith('/manifest.json'));
  return key?.replace('manifest.json', '') ?? '';
}

async function verificationIn({ aws }: Deployment, folder: string): Promise<Verification | undefined> {
  const content = await aws.s3.object(bucket, `${folder}verification.json`)?.content();
  return content && verificationSchema.parse(JSON.parse(content.toString()));
}

type Recorded = {
  readonly database: string;
  readonly folder: string;
  /** By key. */
  readonly objects: ReadonlyMap<string, Buffer>;
};

let recorded: Promise<Recorded> | undefined;

/** The backup that most tests want, made once: each puts a copy of it into a bucket of its own. */
function recordedBackup(): Promise<Recorded> {
  recorded ??= withDatabase(newestMajor(), { sql: shop }, ({ name: database }) =>
    withDeployment({}, async (deployment) => {
      const { s3 } = deployment.aws;
      const folder = await backedUp(deployment, database);
      const objects = new Map<string, Buffer>();
      for (const key of s3.keys(bucket)) {
        const content = await s3.object(bucket, key)?.content();
        if (content !== undefined) objects.set(key, content);
      }
      return { database, folder, objects };
    }),
  );
  return recorded;
}

/** A deployment whose bucket holds that backup. */
async function withRecorded(
  use: (deployment: Deployment, folder: string, database: string) => Promise<void>,
): Promise<void> {
  const { database, folder, objects } = await recordedBackup();
  await withDeployment({}, async (deployment) => {
    for (const [key, content] of objects) await deployment.aws.s3.put(bucket, key, content);
    await use(deployment, folder, database);
  });
}

/** A backup of a small shop, and a verify function. */
async function withBackup(
  options: {
    readonly name?: string;
    readonly major?: number;
    readonly event?: Record<string, unknown>;
    readonly environment?: Record<string, string>;
    /** Run after the shop's own. */
    readonly sql?: string;
  },
  use: (lambda: Lambda, folder: string, deployment: Deployment, database: string) => Promise<void>,
): Promise<void> {
  const { name, major = newestMajor(), event, environment = {}, sql = '' } = options;
  const isOther = [options.name, options.major, options.event, options.sql].some((one) => one !== undefined);
  if (!isOther) {
    await withRecorded((deployment, folder, database) =>
      deployment.withFunction('verify', { environment }, (lambda) =>
        use(lambda, folder, deployment, database),
      ),
    );
    return;
  }
  await withDatabase(major, { sql: `${shop}; ${sql}`, name }, (database) =>
    withDeployment({ major }, async (deployment) => {
      const folder = await backedUp(deployment, database.name, event);
      await deployment.withFunction('verify', { environment }, (lambda) =>
        use(lambda, folder, deployment, database.name),
      );
    }),
  );
}

function onlyAlert(deployment: Deployment): Told {
  const told = deployment.told();
  expect(told).toHaveLength(1);
  return told[0] as Told;
}

describe('a manifest was created', () => {
  test.each(['custom', 'plain', 'tar', 'directory'])(
    'a backup in the %s format is intact, and that is written beside it',
    (format) =>
      withBackup({ event: { format } }, async (lambda, folder, deployment) => {
        const outcome = await lambda.invoke(objectCreated(bucket, `${folder}manifest.json`));
        expect(outcome).toMatchObject({ result: { verdict: 'intact', level: 'read' } });
        expect(await verificationIn(deployment, folder)).toEqual(outcome.result);
        expect(deployment.told()).toEqual([]);
      }),
  );

  test.each([
    ['Ünïcode "quoted"', '%C3%9Cn%C3%AFcode%20%22quoted%22'],
    ['a b', 'a%20b'],
    ['x/../y', 'x%2F..%2Fy'],
    ['host=evil dbname=x', 'host%3Devil%20dbname%3Dx'],
    ['new\nline', 'new%0Aline'],
    ['-Fp', '-Fp'],
    ['100%25+1', '100%2525%2B1'],
  ])('the key of the database %j comes as it is in the bucket', (name, encoded) => {
    // Other runs of the tests may use the same server.
    const own = `${name} ${process.pid}`;
    return withBackup({ name: own }, async (lambda, folder, deployment) => {
      expect(folder).toContain(`pg/shop/${encoded}%20${process.pid}/`);
      const outcome = await lambda.invoke(objectCreated(bucket, `${folder}manifest.json`));
      expect(outcome).toMatchObject({ result: { verdict: 'intact' } });
      expect(await verificationIn(deployment, folder)).toMatchObject({ verdict: 'intact' });
    });
  });

  test.each(testMajors().map((major) => [major]))('PostgreSQL %i', (major) =>
    withBackup({ major }, async (lambda, folder) => {
      const outcome = await lambda.invoke(objectCreated(bucket, `${folder}manifest.json`));
      expect(outcome).toMatchObject({ result: { verdict: 'intact' } });
    }),
  );

  test('a store in the root of the bucket, or under a prefix that needs encoding in a URL', () =>
    withDatabase(newestMajor(), { sql: shop }, (database) =>
      withDeployment({}, async (deployment) => {
        for (const [url, prefix] of [
          [`s3://${bucket}`, ''],
          [`s3://${bucket}/nightly%20d%C3%BCmps/`, 'nightly dümps/'],
        ] as const) {
          const environment = { PGPROOF_STORE: url };
          await deployment.withFunction('backup', { environment }, async (lambda) => {
            expect((await lambda.invoke({ databases: [database.name] })).error).toBeUndefined();
          });
          const key = deployment.aws.s3
            .keys(bucket)
            .find((one) => one.startsWith(`${prefix}shop/`) && one.endsWith('/manifest.json'));
          await deployment.withFunction('verify', { environment }, async (lambda) => {
            const outcome = await lambda.invoke(objectCreated(bucket, key ?? ''));
            expect(outcome).toMatchObject({ result: { verdict: 'intact' } });
          });
        }
      }),
    ));

  test('the verdict is encrypted with the bucket’s key; notify all tells of good news', () =>
    withBackup(
      {
        environment: {
          PGPROOF_KMS_KEY_ARN: kmsKeyArn,
          PGPROOF_NOTIFY: 'all',
          PGPROOF_VERIFY_LEVEL: 'checksum',
        },
      },
      async (lambda, folder, deployment, database) => {
        const outcome = await lambda.invoke(objectCreated(bucket, `${folder}manifest.json`));
        expect(outcome).toMatchObject({ result: { level: 'checksum', verdict: 'intact' } });
        expect(deployment.aws.s3.object(bucket, `${folder}verification.json`)).toMatchObject({
          kmsKeyId: kmsKeyArn,
        });
        expect(onlyAlert(deployment).subject).toContain(`Backup verified shop/${database}`);
      },
    ));

  test('two events in one warm process come to the same', () =>
    withBackup({}, async (lambda, folder, deployment) => {
      const event = objectCreated(bucket, `${folder}manifest.json`);
      const [one, two] = [await lambda.invoke(event), await lambda.invoke(event)];
      expect(one).toMatchObject({ result: { verdict: 'intact' } });
      const { checks } = one.result as Verification;
      expect(two.result).toMatchObject({ verdict: 'intact', checks });
      expect(lambda.initMilliseconds).toHaveLength(1);
      expect(deployment.told()).toEqual([]);
      const metrics = lambda.logs.stdout.split('\n').filter((line) => line.includes('"_aws"'));
      expect(metrics.map((line) => JSON.parse(line))).toMatchObject([
        { BackupsIntact: 1, source: 'shop' },
        { BackupsIntact: 1, source: 'shop' },
      ]);
      // Nothing of the log was lost for having a reserved name.
      expect(`${lambda.logs.stdout}${lambda.logs.stderr}`).not.toContain('reserved key');
    }));

  test('the same event in two processes at once does no harm', () =>
    withBackup({}, async (lambda, folder, deployment) => {
      const event = objectCreated(bucket, `${folder}manifest.json`);
      const outcomes = await deployment.withFunction('verify', {}, (other) =>
        Promise.all([lambda.invoke(event), other.invoke(event)]),
      );
      for (const outcome of outcomes) expect(outcome).toMatchObject({ result: { verdict: 'intact' } });
      expect(await verificationIn(deployment, folder)).toMatchObject({ verdict: 'intact' });
    }));
});

describe('by hand', () => {
  test('latest, and another level', () =>
    withBackup({}, async (lambda, folder, deployment, database) => {
      const outcome = await lambda.invoke({ backup: `shop/${database}/latest`, level: 'checksum' });
      expect(outcome).toMatchObject({ result: { verdict: 'intact', level: 'checksum' } });
      expect(await verificationIn(deployment, folder)).toMatchObject({ level: 'checksum' });

      // The newest good one, as everywhere: a newer one that nobody verified is named by its id, or asked for.
      const { s3 } = deployment.aws;
      const [, time = ''] = /([^/]+)\/$/.exec(folder) ?? [];
      const later = time.replace(
        /^\d{4}-\d\d-\d\dT\d\d/,
        new Date(Date.now() + 7_200_000).toISOString().slice(0, 13),
      );
      for (const key of s3.keys(bucket))
        if (key.startsWith(folder) && !/(?:verification|summary)\.json$/.test(key)) {
          const content = await s3.object(bucket, key)?.content();
          const isManifest = key.endsWith('/manifest.json');
          await s3.put(
            bucket,
            key.replace(time, later),
            (isManifest ? content?.toString().replace(`/${time}"`, `/${later}"`) : content) ?? '',
          );
        }
      const good = await lambda.invoke({ backup: `shop/${database}/latest`, level: 'checksum' });
      expect(good).toMatchObject({ result: { id: `shop/${database}/${time}` } });
      const any = { backup: `shop/${database}/latest`, level: 'checksum', any: true };
      expect(await lambda.invoke({ ...any, cluster: '1' })).toMatchObject({
        error: { errorType: 'BackupNotFound' },
      });
      expect(await lambda.invoke(any)).toMatchObject({ result: { id: `shop/${database}/${later}` } });
    }));

  test.each([
    [
      'an id that is not there',
      { backup: 'shop/none/latest' },
      'BackupNotFound',
      'There is no backup shop/none/latest',
    ],
    ['what is no id', { backup: 'shop' }, 'UsageError', 'A backup id is malformed'],
    ['nothing', {}, 'BadSettings', 'backup: '],
    ['a level that does not exist', { backup: 'a/b/latest', level: 'deep' }, 'BadSettings', 'level: '],
    ['an unknown key', { backup: 'a/b/latest', colour: 'green' }, 'BadSettings', 'colour'],
    [
      'another kind of event',
      { ...objectCreated(bucket, 'x'), 'detail-type': 'Object Deleted' },
      'BadSettings',
      'detail-type',
    ],
  ])('%s: an error and an alert that calls no backup bad', (_name, event, errorType, words) =>
    withDeployment({}, (deployment) =>
      deployment.withFunction('verify', {}, async (lambda) => {
        const { error } = await lambda.invoke(event);
        expect(error?.errorType).toBe(errorType);
        expect(error?.errorMessage).toContain(words);
        const { subject, text } = onlyAlert(deployment);
        expect(subject).toMatch(/^BACKUP NOT VERIFIED pgproof-verify: /);
        expect(text).toContain(words);
      }),
    ),
  );
});

describe('an event about what is no manifest of this store', () => {
  test.each([
    ['another bucket', 'elsewhere', 'pg/shop/app/2026-11-20T02-00-00Z/manifest.json'],
    ['another prefix', bucket, 'pgold/shop/app/2026-11-20T02-00-00Z/manifest.json'],
    ['another object', bucket, 'pg/shop/app/2026-11-20T02-00-00Z/archive.dump'],
    ['an object of somebody else', bucket, 'pg/app/manifest.json'],
    ['the prefix alone', bucket, 'pg/manifest.json'],
    ['names that we would have encoded', bucket, 'pg/shop/a b/2026-11-20T02-00-00Z/manifest.json'],
    ['a broken encoding', bucket, 'pg/shop/%E4/2026-11-20T02-00-00Z/manifest.json'],
  ])('%s', (_name, place, key) =>
    withDeployment({}, (deployment) =>
      deployment.withFunction('verify', {}, async (lambda) => {
        const { error } = await lambda.invoke(objectCreated(place, key));
        expect(error?.errorType).toBe('BadSettings');
        expect(error?.errorMessage).toContain(`s3://${place}/${key}`);
        expect(onlyAlert(deployment).subject).toMatch(/^BACKUP NOT VERIFIED pgproof-verify: /);
        expect(deployment.aws.s3.keys(bucket)).toEqual([]);
      }),
    ),
  );
});

describe('a backup that is not what it says', () => {
  test('a flipped bit', () =>
    withBackup({}, async (lambda, folder, deployment, database) => {
      const bytes = deployment.aws.s3.object(bucket, `${folder}archive.dump`)?.bytes ?? 0;
      await deployment.aws.s3.corrupt(bucket, `${folder}archive.dump`, Math.floor(bytes / 2));
      const { error } = await lambda.invoke(objectCreated(bucket, `${folder}manifest.json`));
      expect(error?.errorType).toBe('BackupNotGood');
      expect(error?.errorMessage).toContain('is failed: checksum: archive.dump has sha256');
      expect(await verificationIn(deployment, folder)).toMatchObject({ verdict: 'failed' });
      const { subject, text } = onlyAlert(deployment);
      expect(subject).toContain(`BACKUP IS BAD shop/${database}: checksum`);
      expect(text).toContain('take another one now');
      expect(lambda.logs.stdout).toContain('"VerificationsFailed":1');
    }));

  test('a manifest that is no JSON: failed; the next event of the warm process is judged by itself', () =>
    withBackup({}, async (lambda, folder, deployment) => {
      const good = await deployment.aws.s3.object(bucket, `${folder}manifest.json`)?.content();
      await deployment.aws.s3.put(bucket, `${folder}manifest.json`, '{"formatVersion": 1,');
      const event = objectCreated(bucket, `${folder}manifest.json`);
      const { error } = await lambda.invoke(event);
      expect(error?.errorType).toBe('BackupNotGood');
      expect(onlyAlert(deployment).text).toContain('not JSON');
      await deployment.aws.s3.put(bucket, `${folder}manifest.json`, good ?? '');
      expect(await lambda.invoke(event)).toMatchObject({ result: { verdict: 'intact' } });
      expect(await verificationIn(deployment, folder)).toMatchObject({ verdict: 'intact' });
    }));

  test('a manifest that is gone again: an error and an alert, and no verdict on nothing', () =>
    withBackup({}, async (lambda, folder, deployment, database) => {
      deployment.aws.s3.remove(bucket, `${folder}manifest.json`);
      const { error } = await lambda.invoke(objectCreated(bucket, `${folder}manifest.json`));
      expect(error?.errorType).toBe('BackupNotFound');
      expect(onlyAlert(deployment).subject).toContain(
        `BACKUP NOT VERIFIED shop/${database}: There is no backup`,
      );
      expect(await verificationIn(deployment, folder)).toBeUndefined();
    }));

  test('no right to write the verdict: an error and an alert', () =>
    withBackup({}, async (lambda, folder, deployment) => {
      deployment.aws.s3.misbehave({ operation: 'PutObject', action: 'accessDenied' });
      const { error } = await lambda.invoke(objectCreated(bucket, `${folder}manifest.json`));
      expect(error?.errorType).toBe('StoreUnusable');
      expect(onlyAlert(deployment).subject).toMatch(/^BACKUP NOT VERIFIED shop\//);
    }));

  test('no programs for it: unverifiable, and what is missing', () =>
    withBackup({}, async (_lambda, folder, deployment) => {
      const manifest = await deployment.aws.s3.object(bucket, `${folder}manifest.json`)?.content();
      const later = manifest?.toString().replace(/"pgDump": "\d+/, '"pgDump": "99') ?? '';
      await deployment.aws.s3.put(bucket, `${folder}manifest.json`, later);
      await deployment.withFunction('verify', {}, async (lambda) => {
        const { error } = await lambda.invoke(objectCreated(bucket, `${folder}manifest.json`));
        expect(error?.errorType).toBe('BackupNotGood');
        expect(error?.errorMessage).toContain('is unverifiable');
        const { subject, text } = onlyAlert(deployment);
        expect(subject).toMatch(/^BACKUP NOT VERIFIED shop\//);
        expect(text).toContain('PostgreSQL 99');
      });
    }));

  test('SNS refuses: the function fails with that, whatever the verdict', () =>
    withBackup({}, async (lambda, folder, deployment) => {
      await deployment.aws.s3.corrupt(bucket, `${folder}archive.dump`, 20);
      deployment.aws.sns.refuse('authorizationError');
      const { error } = await lambda.invoke(objectCreated(bucket, `${folder}manifest.json`));
      expect(error?.errorType).toBe('AlertNotSent');
      expect(error?.errorMessage).toContain('BACKUP IS BAD');
      expect(await verificationIn(deployment, folder)).toMatchObject({ verdict: 'failed' });
    }));
});

test('an archive that stops coming: unverifiable before the deadline, written and told', () =>
  withRecorded(async (deployment, folder) => {
    deployment.aws.s3.misbehave({
      operation: 'GetObject',
      action: 'stall',
      afterBytes: 100,
      skip: 1,
      times: 99,
    });
    await deployment.withFunction('verify', { timeoutMs: 6_000 }, async (lambda) => {
      const { error } = await lambda.invoke(objectCreated(bucket, `${folder}manifest.json`));
      expect(error?.errorType).toBe('BackupNotGood');
      expect(await verificationIn(deployment, folder)).toMatchObject({ verdict: 'unverifiable' });
      expect(onlyAlert(deployment).text).toContain('time limit');
    });
  }));

describe('level restore', () => {
  /** What the server layer has: server programs too, wherever they lie here. */
  const withServer = async (more: Record<string, string> = {}): Promise<Record<string, string>> => {
    const found = await Promise.all([findServerTools(), findTools()]);
    const directories = new Set(found.flatMap((search) => search.found).map(({ directory }) => directory));
    return { PGPROOF_PG_BIN: [...directories].join(delimiter), ...more };
  };

  test('a backup is proven, with the checks of the configuration; where it fits, without being told', async () => {
    const checks = JSON.stringify([
      { name: 'orders are there', sql: 'select count(*) = 5000 from orders' },
      { database: 'another', sql: 'select false' },
    ]);
    const environment = await withServer({ PGPROOF_VERIFY_LEVEL: 'auto', PGPROOF_VERIFY_CHECKS: checks });
    await withBackup({ environment }, async (lambda, folder, deployment) => {
      const { result } = await lambda.invoke(objectCreated(bucket, `${folder}manifest.json`));
      expect(result).toMatchObject({ verdict: 'proven', level: 'restore' });
      expect(await verificationIn(deployment, folder)).toMatchObject({
        checks: expect.arrayContaining([{ name: 'checks', status: 'passed', detail: '1 check, all true' }]),
      });
      expect(deployment.told()).toEqual([]);
    });
  });

  test('by hand, with checks of its own: a false one fails it, and people hear which', async () => {
    const environment = await withServer();
    await withBackup({ environment }, async (lambda, _folder, deployment, database) => {
      const checks = [{ name: 'a million orders', sql: 'select count(*) > 1000000 from orders' }];
      const backup = `shop/${encodeURIComponent(database)}/latest`;
      const { error } = await lambda.invoke({ backup, level: 'restore', checks });
      expect(error?.errorType).toBe('BackupNotGood');
      expect(onlyAlert(deployment).text).toContain('checks: a million orders: returned false, not true');
    });
  });

  test('what may lack by the configuration, or by hand: without a word; what else lacks is told', async () => {
    // A server that nobody can reach, and a refresh that asks it: the same lack on every machine.
    const sql = `create schema crm; create extension dblink;
      create function crm.linked() returns bigint language sql as
        $$ select n from public.dblink('host=127.0.0.1 port=9 user=a password=b dbname=c', 'select 1') as t(n bigint) $$;
      create materialized view crm."a mirror" as select crm.linked() with no data;
      update pg_class set relispopulated = true where relname = 'a mirror'`;
    const accepted = 'materialized view crm."a mirror"';
    const environment = await withServer({
      PGPROOF_VERIFY_LEVEL: 'restore',
      PGPROOF_VERIFY_WITHOUT: JSON.stringify([accepted]),
    });
    await withBackup({ environment, sql }, async (lambda, folder, deployment, database) => {
      const { result } = await lambda.invoke(objectCreated(bucket, `${folder}manifest.json`));
      expect(result).toMatchObject({ verdict: 'proven-without', without: [accepted] });
      expect(deployment.told()).toEqual([]);

      // The event's own list takes the place of the configuration's.
      const backup = `shop/${encodeURIComponent(database)}/latest`;
      const byHand = await lambda.invoke({ backup, without: ['extension nowhere'] });
      expect(byHand.error?.errorType).toBe('BackupNotGood');
      expect(onlyAlert(deployment).text).toMatch(/a mirror[\s\S]*it is proven-without since/);
      const wrong = await lambda.invoke({ backup, without: ['a mirror'] });
      expect(wrong.error?.errorMessage).toMatch(/without\[0\].*"a mirror" \(expected TYPE NAME/s);
    });
  });
});

test('every problem of the environment at once', () =>
  withDeployment({}, (deployment) =>
    deployment.withFunction(
      'verify',
      {
        environment: {
          PGPROOF_STORE: 'file:///mnt/backups',
          PGPROOF_VERIFY_LEVEL: 'everything',
          PGPROOF_VERIFY_CHECKS: '[{"sql": 1}, {"query": "select true"}]',
          PGPROOF_VERIFY_WITHOUT: '["aws_commons"]',
          PGPROOF_NOTIFY: 'never',
          PGPROOF_SOURCE: 'shop',
        },
      },
      async (lambda) => {
        const { error } = await lambda.invoke({ backup: 'shop/app/latest' });
        expect(error?.errorType).toBe('BadSettings');
        for (const name of ['STORE', 'VERIFY_LEVEL', 'VERIFY_CHECKS', 'VERIFY_WITHOUT', 'NOTIFY', 'SOURCE'])
          expect(error?.errorMessage).toContain(`PGPROOF_${name}: `);
        expect(onlyAlert(deployment).subject).toMatch(/^BACKUP NOT VERIFIED shop: /);
      },
    ),
  ));
