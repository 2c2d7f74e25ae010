import { chmod, mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withAwsServer } from '../../support/aws/server.ts';
import { type Cli, type CliResult, openCli, type StartedCli } from '../../support/cli/run.ts';
import { type CliStore, s3Store, storeKinds, withFileStore, withStore } from '../../support/cli/stores.ts';
import {
  newestMajor,
  sharedServer,
  uniqueName,
  withClient,
  withDatabase,
} from '../../support/postgres/servers.ts';
import { listProcesses } from '../../support/process/list.ts';

/** Seconds of work for gzip at its highest level. */
const big = `create table noise as
  select i, (select string_agg(encode(sha512(int8send(i * 1000::bigint + j)), 'hex'), '')
    from generate_series(1, 13) j) as hex from generate_series(1, 40000) i`;

type Databases = { readonly source: string; readonly small: string; readonly big: string };

let cli: Cli;
let databases: Databases;
let dropDatabases: () => void;
let dropped: Promise<unknown>;

// Only read here, so that one of each will do for all tests.
beforeAll(async () => {
  cli = await openCli();
  const held = new Promise<void>((resolve) => {
    dropDatabases = resolve;
  });
  await new Promise<void>((resolve, reject) => {
    dropped = withDatabase(newestMajor(), { name: uniqueName('small') }, ({ url, name: small }) =>
      withDatabase(newestMajor(), { name: uniqueName('big'), sql: big }, async ({ name }) => {
        databases = { source: url, small, big: name };
        resolve();
        await held;
      }),
    );
    dropped.catch(reject);
  });
});
afterAll(async () => {
  dropDatabases();
  await dropped;
  await cli?.close();
});

/** A backup of the small database and then of the big one, under way with the latter. */
async function startBackup(
  { url, env }: CliStore,
  { source, small, big: name }: Databases,
  args: readonly string[],
): Promise<StartedCli> {
  const which = ['--database', small, '--database', name, '--compress', 'gzip:9'];
  const flags = ['--source', source, '--name', 's', '--store', url, ...which, ...args];
  const started = await cli.start(['backup', ...flags], { env });
  await started.says(`✓ ${small}: `);
  await until(async () => (await dumpsOf(name)).length > 0);
  // From here on it is known to write: pg_dump reads for a while before it does.
  await wait(500);
  return started;
}

async function dumpsOf(database: string): Promise<string[]> {
  const all = (await listProcesses()).map(({ commandLine }) => commandLine);
  return all.filter((line) => /\bpg_dump\b/.test(line) && line.includes(`dbname='${database}'`));
}

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await wait(20);
}

function expectStopped({ stdout, stderr, leftovers }: CliResult, { small, big: name }: Databases): void {
  expect(leftovers).toEqual([]);
  expect(stderr).toContain(`✗ ${name}: interrupted`);
  expect(stderr.match(/^pgproof: /gm)).toHaveLength(1);
  expect(stdout).toMatch(new RegExp(`^${small} .*intact`, 'm'));
  expect(stdout).toMatch(new RegExp(`^${name} .*interrupted$`, 'm'));
}

describe.each(storeKinds)('a dump into a %s store', (kind) => {
  test.each([
    ['SIGINT', 130, ['--format', 'custom']],
    ['SIGTERM', 143, ['--format', 'directory', '--jobs', '2']],
  ] as const)(
    '%s ends it with exit status %d and leaves nothing of it',
    async (signal, status, args) => {
      await withStore(kind, async (store) => {
        const { child, ended } = await startBackup(store, databases, args);
        expect((await dumpsOf(databases.big)).length).toBeGreaterThan(0);
        const before = Date.now();
        child.kill(signal);
        const result = await ended;
        // At once: the grace of five seconds is for a pg_dump that does not listen.
        expect(Date.now() - before).toBeLessThan(4_000);
        expect(result.status).toBe(status);
        expect(result.stderr).toContain(`The run was interrupted (${signal})`);
        expectStopped(result, databases);
        const keys = await store.keys();
        expect(keys.filter((key) => !key.startsWith(`s/${databases.small}/`))).toEqual([]);
        expect(keys.filter((key) => key.endsWith('manifest.json'))).toHaveLength(1);
        expect(store.openUploads()).toBe(0);
        expect(await dumpsOf(databases.big)).toEqual([]);
      });
    },
    120_000,
  );
});

test('an upload that hangs is left at once, and aborted', async () => {
  await withAwsServer({ buckets: ['bucket'] }, async (aws) => {
    const store = s3Store(aws);
    const { child, ended } = await startBackup(store, databases, []);
    const parts = aws.s3.calls('UploadPart');
    aws.s3.misbehave({ operation: 'UploadPart', action: 'stall', times: 100 });
    await until(async () => aws.s3.calls('UploadPart') > parts);
    expect(store.openUploads()).toBe(1);
    child.kill('SIGINT');
    const result = await ended;
    expect(result.status).toBe(130);
    expectStopped(result, databases);
    expect(store.openUploads()).toBe(0);
    expect((await store.keys()).filter((key) => !key.startsWith(`s/${databases.small}/`))).toEqual([]);
  });
}, 120_000);

test('a verification that is interrupted leaves the verdict that was there', async () => {
  await withDatabase(
    newestMajor(),
    { sql: 'create table t as select 1 as i' },
    async ({ url: source, name }) => {
      await withAwsServer({ buckets: ['bucket'] }, async (aws) => {
        const { url, env } = s3Store(aws);
        const flags = ['--source', source, '--store', url, '--name', 's', '--database', name];
        expect(await cli.run(['backup', ...flags], { env })).toMatchObject({ status: 0 });
        const verification = aws.s3.keys('bucket').find((key) => key.endsWith('/verification.json')) ?? '';
        const before = await aws.s3.object('bucket', verification)?.content();
        expect(before?.toString()).toContain('intact');

        const reads = aws.s3.calls('GetObject');
        // The manifest is read, then the archive.
        aws.s3.misbehave({ operation: 'GetObject', action: 'stall', skip: 1, times: 100 });
        const { child, ended } = await cli.start(['verify', `s/${name}/latest`, '--store', url], { env });
        await until(async () => aws.s3.calls('GetObject') >= reads + 2);
        child.kill('SIGINT');
        const { status, stdout, stderr, leftovers } = await ended;
        expect({ status, stdout, leftovers }).toEqual({ status: 130, stdout: '', leftovers: [] });
        expect(stderr).toMatch(/^pgproof: The run was interrupted \(SIGINT\)/);
        expect(await aws.s3.object('bucket', verification)?.content()).toEqual(before);
      });
    },
  );
});

test('a listing that hangs can be left', async () => {
  await withAwsServer({ buckets: ['bucket'] }, async (aws) => {
    const { url, env } = s3Store(aws);
    aws.s3.misbehave({ operation: 'ListObjectsV2', action: 'stall', times: 100 });
    const { child, ended } = await cli.start(['list', '--store', url, '--json'], { env });
    await until(async () => aws.s3.calls('ListObjectsV2') > 0);
    child.kill('SIGINT');
    const { status, stdout } = await ended;
    expect(status).toBe(130);
    expect(JSON.parse(stdout)).toMatchObject({ error: { name: 'Interrupted' } });
  });
});

test('whoever reads its messages may leave early: the backup is finished all the same', async () => {
  await withDatabase(
    newestMajor(),
    { sql: 'create table t as select 1 as i' },
    async ({ url: source, name }) => {
      await withFileStore(async ({ url, keys }) => {
        const flags = ['--source', source, '--store', url, '--database', name];
        const { child, ended } = await cli.start(['backup', ...flags]);
        child.stdout?.destroy();
        child.stderr?.destroy();
        expect((await ended).status).toBe(0);
        expect(await keys()).toHaveLength(6);
        const listing = await cli.start(['list', '--store', url]);
        listing.child.stdout?.destroy();
        expect(await listing.ended).toMatchObject({ status: 0, stderr: '' });
      });
    },
  );
});

describe('SIGKILL, after which no code of the command runs any more', () => {
  test.each([
    ['custom', []],
    ['plain', []],
    ['tar', ['--compress', 'none']],
    ['directory', ['--jobs', '2']],
  ] as const)('leaves neither pg_dump nor a file of it, in the %s format', async (format, more) => {
    await withFileStore(async (store) => {
      const temporary = await mkdtemp(join(cli.directory, 'killed-'));
      const env = { ...store.env, TMPDIR: temporary };
      const args = ['--format', format, ...more];
      // A tar is not compressed: without a lock it would be written before it could be killed.
      await whileLocked(format === 'tar', async () => {
        const { child, ended } = await startBackup({ ...store, env }, databases, args);
        expect((await dumpsOf(databases.big)).length).toBeGreaterThan(0);
        if (format === 'directory') expect(await readdir(temporary)).not.toEqual([]);
        child.kill('SIGKILL');
        expect((await ended).signal).toBe('SIGKILL');
      });
      await until(async () => (await dumpsOf(databases.big)).length === 0);
      await until(async () => (await readdir(temporary)).length === 0);
      const files = async (): Promise<string[]> => readdir(fileURLToPath(store.url), { recursive: true });
      await until(async () => (await files()).every((name) => !name.endsWith('.partial')));
      const [listed] = JSON.parse((await cli.run(['list', '--store', store.url, '--json'])).stdout) as {
        readonly id: string;
      }[];
      expect(listed?.id).toContain(databases.small);
    });
  });

  test('leaves neither the private server nor a file of it, when a backup is verified by a restore', async () => {
    await withFileStore(async (store) => {
      const temporary = await mkdtemp(join(cli.directory, 'killed-'));
      await chmod(cli.directory, 0o755);
      await chmod(temporary, 0o755);
      const which = ['--source', databases.source, '--name', 's', '--database', databases.big];
      const made = await cli.run(['backup', ...which, '--store', store.url, '--verify', 'none']);
      expect(made.status).toBe(0);
      const { child, ended } = await cli.start(
        [
          'verify',
          `s/${databases.big}/latest`,
          '--store',
          store.url,
          '--level',
          'restore',
          '--scratch',
          temporary,
        ],
        { env: { TMPDIR: temporary } },
      );
      await until(async () => (await processesOf(temporary)).some((line) => line.includes('pg_restore')));
      child.kill('SIGKILL');
      expect((await ended).signal).toBe('SIGKILL');
      await until(async () => (await processesOf(temporary)).length === 0);
      await until(async () => (await readdir(temporary)).length === 0);
    });
  });
});

/** Holds pg_dump of the big database where it locks its tables. */
async function whileLocked(isLocked: boolean, use: () => Promise<void>): Promise<void> {
  if (!isLocked) return await use();
  const { parameters } = await sharedServer(newestMajor());
  await withClient({ ...parameters, database: databases.big }, async (client) => {
    await client.query('begin; lock table noise in access exclusive mode');
    await use();
  });
}

/** Programs that have to do with the directory: its server, and pg_restore reading from it. */
async function processesOf(directory: string): Promise<string[]> {
  const all = (await listProcesses()).map(({ commandLine }) => commandLine);
  return all.filter((line) => line.includes(directory) && !/^\S*node /.test(line));
}
