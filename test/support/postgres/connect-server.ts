import { chmod, chown, copyFile, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { withConnection } from '../../../core/postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import { startServer } from './programs.ts';
import { fixture } from './tls-fixtures.ts';

export type ServerCertificate = 'server' | 'wrong-name' | 'expired' | 'none';

/** One server for everything about connecting. Whom it lets in, and how, is in `hbaLines` below. */
export type ConnectServer = {
  readonly major: number;
  readonly port: number;
  /** By the Unix socket, as superuser, without a password. */
  readonly admin: ConnectionParameters;
  readonly directory: string;
  /** Another certificate for the connections to come, or no TLS at all. */
  useCertificate(name: ServerCertificate): Promise<void>;
  /** It ends when the last connection does; until then every new one gets 57P03. */
  beginShutdown(): void;
  stop(): Promise<void>;
};

const hbaLines = [
  'local     all  postgres   trust',
  'local     all  all        scram-sha-256',
  'host      all  trusted    all  trust',
  'host      all  turnedaway all  reject',
  'hostssl   all  tlsonly    all  scram-sha-256',
  'hostnossl all  plainonly  all  scram-sha-256',
  'hostssl   all  certified  all  cert',
  'host      all  tlsonly,plainonly,certified all reject',
  'host      all  cleartext  all  password',
  'host      all  md5        all  md5',
  'host      all  all        all  scram-sha-256',
];

export async function startConnectServer(): Promise<ConnectServer> {
  const server = await startServer({
    tcp: true,
    hbaLines,
    settings: { listen_addresses: 'localhost', max_connections: '30' },
  });
  const admin = { ...server.parameters, password: undefined };
  const data = join(server.directory, 'data');
  const settingsFile = join(data, 'postgresql.auto.conf');
  const settings = await readFile(settingsFile, 'utf8');
  const { uid, gid } = await stat(data);

  const install = async (from: string, to: string): Promise<void> => {
    const path = join(data, to);
    await rm(path, { force: true });
    await copyFile(fixture(from), path);
    await chmod(path, 0o600);
    await chown(path, uid, gid);
  };
  const loadedAt = (): Promise<string | undefined> =>
    withConnection(admin, {}, async (client) => {
      const { rows } = await client.query<{ at: string }>('select pg_conf_load_time()::text as at');
      return rows[0]?.at;
    });

  async function useCertificate(name: ServerCertificate): Promise<void> {
    await install('authority.pem', 'root.crt');
    if (name !== 'none') {
      await install(`${name}.pem`, 'server.crt');
      await install(`${name}.key`, 'server.key');
    }
    const ssl = `ssl = '${name === 'none' ? 'off' : 'on'}'\nssl_ca_file = 'root.crt'\n`;
    await writeFile(settingsFile, `${settings}\n${ssl}`);
    const before = await loadedAt();
    process.kill(server.pid, 'SIGHUP');
    while ((await loadedAt()) === before);
  }

  await useCertificate('server');
  return {
    major: server.major,
    port: server.parameters.port,
    admin,
    directory: server.directory,
    useCertificate,
    beginShutdown: () => void process.kill(server.pid, 'SIGTERM'),
    stop: server.stop,
  };
}

/** Free at this moment; nobody else asks for it by number. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
