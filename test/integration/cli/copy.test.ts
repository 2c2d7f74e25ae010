import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CopyReport } from '../../../core/copy/request.ts';
import { openPrunable } from '../../../core/store/open-prunable.ts';
import type { PrunableStore } from '../../../core/store/prunable.ts';
import { type S3Server, withS3Server } from '../../support/aws/s3-server.ts';
import { withAwsServer } from '../../support/aws/server.ts';
import { nightly, writePast } from '../../support/backup/history.ts';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { withFileStore } from '../../support/cli/stores.ts';
import { newestMajor, uniqueName, withDatabase } from '../../support/postgres/servers.ts';
import { bundle } from '../../support/run/bundles.ts';
import { runOnMount } from '../../support/scratch/mounted.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli.close());

const firstUrl = 's3://bucket/first';
const secondUrl = 's3://bucket/second';

/** Two services, each of which lets in one key only. */
function withTwoServices<T>(use: (one: S3Server, other: S3Server) => Promise<T>): Promise<T> {
  return withS3Server({ buckets: ['bucket'], accessKeyId: 'ONE' }, (one) =>
    withS3Server({ buckets: ['bucket'], accessKeyId: 'OTHER' }, (other) => use(one, other)),
  );
}

function opened(url: string, { url: endpoint }: S3Server, accessKeyId: string): PrunableStore {
  const credentials = { accessKeyId, secretAccessKey: 'test' };
  return openPrunable(url, { endpoint, region: 'us-east-1', credentials });
}

const keysOf = (id: string): Record<string, string> => ({
  AWS_ACCESS_KEY_ID: id,
  AWS_SECRET_ACCESS_KEY: 'canary-of-the-first',
  AWS_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
});

const copyKeys = {
  PGPROOF_COPY_ACCESS_KEY_ID: 'OTHER',
  PGPROOF_COPY_SECRET_ACCESS_KEY: 'canary-of-the-second',
};

const reportOf = ({ stdout }: CliResult): CopyReport => JSON.parse(stdout) as CopyReport;

/** In the past: the command knows no clock but the machine's. */
const past = (nights: number): ReturnType<typeof nightly> =>
  nightly(nights, new Date(Date.now() - 86_400_000).toISOString().slice(0, 10));

test('a backup is listed, shown, verified, held, pruned and restored from the copy alone, once the first store is gone', () =>
  withDatabase(newestMajor(), { sql: 'create table t as select generate_series(1, 300) as i' }, (database) =>
    withS3Server({ buckets: ['bucket'], accessKeyId: 'OTHER' }, (other) =>
      withFileStore(async ({ url, directory }) => {
        const source = ['--source', database.url, '--name', 'shop', '--database', database.name];
        const backup = await cli.run(['backup', ...source, '--store', url, '--format', 'directory']);
        expect(backup.status, backup.stderr).toBe(0);
        const to = ['--to', secondUrl, '--to-endpoint', other.url, '--to-region', 'us-east-1'];
        const copied = await cli.run(['copy', `shop/${database.name}/latest`, '--store', url, ...to], {
          env: copyKeys,
        });
        expect(copied.status, copied.stderr).toBe(0);
        expect(copied.stdout).toContain('copied, read back whole');
        await rm(directory, { recursive: true });

        const there = ['--store', secondUrl, '--endpoint', other.url];
        const call = (...args: string[]): Promise<CliResult> =>
          cli.run([...args, ...there], { env: { ...keysOf('OTHER'), PATH: process.env.PATH } });
        const [entry] = JSON.parse((await call('list', '--json')).stdout) as {
          id: string;
          verification: { verdict: string };
        }[];
        const id = entry?.id ?? '';
        expect(entry?.verification.verdict).toBe('intact');
        expect((await call('show', id)).stdout).toContain('300');
        expect(await call('verify', id, '--level', 'restore')).toMatchObject({ status: 0 });
        expect(await call('hold', id, '--reason', 'audit')).toMatchObject({ status: 0 });
        expect((await call('prune', '--keep', 'last=1', '--yes')).stdout).toContain('1 backup kept');
        expect(await call('release', id)).toMatchObject({ status: 0 });
        const target = uniqueName('restored');
        const restored = await call(
          'restore',
          id,
          '--to',
          database.url.replace(database.name, target),
          '--create',
        );
        expect(restored.status, restored.stderr).toBe(0);
      }),
    ),
  ));

test('between two services each store has keys of its own: by variables, and by profiles', () =>
  withTwoServices(async (one, other) => {
    const [first = '', second = ''] = await fill(opened(firstUrl, one, 'ONE'), 2);
    const places = [
      '--store',
      firstUrl,
      '--endpoint',
      one.url,
      '--to',
      secondUrl,
      '--to-endpoint',
      other.url,
    ];
    const region = ['--to-region', 'us-east-1'];
    const byVariables = await cli.run(['copy', first, ...places, ...region, '--json'], {
      env: { ...keysOf('ONE'), ...copyKeys },
    });
    expect(byVariables.status, byVariables.stderr).toBe(0);
    expect(reportOf(byVariables).backups).toMatchObject([
      { id: first, kind: 'copied', checked: 'read-back' },
    ]);

    const home = join(cli.directory, 'two-keys');
    await mkdir(join(home, '.aws'), { recursive: true });
    const section = (name: string, id: string): string =>
      `[${name}]\naws_access_key_id = ${id}\naws_secret_access_key = test\nregion = us-east-1\n`;
    await writeFile(join(home, '.aws', 'credentials'), section('here', 'ONE') + section('there', 'OTHER'));
    const profiles = ['--profile', 'here', '--to-profile', 'there'];
    const byProfile = await cli.run(['copy', '--all-missing', ...places, ...profiles, '--json'], {
      // Keys of a third party in the environment are nobody's.
      env: { HOME: home, AWS_ACCESS_KEY_ID: 'THIRD', AWS_SECRET_ACCESS_KEY: 'x' },
    });
    expect(byProfile).toMatchObject({ status: 0, stderr: '' });
    expect(reportOf(byProfile)).toMatchObject({ there: 1, backups: [{ id: second, kind: 'copied' }] });

    const unknown = await cli.run(['copy', '--all-missing', ...places, '--to-profile', 'nobody'], {
      env: { ...keysOf('ONE'), HOME: home },
    });
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toContain('nobody');
    const half = await cli.run(['copy', first, ...places, ...region], {
      env: { ...keysOf('ONE'), PGPROOF_COPY_ACCESS_KEY_ID: 'OTHER' },
    });
    expect(half).toMatchObject({ status: 2 });
    for (const { stdout, stderr } of [byVariables, byProfile, unknown, half])
      expect(stdout + stderr).not.toContain('canary');
  }));

async function fill(store: PrunableStore, nights: number): Promise<string[]> {
  const ids: string[] = [];
  for (const one of past(nights)) ids.push(await writePast(store, one));
  return ids;
}

test('--all-missing copies what the rules keep, says what it leaves, and does nothing the next time', () =>
  withFileStore((from) =>
    withFileStore(async (to) => {
      const ids = await fill(openPrunable(from.url), 20);
      const copy = (...flags: string[]): Promise<CliResult> =>
        cli.run(['copy', '--all-missing', '--store', from.url, '--to', to.url, ...flags]);
      const look = await copy('--keep', 'daily=7', '--dry-run');
      expect(look.stdout).toContain('7 backups would be copied, 0 there already, 13 would be pruned there.');
      expect(await to.keys().catch(() => [])).toEqual([]);
      const done = await copy('--keep', 'daily=7');
      expect(done).toMatchObject({ status: 0, stderr: '' });
      expect(done.stdout).toContain('7 backups copied');
      const listed = await cli.run(['list', '--store', to.url, '--json']);
      const there = JSON.parse(listed.stdout) as { id: string }[];
      expect(there.map(({ id }) => id)).toEqual(ids.slice(-7).reverse());
      expect(reportOf(await copy('--keep', 'daily=7', '--json'))).toMatchObject({ there: 7, backups: [] });
      // What prune keeps there is known from then on.
      const prune = await cli.run(['prune', '--store', to.url, '--keep', 'daily=5', '--yes', '--json']);
      expect(prune.status).toBe(0);
      const next = reportOf(await copy('--json'));
      expect(next).toMatchObject({ there: 5, backups: [] });
      expect(next.left.filter(({ why }) => why === 'removed')).toHaveLength(2);
    }),
  ));

test('a disk that is full keeps what came, names what did not, and has nothing half', () =>
  withFileStore((from) =>
    withFileStore(async (to) => {
      await mkdir(to.directory, { recursive: true });
      const ids: string[] = [];
      for (const one of past(4))
        ids.push(await writePast(openPrunable(from.url), { ...one, archiveBytes: 2 * 1024 * 1024 }));
      const command = [process.execPath, join(await bundle('cli'), 'pgproof.js'), 'copy', '--all-missing'];
      const call = [...command, '--json', '--store', from.url, '--to', to.url];
      const script = '"$@" 2>/dev/null; echo "status $?"; cd "$0" && find . -type f';
      const said = await runOnMount(to.directory, 'size=5m', ['sh', '-c', script, to.directory, ...call]);
      const [document = '', rest = ''] = said.split('status 1\n');
      const { backups } = JSON.parse(document) as CopyReport;
      expect(backups.map(({ id, kind }) => [id, kind])).toEqual([
        [ids[3], 'copied'],
        [ids[2], 'copied'],
        [ids[1], 'failed'],
        [ids[0], 'failed'],
      ]);
      expect(backups[2]).toMatchObject({ error: expect.stringMatching('too little room') });
      expect(backups[3]).toMatchObject({ error: expect.stringMatching(/^Not tried/) });
      expect(
        rest.split('\n').filter((line) => line.includes(ids[1] ?? '?') || line.includes('.staging')),
      ).toEqual([]);
    }),
  ));

test('a call that is wrong is told with status 2, and nothing is done', () =>
  withFileStore((from) =>
    withFileStore(async (to) => {
      const [id = ''] = await fill(openPrunable(from.url), 1);
      const copy = (...args: string[]): Promise<CliResult> => cli.run(['copy', '--store', from.url, ...args]);
      for (const args of [
        ['--to', to.url],
        [id, '--all-missing', '--to', to.url],
        [id, '--to', to.url, '--keep', 'daily=7'],
        [id, '--to', to.url, '--dry-run'],
        ['--all-missing', '--failed-too', '--to', to.url],
        [id, '--to', from.url],
        [id, '--to', `${from.url}/below`],
        ['nonsense', '--to', to.url],
        [id, '--to', to.url, '--to-object-lock', 'governance:30'],
        [id],
      ])
        expect(await copy(...args), args.join(' ')).toMatchObject({ status: 2 });
      expect(await to.keys().catch(() => [])).toEqual([]);
      expect(await copy('shop/nothing/latest', '--to', to.url)).toMatchObject({ status: 1 });
    }),
  ));

test('a copy that fails is told the topic, once for each database; the first store is as it was', () =>
  withAwsServer({ buckets: ['bucket'] }, (aws) =>
    withFileStore(async (from) => {
      await fill(openPrunable(from.url), 2);
      const before = await from.keys();
      const topic = ['--topic', 'arn:aws:sns:us-east-1:123456789012:alerts'];
      const copy = (to: string, ...flags: string[]): Promise<CliResult> =>
        cli.run(['copy', '--all-missing', '--store', from.url, '--to', to, ...topic, ...flags], {
          env: aws.environment,
        });
      const missing = await copy('s3://not-there/copies');
      expect(missing.status).toBe(1);
      expect(missing.stderr).toContain('The bucket does not exist');
      aws.s3.misbehave({ operation: 'PutObject', action: 'accessDenied', times: 100 });
      const denied = await copy('s3://bucket/copies', '--json');
      expect(denied.status).toBe(1);
      expect(reportOf(denied).backups.map(({ kind }) => kind)).toEqual(['failed', 'failed']);
      aws.s3.behave();
      expect(await copy('s3://bucket/copies', '--notify', 'all')).toMatchObject({ status: 0 });
      const subjects = aws.sns.messages.map(({ subject }) => subject);
      expect(subjects).toEqual([
        expect.stringMatching(/^NOT COPIED all sources: The bucket does not exist/),
        expect.stringMatching(/^NOT COPIED prod\/app: Access to the bucket is denied/),
        expect.stringMatching(/^Copied prod\/app: 2 backups copied/),
      ]);
      expect(await from.keys()).toEqual(before);
    }),
  ));
