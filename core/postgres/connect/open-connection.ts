import type { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import pg from 'pg';
import type { ConnectionParameters } from './parameters.ts';
import { tlsOptions } from './tls-options.ts';
import { endAtUnreadableAnswers } from './unreadable-answers.ts';

export type OpenConnection = {
  readonly client: pg.Client;
  /** The bare socket under the client: destroying it is the only sure way to end a connection that hangs. */
  readonly socket: Socket;
};

export type OpenOptions = {
  readonly encryption: 'tls' | 'none';
  readonly applicationName: string;
  /** When to give up, in milliseconds since the epoch. */
  readonly deadline: number | undefined;
  readonly signal: AbortSignal | undefined;
};

/** Carries a code of pgproof's own, so that one table tells them all apart (connection-failed.ts). */
class OpenError extends Error {
  override readonly name = 'OpenError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * node-postgres fills whatever is empty from PG* variables and ~/.pgpass, in its own way. Here everything is
 * settled already: what is sent to the server at the start is this and nothing more.
 */
class SettledClient extends pg.Client {
  readonly #startup: Readonly<Record<string, string>>;

  constructor(config: pg.ClientConfig, startup: Readonly<Record<string, string>>) {
    super(config);
    this.#startup = startup;
  }

  getStartupConf(): Readonly<Record<string, string>> {
    return this.#startup;
  }
}

/** One attempt, one socket. @throws whatever node, OpenSSL, node-postgres or the server came up with */
export async function openConnection(
  parameters: ConnectionParameters,
  { encryption, applicationName, deadline, signal }: OpenOptions,
): Promise<OpenConnection> {
  signal?.throwIfAborted();
  const { host, hostAddress, port, user, database, password, options, tls } = parameters;
  const socket = new Socket();
  const client = new SettledClient(
    {
      host: hostAddress ?? host,
      port,
      user,
      database,
      // A function even where there is a password: otherwise node-postgres goes looking for one when it is empty.
      password: () => password || fail('PASSWORD_MISSING', 'no password supplied'),
      ssl: encryption === 'tls' ? tlsOptions(parameters) : false,
      sslnegotiation: encryption === 'tls' ? (tls.negotiation ?? 'postgres') : 'postgres',
      enableChannelBinding: tls.requireChannelBinding === true && encryption === 'tls',
      keepAlive: true,
      keepAliveInitialDelayMillis: 30_000,
      stream: () => socket,
    },
    {
      user,
      database,
      application_name: applicationName,
      ...(options === undefined || options === '' ? {} : { options }),
    },
  );
  // Without a listener a connection that dies while it is idle would end the process. Queries on it reject.
  client.on('error', () => undefined);
  endAtUnreadableAnswers(client);
  if (tls.requireChannelBinding === true) demandChannelBinding(client, socket);

  const giveUp = (): void =>
    void socket.destroy(new OpenError('CONNECT_TIMEOUT', 'no answer within connect_timeout'));
  const timer = deadline === undefined ? undefined : setTimeout(giveUp, Math.max(deadline - Date.now(), 1));
  const abort = (): void => void socket.destroy(new OpenError('ABORTED', 'aborted'));
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await client.connect();
    return { client, socket };
  } catch (error: unknown) {
    socket.destroy();
    throw withCode(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

function fail(code: string, message: string): never {
  throw new OpenError(code, message);
}

/** node-postgres says this one in words only. */
function withCode(error: unknown): unknown {
  const isRefusal = error instanceof Error && error.message === 'The server does not support SSL connections';
  return isRefusal ? new OpenError('TLS_UNSUPPORTED', 'server does not support TLS') : error;
}

/**
 * libpq's channel_binding=require. node-postgres takes SCRAM-SHA-256-PLUS where it is offered, but would go on
 * without it; here anything else breaks the connection before the password is sent.
 */
function demandChannelBinding(client: pg.Client, socket: Socket): void {
  const connection = Reflect.get(client, 'connection') as EventEmitter;
  let isBound = false;
  const refuse = (): void => {
    // At once, and not by the socket's own event: the server's "ready" may be in the same packet.
    connection.emit(
      'error',
      new OpenError('CHANNEL_BINDING', 'the server did not bind authentication to TLS'),
    );
    socket.destroy();
  };
  connection.prependListener('authenticationCleartextPassword', refuse);
  connection.prependListener('authenticationMD5Password', refuse);
  connection.prependListener('authenticationSASL', ({ mechanisms }: { mechanisms: readonly string[] }) => {
    if (!mechanisms.includes('SCRAM-SHA-256-PLUS')) refuse();
  });
  connection.on('authenticationSASLFinal', () => {
    isBound = true;
  });
  connection.on('authenticationOk', () => {
    if (!isBound) refuse();
  });
}
