import { chmod, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PrivateServer } from '../../../core/postgres/server/private-server.ts';
import { withAwsServer } from '../../support/aws/server.ts';
import { type Cli, openCli } from '../../support/cli/run.ts';
import { withFileStore } from '../../support/cli/stores.ts';
import { startServer } from '../../support/postgres/programs.ts';
import { newestMajor, runSql } from '../../support/postgres/servers.ts';
import { listProcesses } from '../../support/process/list.ts';

/** Everything in it that some format quotes: URLs, connection strings, password files, JSON. */
const password = `canary's "p@ss:wörd" \\%2F/& #?`;
const topic = 'arn:aws:sns:us-east-1:123456789012:alerts';

let cli: Cli;
let server: PrivateServer;
let address: { host: string; port: number };
beforeAll(async () => {
  cli = await openCli();
  server = await startServer({ major: newestMajor(), tcp: true, password });
  address = { host: '127.0.0.1', port: server.tcpParameters?.port ?? 0 };
  await runSql(server.parameters, 'create database shop');
  const rows = `create table rows as
    select i, string_agg(md5((i * 50 + j)::text), '') from generate_series(1, 8000) i, generate_series(1, 50) j group by i`;
  await runSql({ ...server.parameters, database: 'shop' }, rows);
});
afterAll(async () => {
  await server?.stop();
  await cli?.close();
});

/** The password, and whatever part of it would be left over by a format that did not quote it. */
function expectNoSecret(text: string): void {
  expect(text).not.toContain('canary');
  expect(text).not.toContain('p@ss');
  expect(text).not.toContain('p%40ss');
}

type Way = { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> };

/** The ways in which libpq takes a password. */
const ways: readonly (readonly [string, (secret: string) => Promise<Way>])[] = [
  [
    'a URL',
    async (secret) => {
      const { host, port } = address;
      return { args: [`postgresql://postgres:${encodeURIComponent(secret)}@${host}:${port}/shop`], env: {} };
    },
  ],
  [
    'a connection string',
    async (secret) => {
      const quoted = secret.replace(/[\\']/g, '\\$&');
      const { host, port } = address;
      return { args: [`host=${host} port=${port} user=postgres dbname=shop password='${quoted}'`], env: {} };
    },
  ],
  ['PGPASSWORD', async (secret) => ({ args: [], env: { ...fromEnvironment(), PGPASSWORD: secret } })],
  [
    'a password file',
    async (secret) => {
      const line = `*:*:*:postgres:${secret.replace(/[\\:]/g, '\\$&')}\n`;
      return { args: [], env: { ...fromEnvironment(), PGPASSFILE: await secretFile('pgpass', line) } };
    },
  ],
  [
    'a service file',
    async (secret) => {
      const { host, port } = address;
      const lines = [
        '[shop]',
        `host=${host}`,
        `port=${port}`,
        'user=postgres',
        'dbname=shop',
        `password=${secret}`,
      ];
      const PGSERVICEFILE = await secretFile('services', `${lines.join('\n')}\n`);
      return { args: ['service=shop'], env: { PGSERVICEFILE } };
    },
  ],
];

function fromEnvironment(): Record<string, string> {
  return { PGHOST: address.host, PGPORT: String(address.port), PGUSER: 'postgres', PGDATABASE: 'shop' };
}

async function secretFile(name: string, content: string): Promise<string> {
  const path = join(await mkdtemp(join(cli.directory, 'secret-')), name);
  await writeFile(path, content, { mode: 0o600 });
  return path;
}

describe.each(ways)('a password by %s', (_, way) => {
  test('works, and is seen nowhere', async () => {
    await withAwsServer({}, async (aws) => {
      await withFileStore(async ({ url, directory }) => {
        const { args, env } = await way(password);
        const { child, ended } = await cli.start(
          [
            'backup',
            '--store',
            url,
            '--name',
            's',
            '--database',
            'shop',
            '--compress',
            'gzip:9',
            '--topic',
            topic,
            '--notify',
            'all',
            ...args.flatMap((source) => ['--source', source]),
          ],
          { env: { ...aws.environment, ...env, PGPROOF_DEBUG: '1' } },
        );
        const seen = new Set<string>();
        let isRunning = true;
        void ended.finally(() => {
          isRunning = false;
        });
        while (isRunning)
          // Between fork and exec a child shows its parent's arguments, which the user chose.
          for (const { pid, commandLine } of await listProcesses())
            if (
              pid !== child.pid &&
              /pg_dump|pg_restore/.test(commandLine) &&
              !commandLine.includes('pgproof.js')
            )
              seen.add(commandLine);
        const { status, stdout, stderr } = await ended;
        expect(status).toBe(0);
        expect([...seen].filter((line) => line.includes("dbname='shop'"))).not.toEqual([]);
        expectNoSecret([...seen].join('\n'));
        expectNoSecret(stdout + stderr);
        const files = (await readdir(directory, { recursive: true })).filter((file) =>
          /json$|sql$/.test(file),
        );
        expect(files).toHaveLength(4);
        for (const file of files) expectNoSecret(await readFile(join(directory, file), 'utf8'));
        expect(aws.sns.messages).toHaveLength(1);
        expectNoSecret(JSON.stringify(aws.sns.messages));
      });
    });
  });

  test('is not repeated when it is wrong', async () => {
    await withAwsServer({}, async (aws) => {
      await withFileStore(async ({ url, keys }) => {
        const { args, env } = await way(`${password} no`);
        const { status, stdout, stderr } = await cli.run(
          [
            'backup',
            '--store',
            url,
            '--topic',
            topic,
            '--json',
            ...args.flatMap((source) => ['--source', source]),
          ],
          { env: { ...aws.environment, ...env, PGPROOF_DEBUG: '1' } },
        );
        expect(status).toBe(1);
        expect(stderr).toContain('did not accept the password');
        expectNoSecret(stdout + stderr);
        expect(aws.sns.messages).toHaveLength(1);
        expectNoSecret(JSON.stringify(aws.sns.messages));
        expect(await keys()).toEqual([]);
      });
    });
  });
});

test('a password file that others may read is ignored, and said so once', async () => {
  await withFileStore(async ({ url }) => {
    const path = await secretFile('pgpass', '*:*:*:*:canary\n');
    await chmod(path, 0o644);
    const env = { ...fromEnvironment(), PGPASSFILE: path };
    const { status, stderr } = await cli.run(['backup', '--store', url], { env });
    expect(status).toBe(1);
    expect(stderr.match(/WARNING/g)).toHaveLength(1);
    expect(stderr).toContain('wants a password');
    expectNoSecret(stderr);
  });
});
