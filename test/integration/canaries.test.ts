import { mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PrivateServer } from '../../core/postgres/server/private-server.ts';
import { withAwsServer } from '../support/aws/server.ts';
import { type Cli, openCli } from '../support/cli/run.ts';
import { secretArn, topicArn, useBundles, withDeployment } from '../support/lambda/deployment.ts';
import { serverTools, startServer } from '../support/postgres/programs.ts';
import { newestMajor, runSql } from '../support/postgres/servers.ts';
import { listProcesses } from '../support/process/list.ts';

/** No word of any message, name or file of this test; with what URLs, SQL, JSON and password files quote. */
const password = `canary's "p@ss" \\%2F/&#?:`;
const bare = 'canary';

let cli: Cli;
let server: PrivateServer;
let at: string;
beforeAll(async () => {
  cli = await openCli();
  server = await startServer({ major: newestMajor(), tcp: true, password });
  at = `127.0.0.1:${server.tcpParameters?.port}`;
  await runSql(server.parameters, 'create database shop');
  const shop = { ...server.parameters, database: 'shop' };
  for (const statement of [
    'create table orders as select 1 as id',
    `create role hashed login password 'canary of a role'`,
    `create role weak login password 'weak' createdb`,
    'create foreign data wrapper w',
    `create server s foreign data wrapper w options (api_key 'canary of a server')`,
    `create user mapping for hashed server s options ("user" 'u', password 'canary of a mapping')`,
    'create publication p',
    `create subscription sub connection 'host=127.0.0.1 port=1 password=''canary of a subscription'' dbname=x'
       publication p with (connect = false, enabled = false, slot_name = none)`,
    `create function told() returns text language plpgsql as $$ begin
       if current_database() <> 'shop' then
         raise exception 'could not connect with host=h password=canary' using detail = 'postgresql://u:canary@h/db';
       end if; return 'x'; end $$`,
    'create materialized view asks as select told()',
  ])
    await runSql(shop, statement);
});
afterAll(async () => {
  await server?.stop();
  await cli?.close();
});
useBundles();

/** One call: everything that anybody could read of it afterwards, and the arguments of its children meanwhile. */
async function seen(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  return await withAwsServer({ buckets: ['bucket'] }, async (aws) => {
    const { child, ended } = await cli.start(args, {
      env: { PGPROOF_DEBUG: '1', ...aws.environment, ...env },
    });
    const lines = new Set<string>();
    let isRunning = true;
    void ended.finally(() => {
      isRunning = false;
    });
    for (; isRunning; await sleep(15))
      // Between fork and exec a child shows its parent's arguments, which the user chose.
      for (const { pid, commandLine } of await listProcesses())
        if (pid !== child.pid && /pg_|psql/.test(commandLine) && !commandLine.includes('pgproof.js'))
          lines.add(commandLine);
    const { stdout, stderr } = await ended;
    const keys = aws.s3.keys('bucket').filter((key) => key.endsWith('.json'));
    const stored = await Promise.all(keys.map(async (key) => aws.s3.object('bucket', key)?.content()));
    return [stdout, stderr, ...lines, ...stored.map(String), JSON.stringify(aws.sns.messages)].join('\n');
  });
}

const alerts = ['--topic', topicArn, '--notify', 'all'];
const backup = (source: string | undefined, ...more: readonly string[]): string[] => [
  'backup',
  ...['--store', 's3://bucket/x', '--name', 'n', '--database', 'shop', ...alerts],
  ...(source === undefined ? [] : ['--source', source]),
  ...more,
];
const parts = (): Record<string, string> => ({
  PGHOST: '127.0.0.1',
  PGPORT: String(server.tcpParameters?.port),
  PGUSER: 'postgres',
});

async function file(name: string, content: string, mode = 0o600): Promise<string> {
  const path = join(await mkdtemp(join(cli.directory, 'f-')), name);
  await writeFile(path, content, { mode });
  return path;
}

/** A pg_dump that tells its whole environment before it fails. */
async function loudPrograms(): Promise<string> {
  const { directory } = await serverTools(newestMajor());
  const own = await mkdtemp(join(cli.directory, 'bin-'));
  for (const name of ['pg_dumpall', 'pg_restore', 'psql'])
    await symlink(join(directory, name), join(own, name));
  const script = `#!/bin/sh\ncase "$1" in --version) exec '${join(directory, 'pg_dump')}' "$@";; esac
    echo "pg_dump: error: loud: $(env)" >&2; echo "pg_dump: error: it is $PGPASSWORD" >&2; exit 1\n`;
  await writeFile(join(own, 'pg_dump'), script, { mode: 0o755 });
  return own;
}

let kept: Promise<string> | undefined;
/** A backup in a directory, made once for the rows that read or restore it. */
function keptBackup(): Promise<string> {
  kept ??= (async () => {
    const store = pathToFileURL(join(cli.directory, 'kept')).href;
    const source = `host=${server.parameters.host} port=${server.parameters.port} user=postgres`;
    const args = ['backup', '--store', store, '--name', 'n', '--database', 'shop', '--source', source];
    const { status, stderr } = await cli.run([...args, '--verify', 'none']);
    if (status !== 0) throw new Error(stderr);
    return store;
  })();
  return kept;
}

async function restoreAsWeak(...more: readonly string[]): Promise<string> {
  const store = await keptBackup();
  const to = `postgresql://weak:weak@${at}/again_${Math.random().toString(36).slice(2)}`;
  await runSql(server.parameters, `alter role weak password 'weak'`);
  return await seen(['restore', 'n/shop/latest', '--any', '--store', store, '--to', to, '--create', ...more]);
}

async function jsonFilesOf(store: string): Promise<string> {
  const directory = new URL(`${store}/`);
  const files = (await readdir(directory, { recursive: true })).filter((name) => name.endsWith('.json'));
  return (await Promise.all(files.map((name) => readFile(new URL(encodeURI(name), directory), 'utf8')))).join(
    '\n',
  );
}

/** The function with the secret, the event or the variables; its log, its answer, and what people were told. */
async function invoked(
  name: 'backup' | 'restore',
  options: {
    readonly event?: unknown;
    readonly secret?: string | Record<string, unknown>;
    readonly environment?: Record<string, string>;
  },
): Promise<string> {
  return await withDeployment({}, async (deployment) => {
    if (options.secret !== undefined) deployment.aws.secrets.set(secretArn, options.secret);
    return await deployment.withFunction(name, { environment: options.environment ?? {} }, async (lambda) => {
      const outcome = await lambda.invoke(options.event ?? {});
      const log = `${lambda.logs.stdout}${lambda.logs.stderr}${JSON.stringify(outcome)}`;
      return log + (await deployment.everything());
    });
  });
}

type Row = readonly [place: string, told: RegExp, see: () => Promise<string>];

const noUrl = /URL of the PostgreSQL server cannot be read/;
const rows: readonly Row[] = [
  ['a URL, unencoded @', noUrl, () => seen(backup(`postgresql://postgres:canary@p@${at}/shop`))],
  ['a URL, unencoded /', noUrl, () => seen(backup(`postgresql://postgres:12/canary@${at}/shop`))],
  ['a URL, the host cut short', /host is not the name/, () => seen(backup(`postgresql://canary%40x/shop`))],
  [
    '--to',
    noUrl,
    () => seen(['restore', 'n/shop/latest', '--store', 's3://bucket', '--to', 'postgresql://u:p@canary@h/d']),
  ],
  ['--store', /store URL takes no user/, () => seen(['list', '--store', 's3://key:se/canary@bucket/x'])],
  [
    '--endpoint',
    /S3 endpoint has a user/,
    () => seen(['list', '--store', 's3://bucket', '--endpoint', 'https://k:12/canary@h']),
  ],
  [
    'AWS_ENDPOINT_URL_S3',
    /S3 endpoint has a user/,
    () => seen(['list', '--store', 's3://bucket'], { AWS_ENDPOINT_URL_S3: 'https://k:canary@h' }),
  ],
  [
    'PGHOST',
    /host is not the name/,
    () => seen(backup(undefined), { ...parts(), PGHOST: 'postgresql://u:canary@h/d' }),
  ],
  [
    'PGDATABASE',
    /PGDATABASE holds a URL/,
    () => seen(backup(undefined), { ...parts(), PGDATABASE: 'postgres://u:canary@h/d' }),
  ],
  [
    'a backup id',
    /A backup id is malformed/,
    () => seen(['show', 'postgresql://u:canary@h/d', '--store', 's3://bucket']),
  ],
  [
    'a misspelt flag',
    /Unknown option/i,
    () => seen(['list', '--store', 's3://bucket', '--sorce=postgresql://u:can/canary@h/d']),
  ],
  ['sslpassword', /cannot honour/, () => seen(backup(`host=127.0.0.1 sslpassword=canary`))],
  [
    'an unquoted password',
    /parameter that libpq does not know/,
    () => seen(backup(`host=127.0.0.1 password=my canary=x`)),
  ],
  [
    'a service file',
    /service file is wrong/,
    async () => seen(backup('service=shop'), { PGSERVICEFILE: await file('s', '[shop]\npassword canary\n') }),
  ],
  [
    'a password file that others may read',
    /WARNING.*ignored/,
    async () => seen(backup(undefined), { ...parts(), PGPASSFILE: await file('p', '*:*:*:*:canary', 0o644) }),
  ],
  [
    'a wrong password in a URL',
    /did not accept the password/,
    () => seen(backup(`postgresql://postgres:canary@${at}/shop`)),
  ],
  [
    'a wrong PGPASSWORD',
    /did not accept the password/,
    () => seen(backup(undefined, '--json'), { ...parts(), PGPASSWORD: bare }),
  ],
  [
    'a host that nobody knows',
    /not known to the name service/,
    () => seen(backup(`postgresql://u:canary@nowhere.invalid/shop`)),
  ],
  ['a connection refused', /Nothing answers/, () => seen(backup(`postgresql://u:canary@127.0.0.1:1/shop`))],
  [
    'TLS refused',
    /does not offer TLS/,
    () => seen(backup(`postgresql://u:canary@${at}/shop?sslmode=require`)),
  ],
  [
    'PGPASSWORD of a good backup',
    /n\/shop\//,
    () => seen(backup(undefined), { ...parts(), PGPASSWORD: password }),
  ],
  [
    'a password file of a good backup',
    /n\/shop\//,
    async () =>
      seen(backup(undefined), {
        ...parts(),
        PGPASSFILE: await file('p', `*:*:*:postgres:${password.replace(/[\\:]/g, '\\$&')}`),
      }),
  ],
  [
    'a URL of a good backup',
    /n\/shop\//,
    () => seen(backup(`postgresql://postgres:${encodeURIComponent(password)}@${at}/shop`)),
  ],
  [
    'what pg_dump says, and its environment',
    /loud/,
    async () =>
      invoked('backup', {
        secret: { username: 'postgres', password, host: '127.0.0.1', port: server.tcpParameters?.port },
        environment: {
          PGPROOF_PG_BIN: await loudPrograms(),
          PGPROOF_DATABASES: '["shop"]',
          AWS_SECRET_ACCESS_KEY: bare,
          AWS_SESSION_TOKEN: bare,
        },
      }),
  ],
  [
    'credentials of a store that refuses them',
    /S3|bucket/,
    () => seen(['list', '--store', 's3://other'], { AWS_SECRET_ACCESS_KEY: bare, AWS_SESSION_TOKEN: bare }),
  ],
  ['manifest and summary', /"rolePasswords": ?true/, async () => jsonFilesOf(await keptBackup())],
  ['list --json', /n\/shop/, async () => seen(['list', '--json', '--store', await keptBackup()])],
  [
    'a verification by restore',
    /asks/,
    async () => {
      const store = await keptBackup();
      return (
        (await seen(['verify', 'n/shop/latest', '--level', 'restore', '--store', store, ...alerts])) +
        (await jsonFilesOf(store))
      );
    },
  ],
  [
    'statements that a restore lists',
    /USER MAPPING[\s\S]*SUBSCRIPTION|SUBSCRIPTION[\s\S]*USER MAPPING/,
    () => restoreAsWeak('--keep-going', '--json'),
  ],
  ['statements that a restore tells', /WRAPPER/, () => restoreAsWeak('--keep-going')],
  [
    'hashes of roles that cannot be made',
    /ROLE/,
    () => restoreAsWeak('--globals', 'apply', '--keep-going', '--json'),
  ],
  ['an event with a key too much', /BadSettings/, () => invoked('backup', { event: { password: bare } })],
  [
    'the host in an event',
    /target\.host/,
    () =>
      invoked('restore', {
        event: { backup: 'shop/a/latest', target: { host: 'postgresql://u:canary@h', database: 'd' } },
      }),
  ],
  ['a secret that is no JSON', /not JSON/, () => invoked('backup', { secret: bare })],
  [
    'the host in a secret',
    /missing or wrong: host/,
    () => invoked('backup', { secret: { username: 'u', password: bare, host: 'u:canary@h' } }),
  ],
  [
    'a wrong password in a secret',
    /did not accept|no such/i,
    () =>
      invoked('backup', {
        secret: { username: 'postgres', password: bare, host: '127.0.0.1', port: server.tcpParameters?.port },
      }),
  ],
  [
    'a host in a secret that nobody knows',
    /not known to the name service/,
    () => invoked('backup', { secret: { username: 'u', password: bare, host: 'nowhere.invalid' } }),
  ],
  ['PGPROOF_HOST', /PGPROOF_HOST/, () => invoked('backup', { environment: { PGPROOF_HOST: 'u:canary@h' } })],
  [
    'PGPROOF_STORE',
    /PGPROOF_STORE/,
    () => invoked('backup', { environment: { PGPROOF_STORE: 's3://k:se/canary@bucket' } }),
  ],
];

test.each(rows)('a password in %s is seen nowhere', async (_, told, see) => {
  const everything = await see();
  // What was to happen did happen: nothing at all would hold no password either.
  expect(everything).toMatch(told);
  expect(everything).not.toContain('canary');
  expect(everything).not.toContain('p@ss');
  expect(everything).not.toContain('p%40ss');
  expect(everything).not.toContain(Buffer.from(bare).toString('base64').slice(0, -2));
});
