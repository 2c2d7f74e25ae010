import { chmod, copyFile } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, disconnect, withConnection } from '../../../../../core/postgres/connect/connect.ts';
import { connectFirst } from '../../../../../core/postgres/connect/connect-first.ts';
import { ConnectionFailed } from '../../../../../core/postgres/connect/connection-failed.ts';
import type { ConnectionParameters } from '../../../../../core/postgres/connect/parameters.ts';
import type { TlsMode } from '../../../../../core/vocabulary.ts';
import {
  type ConnectServer,
  freePort,
  startConnectServer,
} from '../../../../support/postgres/connect-server.ts';
import { fixture } from '../../../../support/postgres/tls-fixtures.ts';

const canary = 'cänary-p@ss/w:rd';
let server: ConnectServer;

type Changes = Partial<Omit<ConnectionParameters, 'tls'>> & {
  readonly tls?: Partial<ConnectionParameters['tls']>;
};

function parameters({ tls, ...rest }: Changes = {}): ConnectionParameters {
  return {
    host: 'localhost',
    port: server.port,
    user: 'someone',
    password: canary,
    database: 'postgres',
    connectTimeoutSeconds: 10,
    tls: { mode: 'prefer', ...tls },
    ...rest,
  };
}

function run(sql: string): Promise<unknown> {
  return withConnection(server.admin, {}, (client) => client.query(sql));
}

/** Connects and says whether the connection is encrypted. */
function encrypted(changes: Changes = {}): Promise<boolean> {
  return withConnection(parameters(changes), {}, async (client) => {
    const { rows } = await client.query<{ ssl: boolean }>(
      'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
    );
    return rows[0]?.ssl ?? false;
  });
}

/** The failure of a connection, after checking that the password is nowhere in it. */
async function failure(changes: Changes = {}): Promise<ConnectionFailed> {
  const error: unknown = await encrypted(changes).then(
    () => new Error('it connected'),
    (thrown: unknown) => thrown,
  );
  const everything = `${inspect(error, { depth: 10, showHidden: true })} ${JSON.stringify(error)}`;
  expect(everything).not.toContain(canary);
  expect(everything).not.toContain(encodeURIComponent(canary));
  if (!(error instanceof ConnectionFailed)) throw error;
  return error;
}

beforeAll(async () => {
  server = await startConnectServer();
  const roles = [
    'someone',
    'trusted',
    'turnedaway',
    'tlsonly',
    'plainonly',
    'certified',
    'cleartext',
    '"Rolle ä"',
  ];
  for (const role of roles) await run(`create role ${role} login password '${canary}'`);
  await run(`set password_encryption = 'md5'; create role md5 login password '${canary}'`);
  await run(`create role crowded login password '${canary}' connection limit 0`);
  await run(`create role locked nologin password '${canary}'`);
  for (const name of ['host=evil dbname=x', '-Fp', 'Ünïcode "quoted"', 'new\nline']) {
    await run(`create database "${name.replaceAll('"', '""')}"`);
  }
  await run('create database private');
  await run('revoke connect on database private from public');
});

afterAll(() => server?.stop());

describe('sslmode with a server that has TLS', () => {
  const cases: readonly [TlsMode, string | undefined, boolean | ConnectionFailed['reason']][] = [
    ['disable', undefined, false],
    ['allow', undefined, false],
    ['prefer', undefined, true],
    ['require', undefined, true],
    ['require', 'authority.pem', true],
    ['require', 'other-authority.pem', 'certificate-untrusted'],
    ['require', 'absent.pem', true],
    ['prefer', 'other-authority.pem', false],
    ['verify-ca', 'authority.pem', true],
    ['verify-ca', 'other-authority.pem', 'certificate-untrusted'],
    ['verify-ca', undefined, 'certificate-file'],
    ['verify-ca', 'absent.pem', 'certificate-file'],
    ['verify-full', 'authority.pem', true],
    ['verify-full', 'other-authority.pem', 'certificate-untrusted'],
    ['verify-full', undefined, 'certificate-file'],
    ['verify-full', 'system', 'certificate-untrusted'],
  ];
  test.each(cases)('%s, authorities: %s', async (mode, file, expected) => {
    const rootCert = file === undefined || file === 'system' ? file : fixture(file);
    if (typeof expected === 'boolean') expect(await encrypted({ tls: { mode, rootCert } })).toBe(expected);
    else expect((await failure({ tls: { mode, rootCert } })).reason).toBe(expected);
  });

  const verified = { mode: 'verify-full', rootCert: fixture('authority.pem') } as const;

  test('an IP address is checked against the addresses in the certificate', async () => {
    expect(await encrypted({ host: '127.0.0.1', tls: verified })).toBe(true);
  });

  test('the certificate must be for the host, whatever address it is reached by', async () => {
    const somewhere = { host: 'db.invalid', hostAddress: '127.0.0.1' };
    expect(await encrypted({ ...somewhere, host: 'localhost', tls: verified })).toBe(true);
    expect((await failure({ ...somewhere, tls: verified })).reason).toBe('certificate-name');
    expect(await encrypted({ ...somewhere, tls: { ...verified, mode: 'verify-ca' } })).toBe(true);
  });

  test('a role that may come by TLS only, or without only, comes in with allow and prefer', async () => {
    expect(await encrypted({ user: 'tlsonly', tls: { mode: 'allow' } })).toBe(true);
    expect(await encrypted({ user: 'plainonly', tls: { mode: 'prefer' } })).toBe(false);
    expect((await failure({ user: 'tlsonly', tls: { mode: 'disable' } })).reason).toBe('access-refused');
    expect((await failure({ user: 'plainonly', tls: { mode: 'require' } })).reason).toBe('access-refused');
  });

  test('a Unix socket has no TLS, whatever the mode', async () => {
    const { host } = server.admin;
    expect(await encrypted({ host, tls: { mode: 'verify-full' } })).toBe(false);
  });

  test('a client certificate is shown', async () => {
    const key = join(server.directory, 'client.key');
    await copyFile(fixture('client.key'), key);
    await chmod(key, 0o600);
    const tls = { ...verified, cert: fixture('client.pem'), key };
    expect(await encrypted({ user: 'certified', password: undefined, tls })).toBe(true);
    expect((await failure({ user: 'certified', tls: verified })).reason).toBe('access-refused');
    const absent = await failure({ user: 'certified', tls: { ...tls, key: '/nonexistent/key' } });
    expect(absent.reason).toBe('certificate-file');
  });

  test('TLS versions that exclude each other', async () => {
    const old = { mode: 'require', minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' } as const;
    expect((await failure({ tls: old })).reason).toBe('tls-failed');
  });

  test('channel binding is demanded before a password is sent', async () => {
    const bound = { ...verified, requireChannelBinding: true };
    expect(await encrypted({ tls: bound })).toBe(true);
    expect((await failure({ user: 'cleartext', tls: bound })).reason).toBe('channel-binding');
    expect((await failure({ user: 'md5', tls: bound })).reason).toBe('channel-binding');
    expect((await failure({ user: 'trusted', tls: bound })).reason).toBe('channel-binding');
    const plain = { mode: 'disable', requireChannelBinding: true } as const;
    expect((await failure({ tls: plain })).reason).toBe('channel-binding');
  });

  test.each([
    ['wrong-name', 'verify-full', 'certificate-name'],
    ['wrong-name', 'verify-ca', true],
    ['expired', 'verify-full', 'certificate-expired'],
    ['expired', 'require', 'certificate-expired'],
    ['none', 'verify-full', 'tls-unsupported'],
    ['none', 'require', 'tls-unsupported'],
    ['none', 'prefer', false],
    ['none', 'allow', false],
    ['none', 'disable', false],
  ] as const)('certificate %s, %s', async (certificate, mode, expected) => {
    await server.useCertificate(certificate);
    try {
      const tls = { mode, rootCert: fixture('authority.pem') };
      if (typeof expected === 'boolean') expect(await encrypted({ tls })).toBe(expected);
      else expect((await failure({ tls })).reason).toBe(expected);
    } finally {
      await server.useCertificate('server');
    }
  });
});

describe('credentials and databases', () => {
  test.each(['someone', 'cleartext', 'md5', 'Rolle ä'])(
    'the password of %s is accepted, a wrong one is not',
    async (user) => {
      await encrypted({ user });
      const { reason, code, isRetryable, message } = await failure({ user, password: 'wrong-canary-2' });
      expect({ reason, code, isRetryable }).toEqual({
        reason: 'wrong-password',
        code: '28P01',
        isRetryable: false,
      });
      expect(message).toContain(`password authentication failed for user "${user}"`);
      expect(message).not.toContain('wrong-canary-2');
    },
  );

  test.each(['someone', 'cleartext', 'md5'])('%s without a password, while one lies about', async (user) => {
    process.env.PGPASSWORD = canary;
    try {
      for (const password of [undefined, '']) {
        expect((await failure({ user, password })).reason).toBe('missing-password');
      }
    } finally {
      delete process.env.PGPASSWORD;
    }
  });

  test.each([
    [{ user: 'turnedaway' }, 'access-refused', '28000'],
    [{ user: 'locked' }, 'unknown-role', '28000'],
    [{ user: 'absent' }, 'wrong-password', '28P01'],
    [{ database: 'absent' }, 'missing-database', '3D000'],
    [{ database: 'private' }, 'no-connect-right', '42501'],
    [{ database: 'template0' }, 'database-closed', '55000'],
    [{ options: '-c no_such_setting=1' }, 'other', '42704'],
  ] as const)('%o is told as %s', async (changes, reason, code) => {
    const failed = await failure(changes);
    expect(failed.reason).toBe(reason);
    expect(failed.code).toBe(code);
    expect(failed.problem.fix).not.toBe('');
  });

  test('a full server is asked again, for a few seconds only', async () => {
    const before = Date.now();
    const failed = await failure({ user: 'crowded' });
    expect(failed.reason).toBe('too-many-connections');
    expect(Date.now() - before).toBeGreaterThan(2_500);
    expect(Date.now() - before).toBeLessThan(15_000);
  });

  test.each(['host=evil dbname=x', '-Fp', 'Ünïcode "quoted"', 'new\nline'])(
    'database %j',
    async (database) => {
      const { rows } = await withConnection(parameters(), { database }, (client) =>
        client.query('select current_database() as name'),
      );
      expect(rows).toEqual([{ name: database }]);
    },
  );

  test('options and the name of the application arrive, nothing else from the environment', async () => {
    process.env.PGOPTIONS = '-c work_mem=3MB';
    process.env.PGAPPNAME = 'intruder';
    try {
      const ask = (options: string | undefined) =>
        withConnection(parameters({ options }), {}, async (client) => {
          const { rows } = await client.query(
            "select current_setting('work_mem') as mem, current_setting('application_name') as app",
          );
          return rows[0] as unknown;
        });
      expect(await ask('-c work_mem=7MB')).toEqual({ mem: '7MB', app: 'pgproof' });
      expect(await ask(undefined)).toEqual({ mem: '4MB', app: 'pgproof' });
    } finally {
      delete process.env.PGOPTIONS;
      delete process.env.PGAPPNAME;
    }
  });
});

describe('no server', () => {
  const listeners: { server: Server; sockets: Set<Socket> }[] = [];

  async function listener(answer: (socket: Socket) => void): Promise<number> {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      answer(socket);
    });
    listeners.push({ server: silent, sockets });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  afterAll(() => {
    for (const { server: silent, sockets } of listeners) {
      for (const socket of sockets) socket.destroy();
      silent.close();
    }
  });

  test('an unknown host', async () => {
    const failed = await failure({ host: 'host.invalid' });
    expect(failed.reason).toBe('unknown-host');
    expect(failed.message).toContain('host.invalid');
  });

  test('a port where nobody listens', async () => {
    const port = await freePort();
    for (const host of ['127.0.0.1', 'localhost']) {
      const failed = await failure({ host, port });
      expect(failed.reason).toBe('refused');
      expect(failed.message).toContain('ECONNREFUSED');
    }
  });

  test('a socket that is not there', async () => {
    expect((await failure({ host: '/nonexistent' })).reason).toBe('refused');
  });

  test.each(['disable', 'prefer', 'verify-full'] as const)('someone who never answers, %s', async (mode) => {
    const port = await listener(() => undefined);
    const before = Date.now();
    const failed = await failure({
      host: '127.0.0.1',
      port,
      connectTimeoutSeconds: 1,
      tls: { mode, rootCert: fixture('authority.pem') },
    });
    expect(failed.reason).toBe('timeout');
    expect(Date.now() - before).toBeLessThan(5_000);
  });

  test('someone who takes up TLS and then never answers', async () => {
    const port = await listener((socket) => socket.once('data', () => socket.write('S')));
    const failed = await failure({
      host: '127.0.0.1',
      port,
      connectTimeoutSeconds: 1,
      tls: { mode: 'require' },
    });
    expect(failed.reason).toBe('timeout');
  });

  test('someone who hangs up is asked again', async () => {
    let calls = 0;
    const port = await listener((socket) => {
      calls += 1;
      socket.end();
    });
    expect((await failure({ host: '127.0.0.1', port, tls: { mode: 'disable' } })).reason).toBe(
      'connection-lost',
    );
    expect(calls).toBe(4);
  });

  test('someone who hangs up at first and is there then', async () => {
    let calls = 0;
    const port = await listener((socket) => {
      calls += 1;
      if (calls <= 2) socket.destroy();
      else {
        const onward = createConnection(server.port, 'localhost').on('error', () => undefined);
        socket.pipe(onward).pipe(socket);
      }
    });
    expect(await encrypted({ host: '127.0.0.1', port, tls: { mode: 'require' } })).toBe(true);
    expect(calls).toBe(3);
  });

  test('someone who is no PostgreSQL server', async () => {
    const port = await listener((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect((await failure({ host: '127.0.0.1', port, tls: { mode: 'require' } })).reason).toBe('tls-failed');
  });

  test('aborting ends the waiting with the reason given', async () => {
    const port = await listener(() => undefined);
    const reason = new Error('the function has no time left');
    const waiting = connect(parameters({ host: '127.0.0.1', port }), { signal: abortSoon(reason) });
    await expect(waiting).rejects.toBe(reason);
    await expect(connect(parameters(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  function abortSoon(reason: Error): AbortSignal {
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 100);
    return controller.signal;
  }
});

describe('several hosts', () => {
  test('the first that answers is taken, and told', async () => {
    const gone = parameters({ host: '127.0.0.1', port: await freePort() });
    const { client, parameters: found } = await connectFirst([gone, parameters()]);
    await disconnect(client);
    expect(found.port).toBe(server.port);
  });

  test('refused credentials end the search', async () => {
    const wrong = parameters({ password: 'wrong' });
    await expect(connectFirst([wrong, parameters()])).rejects.toMatchObject({ reason: 'wrong-password' });
  });

  test('all of them gone: each is named', async () => {
    const gone = parameters({ host: '127.0.0.1', port: await freePort() });
    const nowhere = parameters({ host: '/nonexistent' });
    const failed: unknown = await connectFirst([gone, nowhere]).catch((error: unknown) => error);
    expect(String(failed)).toContain(`127.0.0.1:${gone.port}`);
    expect(String(failed)).toContain('/nonexistent');
  });

  test.each([
    ['any', true],
    ['read-write', true],
    ['primary', true],
    ['prefer-standby', true],
    ['read-only', false],
    ['standby', false],
  ] as const)('target_session_attrs=%s on a primary', async (targetSession, suits) => {
    const search = connectFirst([parameters({ targetSession })]);
    if (suits) await disconnect((await search).client);
    else await expect(search).rejects.toMatchObject({ reason: 'wrong-session' });
  });

  test('read-only is also a session that may not write', async () => {
    const options = '-c default_transaction_read_only=on';
    const { client } = await connectFirst([parameters({ targetSession: 'read-only', options })]);
    await disconnect(client);
    const writing = connectFirst([parameters({ targetSession: 'read-write', options })]);
    await expect(writing).rejects.toMatchObject({ reason: 'wrong-session' });
  });
});

describe('a connection in use', () => {
  test('that is killed while idle fails the next query and nothing else', async () => {
    const client = await connect(parameters());
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const ended = new Promise((resolve) => client.once('end', resolve));
    await run(`select pg_terminate_backend(${rows[0]?.pid})`);
    await ended;
    await expect(client.query('select 1')).rejects.toThrow();
    await disconnect(client);
  });

  test('is closed after use, and after a failure', async () => {
    const open = async (): Promise<unknown> =>
      withConnection(server.admin, {}, async (client) => {
        const { rows } = await client.query(
          "select count(*) from pg_stat_activity where application_name = 'leak'",
        );
        return rows[0] as unknown;
      });
    const options = { applicationName: 'leak' };
    await withConnection(parameters(), options, (client) => client.query('select 1'));
    const broken = withConnection(parameters(), options, () => Promise.reject(new Error('mine')));
    await expect(broken).rejects.toThrow('mine');
    await expect.poll(open).toEqual({ count: '0' });
  });

  test('is cut by the signal, in the middle of a query', async () => {
    const controller = new AbortController();
    const reason = new Error('Ctrl-C');
    const work = withConnection(parameters(), { signal: controller.signal }, async (client) => {
      const sleeping = client.query('select pg_sleep(30)');
      setTimeout(() => controller.abort(reason), 50);
      return await sleeping;
    });
    await expect(work).rejects.toBe(reason);
  });
});

// Last: the server is of no use afterwards.
test('a server that lets nobody in is asked again, for a few seconds only', async () => {
  const before = Date.now();
  await withConnection(parameters(), {}, async () => {
    server.beginShutdown();
    // The signal may arrive a moment later than the next connection.
    await expect
      .poll(() => failure().catch(() => undefined), { timeout: 20_000 })
      .toMatchObject({
        reason: 'not-ready',
        code: '57P03',
      });
  });
  expect(Date.now() - before).toBeGreaterThan(2_500);
});
