import { describe, expect, test } from 'vitest';
import { type PastBackup, writePast } from '../../support/backup/history.ts';
import {
  bucket,
  copies,
  type Deployment,
  useBundles,
  withDeployment,
} from '../../support/lambda/deployment.ts';
import type { Outcome } from '../../support/lambda/runtime.ts';
import { objectCreated } from '../../support/lambda/s3-event.ts';

useBundles();

const hour = 3_600_000;

async function write(
  { aws }: Deployment,
  past: Partial<PastBackup> & { readonly hoursAgo: number },
): Promise<string> {
  const { hoursAgo, ...rest } = past;
  const startedAt = new Date(Math.floor((Date.now() - hoursAgo * hour) / 1_000) * 1_000);
  const store = {
    create: (key: string, content: Uint8Array): Promise<void> => aws.s3.put(bucket, `pg/${key}`, content),
  };
  return await writePast(store, { source: 'shop', startedAt, ...rest });
}

const verdictOf = (id: string): object => objectCreated(bucket, `pg/${id}/verification.json`);

function run(
  deployment: Deployment,
  event: unknown,
  { timeoutMs, ...environment }: Record<string, string> & { timeoutMs?: never } = {},
): Promise<Outcome & { readonly log: string }> {
  return deployment.withFunction('copy', { environment }, async (lambda) => ({
    ...(await lambda.invoke(event)),
    log: lambda.logs.stdout + lambda.logs.stderr,
  }));
}

/** The keys of a backup in a bucket, and what lies under each. */
async function contentOf({ aws }: Deployment, where: string, id: string): Promise<Record<string, string>> {
  const keys = aws.s3.keys(where).filter((key) => key.startsWith(`pg/${id}/`));
  const pairs = keys.map(async (key) => [
    key,
    (await aws.s3.object(where, key)?.content())?.toString() ?? '',
  ]);
  return Object.fromEntries(await Promise.all(pairs)) as Record<string, string>;
}

const copied = ({ aws }: Deployment): string[] =>
  aws.s3
    .keys(copies)
    .filter((key) => key.endsWith('/manifest.json'))
    .map((key) => key.slice('pg/'.length, -'/manifest.json'.length));

test('a verdict has its backup copied, whole; another verdict goes along, and a second event finds it there', () =>
  withDeployment({}, async (deployment) => {
    const id = await write(deployment, { hoursAgo: 3, verdict: 'intact', files: 4 });
    const first = await run(deployment, verdictOf(id));
    expect(first.error).toBeUndefined();
    expect(first.result).toMatchObject({
      copy: 'offsite',
      from: `s3://${bucket}/pg`,
      to: `s3://${copies}/pg`,
      backups: [{ id, kind: 'copied', checked: 'read-back' }],
      left: [],
    });
    expect(await contentOf(deployment, copies, id)).toEqual(await contentOf(deployment, bucket, id));
    const second = await run(deployment, verdictOf(id));
    expect(second.result).toMatchObject({ backups: [{ id, kind: 'there', verdictBrought: false }] });

    const key = `pg/${id}/verification.json`;
    const { [key]: weaker = '' } = await contentOf(deployment, bucket, id);
    const proven = { ...JSON.parse(weaker), level: 'restore', verdict: 'proven', reached: 'restore' };
    await deployment.aws.s3.put(
      bucket,
      key,
      JSON.stringify({ ...proven, finishedAt: new Date().toISOString() }),
    );
    const third = await run(deployment, verdictOf(id));
    expect(third.result).toMatchObject({ backups: [{ id, kind: 'there', verdictBrought: true }] });
    expect((await contentOf(deployment, copies, id))[key]).toContain('"proven"');
    expect(deployment.told()).toEqual([]);
  }));

test('a backup that failed its verification is not copied, which is said and is no failure', () =>
  withDeployment({}, async (deployment) => {
    const id = await write(deployment, { hoursAgo: 3, verdict: 'failed' });
    const { result, error, log } = await run(deployment, verdictOf(id));
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ backups: [], left: [{ id, why: 'failed' }] });
    expect(log).toContain('"left"');
    expect(deployment.aws.s3.keys(copies)).toEqual([]);
    expect(deployment.told()).toEqual([]);
  }));

test('the daily run copies what was missed, also what was never verified, and nothing of other sources', () =>
  withDeployment({}, async (deployment) => {
    const ids = [
      await write(deployment, { hoursAgo: 3 }),
      await write(deployment, { hoursAgo: 27, verdict: 'none' }),
      await write(deployment, { hoursAgo: 51, database: 'crm' }),
    ];
    const bad = await write(deployment, { hoursAgo: 75, verdict: 'failed' });
    await write(deployment, { hoursAgo: 3, source: 'payroll' });
    const { result, error } = await run(deployment, {});
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ there: 0, left: [{ id: bad, why: 'failed' }] });
    expect(copied(deployment).sort()).toEqual([...ids].sort());
    expect((await run(deployment, {})).result).toMatchObject({ backups: [], there: 3 });
  }));

test('where nothing was ever backed up there is nothing to copy, and no trouble', () =>
  withDeployment({}, async (deployment) => {
    deployment.aws.s3.judge(({ operation, key }) =>
      Promise.resolve(operation !== 'ListObjectsV2' || key.startsWith('pg/shop/')),
    );
    const { result, error } = await run(deployment, {});
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ backups: [], there: 0, left: [] });
  }));

test('what was never copied for too long is told, where there is something newer', () =>
  withDeployment({}, async (deployment) => {
    const old = await write(deployment, { hoursAgo: 200 });
    const ofDropped = await write(deployment, { hoursAgo: 900, database: 'dropped' });
    expect((await run(deployment, {})).error).toBeUndefined();
    expect(copied(deployment).sort()).toEqual([old, ofDropped].sort());
    await write(deployment, { hoursAgo: 5, verdict: 'failed' });
    const { error } = await run(deployment, {});
    expect(error?.errorType).toBe('BackupsNotCopied');
    const [{ subject, text } = { subject: '', text: '' }, ...others] = deployment.told();
    expect(others).toEqual([]);
    expect(subject).toMatch(/^NOT COPIED shop\/app: The newest copy in offsite/);
    expect(text).toContain('more than 48 hours old');
  }));

test('by hand, a backup by its id; and whoever asked for it hears of what went well', () =>
  withDeployment({}, async (deployment) => {
    const id = await write(deployment, { hoursAgo: 3 });
    const { result } = await run(deployment, { backup: 'shop/app/latest' }, { PGPROOF_NOTIFY: 'all' });
    expect(result).toMatchObject({ backups: [{ id, kind: 'copied' }] });
    expect(deployment.told()).toEqual([
      expect.objectContaining({ subject: 'Copied shop/app: Copied to offsite and read back' }),
    ]);
  }));

describe('what keeps a backup from being copied is alerted, with what to do, and fails the run', () => {
  test.each<[string, Record<string, string>, RegExp, RegExp]>([
    [
      'the other bucket is not there',
      { PGPROOF_COPY_TO: 's3://nowhere/pg' },
      /nowhere/,
      /NoSuchBucket|does not exist/,
    ],
    [
      'the other place is not reached',
      { PGPROOF_COPY_ENDPOINT: 'http://127.0.0.1:9', PGPROOF_COPY_PATH_STYLE: 'true' },
      /offsite/,
      /ECONNREFUSED/,
    ],
    ['both are one place', { PGPROOF_COPY_TO: `s3://${bucket}/pg` }, /second place/, /another bucket/],
    [
      'one lies in the other',
      { PGPROOF_COPY_TO: `s3://${bucket}/pg/copies` },
      /second place/,
      /another bucket/,
    ],
  ])('%s', (_, environment, what, fix) =>
    withDeployment({}, async (deployment) => {
      const id = await write(deployment, { hoursAgo: 3 });
      for (const event of [verdictOf(id), {}]) {
        const { error } = await run(deployment, event, environment);
        expect(error?.errorType).toBe('BackupsNotCopied');
        const told = deployment.told().at(-1);
        expect(told?.subject).toMatch(/^NOT COPIED shop/);
        expect(told?.text).toMatch(what);
        expect(told?.text).toMatch(fix);
      }
      expect(deployment.told()).toHaveLength(2);
      expect(deployment.aws.s3.keys(copies)).toEqual([]);
    }),
  );

  test('it may not write there: one alert, however many backups', () =>
    withDeployment({}, async (deployment) => {
      for (const hoursAgo of [3, 27, 51, 75]) await write(deployment, { hoursAgo });
      deployment.aws.s3.judge(({ operation, bucket: where }) =>
        Promise.resolve(where !== copies || /^(List|Get)/.test(operation)),
      );
      const { error } = await run(deployment, {});
      expect(error?.errorType).toBe('BackupsNotCopied');
      const [{ subject, text } = { subject: '', text: '' }] = deployment.told();
      expect(subject).toMatch(/^NOT COPIED shop: 4 backups not copied to offsite/);
      expect(text).toContain('AccessDenied');
      expect(deployment.aws.s3.keys(copies)).toEqual([]);
    }));

  test('bytes that went bad on the way are no backup there', () =>
    withDeployment({}, async (deployment) => {
      const id = await write(deployment, { hoursAgo: 3 });
      await deployment.aws.s3.corrupt(bucket, `pg/${id}/archive.dump`, 3);
      const { error } = await run(deployment, verdictOf(id));
      expect(error?.errorType).toBe('BackupsNotCopied');
      expect(deployment.told()[0]?.text).toMatch(
        /is damaged in s3:\/\/backups\/pg, and is not copied: archive\.dump/,
      );
      expect(copied(deployment)).toEqual([]);
    }));

  test('time is up: what is to be done instead is said, nothing is half there, and the next run goes on', () =>
    withDeployment({}, async (deployment) => {
      const ids = [await write(deployment, { hoursAgo: 3 }), await write(deployment, { hoursAgo: 27 })];
      // It answers when the test is long over.
      deployment.aws.s3.judge(({ operation, key }) =>
        operation === 'GetObject' && key === `pg/${ids[1]}/archive.dump`
          ? new Promise(() => undefined)
          : Promise.resolve(true),
      );
      const slow = await deployment.withFunction('copy', { timeoutMs: 12_000 }, (lambda) =>
        lambda.invoke({}),
      );
      expect(copied(deployment)).toEqual([ids[0]]);
      expect(slow.error?.errorType).toBe('BackupsNotCopied');
      expect(deployment.told()[0]?.text).toContain(
        `pgproof copy --all-missing --store s3://${bucket}/pg --to s3://${copies}/pg`,
      );
      deployment.aws.s3.judge(undefined);
      expect((await run(deployment, {})).error).toBeUndefined();
      expect(copied(deployment).sort()).toEqual([...ids].sort());
    }));
});

describe('with a secret of another account', () => {
  const secretArn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:offsite-AbCdEf';
  const secret = { PGPROOF_COPY_SECRET_ARN: secretArn };

  test('it writes with that, and reads with its role', () =>
    withDeployment({}, async (deployment) => {
      const id = await write(deployment, { hoursAgo: 3 });
      const came = new Map<string, Set<string>>();
      deployment.aws.s3.judge(({ bucket: where, headers }) => {
        const asRole = headers['x-amz-security-token'] !== undefined;
        // Who writes there has no right here, and is refused where it tries to let S3 copy.
        const may = where === copies || asRole;
        if (may) came.set(where, (came.get(where) ?? new Set()).add(asRole ? 'role' : 'secret'));
        return Promise.resolve(may);
      });
      deployment.aws.secrets.set(secretArn, { accessKeyId: 'test', secretAccessKey: 'of the other side' });
      expect((await run(deployment, verdictOf(id), secret)).error).toBeUndefined();
      expect(copied(deployment)).toEqual([id]);
      expect(came).toEqual(
        new Map([
          [bucket, new Set(['role'])],
          [copies, new Set(['secret'])],
        ]),
      );
    }));

  test.each([
    ['is not there', undefined, /could not be read/],
    [
      'holds a password of a database',
      { username: 'u', password: 'canary-of-the-secret' },
      /accessKeyId, secretAccessKey/,
    ],
    ['is half', { accessKeyId: 'canary-of-the-secret' }, /missing or wrong: secretAccessKey/],
  ])('that %s: an alert says what belongs there, and not what is there', (_, content, message) =>
    withDeployment({}, async (deployment) => {
      const id = await write(deployment, { hoursAgo: 3 });
      if (content !== undefined) deployment.aws.secrets.set(secretArn, content);
      const { error, log } = await run(deployment, verdictOf(id), secret);
      expect(error?.errorType).toBe('CredentialsUnavailable');
      expect(error?.errorMessage).toMatch(message);
      expect(deployment.told()[0]?.subject).toMatch(/^NOT COPIED/);
      expect(`${JSON.stringify(deployment.told())}${log}${error?.errorMessage}`).not.toContain('canary');
    }),
  );
});

test.each([
  ['an unknown key', { backups: [] }, /backups/],
  ['a backup of somebody else', { backup: 'payroll/app/2026-11-20T02-00-00Z' }, /payroll/],
  [
    'another object of the store',
    objectCreated(bucket, 'pg/shop/app/2026-11-20T02-00-00Z/manifest.json'),
    /verification/,
  ],
  [
    'its own copy',
    objectCreated(copies, 'pg/shop/app/2026-11-20T02-00-00Z/verification.json'),
    /verification/,
  ],
  [
    'a verdict of another stack',
    objectCreated(bucket, 'pg/payroll/app/2026-11-20T02-00-00Z/verification.json'),
    /"payroll" \(expected shop\)/,
  ],
])('%s in the event is an error, in the words of the event', (_, event, message) =>
  withDeployment({}, async (deployment) => {
    const { error } = await run(deployment, event);
    expect(['BadSettings', 'BackupNotFound']).toContain(error?.errorType);
    expect(error?.errorMessage).toMatch(message);
    expect(deployment.told()[0]?.subject).toMatch(/^NOT COPIED/);
  }),
);
