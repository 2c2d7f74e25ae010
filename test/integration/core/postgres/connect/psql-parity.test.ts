import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { childEnvironment } from '../../../../../core/postgres/connect/child-environment.ts';
import { disconnect, withConnection } from '../../../../../core/postgres/connect/connect.ts';
import { connectFirst } from '../../../../../core/postgres/connect/connect-first.ts';
import type { ConnectionParameters } from '../../../../../core/postgres/connect/parameters.ts';
import { quoteConninfo } from '../../../../../core/postgres/libpq/conninfo.ts';
import { resolveConnection } from '../../../../../core/postgres/libpq/resolve-connection.ts';
import { urlSource } from '../../../../../core/source/url-source.ts';
import type { TlsMode } from '../../../../../core/vocabulary.ts';
import { type ConnectServer, startConnectServer } from '../../../../support/postgres/connect-server.ts';
import { verificationTools } from '../../../../support/postgres/programs.ts';
import { fixture } from '../../../../support/postgres/tls-fixtures.ts';

const run = promisify(execFile);
const password = "s3:cr\\et'ä";
const oddDatabase = 'host=evil dbname=x';
let server: ConnectServer;
let psql: string;
let home: string;

const question = `select json_build_object(
  'user', current_user, 'database', current_database(),
  'address', coalesce(host(inet_server_addr()), 'socket'), 'port', coalesce(inet_server_port(), 0),
  'encrypted', (select ssl from pg_stat_ssl where pid = pg_backend_pid()),
  'work_mem', current_setting('work_mem')) as answer`;

/** What real psql reaches with the same words, or `refused`. */
async function asPsql(args: readonly string[], env: Record<string, string>): Promise<unknown> {
  try {
    const { stdout } = await run(psql, ['-X', '-w', '-A', '-t', '-c', question, ...args], {
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', ...env },
    });
    return JSON.parse(stdout);
  } catch (error: unknown) {
    if (error instanceof SyntaxError) throw error;
    return 'refused';
  }
}

async function asPgproof(text: string | undefined, env: Record<string, string>): Promise<unknown> {
  let found: Awaited<ReturnType<typeof connectFirst>>;
  try {
    found = await connectFirst(resolveConnection(text, { env, home, warn: () => undefined }));
  } catch {
    return 'refused';
  }
  try {
    return (await found.client.query<{ answer: unknown }>(question)).rows[0]?.answer;
  } finally {
    await disconnect(found.client);
  }
}

beforeAll(async () => {
  server = await startConnectServer();
  psql = join((await verificationTools(server.major)).client.directory, 'psql');
  await withConnection(server.admin, {}, async (client) => {
    for (const role of ['someone', 'trusted', 'tlsonly', 'plainonly', userInfo().username]) {
      const name = client.escapeIdentifier(role);
      if (role !== 'postgres') await client.query(`create role ${name} login`);
      await client.query(`alter role ${name} password ${client.escapeLiteral(password)}`);
    }
    for (const database of [oddDatabase, 'a b', 'trusted', 'someone']) {
      await client.query(`create database ${client.escapeIdentifier(database)}`);
    }
  });
  home = join(server.directory, 'home');
  await mkdir(join(home, '.postgresql'), { recursive: true });
  const secret = password.replace(/[\\:]/g, '\\$&');
  const entries = [
    `elsewhere:*:*:*:wrong`,
    `localhost:${server.port}:*:someone:${secret}`,
    `127.0.0.1:*:a b:someone:${secret}`,
    `${server.admin.host}:*:*:someone:${secret}`,
  ];
  await writeFile(join(home, '.pgpass'), `# comment\n${entries.join('\n')}\n`, { mode: 0o600 });
  const services = [
    `[tcp]\nhost=localhost\nport=${server.port}\nuser=trusted\ndbname=postgres\noptions=-c work_mem=6MB`,
    `[odd]\nhost=127.0.0.1\nport=${server.port}\nuser=trusted\ndbname=${oddDatabase}\nsslmode=disable`,
  ];
  await writeFile(join(home, '.pg_service.conf'), services.join('\n'));
});

afterAll(() => server?.stop());

describe('the same words reach the same place', () => {
  const cases: readonly [string, string | undefined, Record<string, string>, 'answered' | 'refused'][] = [
    ['a URL', 'postgresql://trusted@localhost:PORT/postgres', {}, 'answered'],
    ['a URL without a database', 'postgresql://trusted@localhost:PORT', {}, 'answered'],
    [
      'a URL with a password',
      'postgresql://someone:s3%3Acr%5Cet%27%C3%A4@localhost:PORT/postgres',
      {},
      'answered',
    ],
    ['a wrong password', 'postgresql://someone:wrong@localhost:PORT/postgres', {}, 'refused'],
    ['an encoded database', 'postgresql://trusted@localhost:PORT/host%3Devil%20dbname%3Dx', {}, 'answered'],
    ['an address', 'postgresql://trusted@127.0.0.1:PORT/a%20b?sslmode=disable', {}, 'answered'],
    ['a socket in the query', 'postgresql:///postgres?host=SOCKET&port=PORT&user=postgres', {}, 'answered'],
    ['an encoded socket', 'postgresql://postgres@SOCKET-ENCODED:PORT/', {}, 'answered'],
    [
      'two hosts, the first closed',
      'postgresql://trusted@localhost:1,localhost:PORT/postgres',
      {},
      'answered',
    ],
    [
      'a standby that is none',
      'postgresql://trusted@localhost:PORT/postgres?target_session_attrs=standby',
      {},
      'refused',
    ],
    ['JDBC ssl', 'postgresql://trusted@localhost:PORT/postgres?ssl=true', {}, 'answered'],
    ['options', 'postgresql://trusted@localhost:PORT/postgres?options=-c%20work_mem%3D5MB', {}, 'answered'],
    ['pairs', "host=localhost port=PORT user = trusted dbname='a b'", {}, 'answered'],
    [
      'pairs with escapes',
      String.raw`host=localhost port=PORT user=trusted dbname=host\=evil\ dbname\=x`,
      {},
      'answered',
    ],
    ['hostaddr', 'host=db.invalid hostaddr=127.0.0.1 port=PORT user=trusted dbname=postgres', {}, 'answered'],
    ['an unknown keyword', 'host=localhost port=PORT user=trusted nonsense=1', {}, 'refused'],
    ['a bare name', 'a b', { PGHOST: 'localhost', PGPORT: 'PORT', PGUSER: 'trusted' }, 'answered'],
    [
      'the environment',
      undefined,
      { PGHOST: 'localhost', PGPORT: 'PORT', PGUSER: 'trusted', PGDATABASE: oddDatabase },
      'answered',
    ],
    [
      'the system user',
      'postgresql:///postgres',
      { PGHOST: 'localhost', PGPORT: 'PORT', PGPASSWORD: password },
      'answered',
    ],
    [
      'PGOPTIONS',
      'dbname=postgres',
      { PGHOST: 'localhost', PGPORT: 'PORT', PGUSER: 'trusted', PGOPTIONS: '-c work_mem=8MB' },
      'answered',
    ],
    ['PGPASSWORD', 'postgresql://someone@localhost:PORT/', { PGPASSWORD: password }, 'answered'],
    ['the password file', 'postgresql://someone@localhost:PORT/', {}, 'answered'],
    ['the password file, by database', 'postgresql://someone@127.0.0.1:PORT/a%20b', {}, 'answered'],
    ['the password file, wrong database', 'postgresql://someone@127.0.0.1:PORT/postgres', {}, 'refused'],
    ['the password file, a socket', 'postgresql://someone@SOCKET-ENCODED:PORT/', {}, 'answered'],
    [
      'a password file that others may read',
      'postgresql://someone@localhost:PORT/',
      { PGPASSFILE: 'OPEN' },
      'refused',
    ],
    ['a service', 'service=tcp', {}, 'answered'],
    ['a service from the environment', undefined, { PGSERVICE: 'odd' }, 'answered'],
    ['a service and a word', 'service=tcp dbname=trusted', {}, 'answered'],
    [
      'a service over the environment',
      'service=odd',
      { PGDATABASE: 'postgres', PGSSLMODE: 'require' },
      'answered',
    ],
    ['a service that is not there', 'service=absent', {}, 'refused'],
    [
      'PGSSLMODE',
      'postgresql://tlsonly@localhost:PORT/postgres',
      { PGPASSWORD: password, PGSSLMODE: 'disable' },
      'refused',
    ],
    [
      'prefer falls back',
      'postgresql://plainonly@localhost:PORT/postgres',
      { PGPASSWORD: password },
      'answered',
    ],
    [
      'allow goes up',
      'postgresql://tlsonly@localhost:PORT/postgres?sslmode=allow',
      { PGPASSWORD: password },
      'answered',
    ],
  ];

  const fill = (text: string): string =>
    text
      .replaceAll('PORT', String(server.port))
      .replaceAll('SOCKET-ENCODED', encodeURIComponent(server.admin.host))
      .replaceAll('SOCKET', server.admin.host)
      .replaceAll('OPEN', join(home, 'open-pgpass'));

  beforeAll(async () => {
    await writeFile(join(home, 'open-pgpass'), `*:*:*:*:${password.replace(/[\\:]/g, '\\$&')}`);
    await chmod(join(home, 'open-pgpass'), 0o644);
  });

  test.each(cases)('%s', async (_title, words, variables, expected) => {
    const text = words === undefined ? undefined : fill(words);
    const env: Record<string, string> = { HOME: home };
    for (const [name, value] of Object.entries(variables))
      env[name] = name === 'PGSERVICE' ? value : fill(value);
    const theirs = await asPsql(text === undefined ? [] : [`--dbname=${text}`], env);
    expect(theirs === 'refused' ? 'refused' : 'answered').toBe(expected);
    expect(await asPgproof(text, env)).toEqual(theirs);
  });
});

describe('programs with the environment that childEnvironment makes agree with connect', () => {
  const base = (): ConnectionParameters => ({
    host: 'localhost',
    port: server.port,
    user: 'someone',
    password,
    database: 'postgres',
    connectTimeoutSeconds: 10,
    options: '-c work_mem=7MB',
    tls: { mode: 'prefer' },
  });

  async function both(parameters: ConnectionParameters): Promise<{ ours: unknown; theirs: unknown }> {
    const theirs = await asPsql(
      [`--dbname=${quoteConninfo(parameters.database)}`],
      childEnvironment(parameters),
    );
    const ours = await withConnection(parameters, {}, async (client) => {
      return (await client.query<{ answer: unknown }>(question)).rows[0]?.answer;
    }).catch(() => 'refused');
    return { ours, theirs };
  }

  const modes: readonly [TlsMode, string | undefined][] = [
    ['disable', undefined],
    ['allow', undefined],
    ['prefer', undefined],
    ['prefer', 'other-authority.pem'],
    ['require', undefined],
    ['require', 'other-authority.pem'],
    ['verify-ca', undefined],
    ['verify-ca', 'authority.pem'],
    ['verify-full', 'authority.pem'],
    ['verify-full', 'other-authority.pem'],
  ];
  test.each(modes)('%s, authorities: %s', async (mode, file) => {
    const tls = { mode, rootCert: file === undefined ? undefined : fixture(file) };
    const { ours, theirs } = await both({ ...base(), tls });
    expect(ours).toEqual(theirs);
  });

  test('the name in the certificate, by host and by address', async () => {
    const tls = { mode: 'verify-full', rootCert: fixture('authority.pem') } as const;
    for (const host of ['localhost', 'db.invalid']) {
      const { ours, theirs } = await both({ ...base(), host, hostAddress: '127.0.0.1', tls });
      expect(ours === 'refused').toBe(host === 'db.invalid');
      expect(ours).toEqual(theirs);
    }
  });

  test('channel binding', async () => {
    const tls = { mode: 'require', requireChannelBinding: true } as const;
    expect(await both({ ...base(), tls })).toMatchObject({
      ours: { encrypted: true },
      theirs: { encrypted: true },
    });
    expect(await both({ ...base(), user: 'trusted', tls })).toEqual({ ours: 'refused', theirs: 'refused' });
  });

  test('a database with an evil name', async () => {
    const { ours, theirs } = await both({ ...base(), database: oddDatabase });
    expect(theirs).toMatchObject({ database: oddDatabase, work_mem: '7MB' });
    expect(ours).toEqual(theirs);
  });
});

describe('urlSource', () => {
  test('settles on the host that answers', async () => {
    const text = `postgresql://trusted@localhost:1,localhost:${server.port}/postgres`;
    const source = urlSource({ name: 'shop', text, env: {}, home });
    expect(source.name).toBe('shop');
    expect(await source.resolve()).toMatchObject({ host: 'localhost', port: server.port, user: 'trusted' });
  });

  test('does not connect where there is nothing to choose', async () => {
    const source = urlSource({ name: 'shop', text: 'host=db.invalid user=me', env: {}, home });
    expect(await source.resolve()).toMatchObject({ host: 'db.invalid', database: 'me' });
  });
});
