import { randomBytes } from 'node:crypto';
import { link } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { ConnectionParameters } from '../connect/parameters.ts';
import type { AuthMethod } from './cluster.ts';

export type EndpointOptions = {
  readonly tcp?: boolean | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly authMethod?: AuthMethod | undefined;
};

/** What a client needs to know of a server beside its host. */
export type Endpoint = {
  /** Whether the server listens on 127.0.0.1 too. */
  readonly tcp: boolean;
  readonly port: number;
  readonly user: string;
  /** `undefined`: nobody is asked for one, and the superuser has none. */
  readonly password: string | undefined;
};

export async function chooseEndpoint({ tcp = false, ...options }: EndpointOptions): Promise<Endpoint> {
  const asksForPassword = tcp || options.authMethod !== undefined;
  return {
    tcp,
    // On the socket the port is a part of a file's name: no other server has the directory.
    port: tcp ? await freePort() : 5432,
    user: options.user ?? 'postgres',
    password: options.password ?? (asksForPassword ? randomBytes(18).toString('base64url') : undefined),
  };
}

/** By the socket in a directory, as the superuser. */
export function socketParameters(
  { port, user, password }: Endpoint,
  directory: string,
): ConnectionParameters {
  return {
    host: directory,
    port,
    user,
    password,
    database: 'postgres',
    tls: { mode: 'disable' },
    connectTimeoutSeconds: 10,
  };
}

/** The same by TCP; `undefined` where the server does not listen there. */
export function tcpParameters(endpoint: Endpoint, hasTls: boolean): ConnectionParameters | undefined {
  if (!endpoint.tcp) return undefined;
  return { ...socketParameters(endpoint, '127.0.0.1'), tls: { mode: hasTls ? 'require' : 'disable' } };
}

/**
 * Gives the socket a second name, in a directory that the server cannot write: SQL in it could otherwise put a link
 * to another server's socket in place of its own, and have our clients work there.
 */
export async function shareSocket(from: string, to: string, port: number): Promise<void> {
  const name = `.s.PGSQL.${port}`;
  await link(join(from, name), join(to, name));
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
