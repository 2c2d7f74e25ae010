import pRetry from 'p-retry';
import type { Client } from 'pg';
import { abortReasonOr } from '../../process/stop-reason.ts';
import { ConnectionFailed, connectionFailed } from './connection-failed.ts';
import { type OpenConnection, openConnection } from './open-connection.ts';
import type { ConnectionParameters } from './parameters.ts';

export type ConnectOptions = {
  /** Instead of the parameters' own database. */
  readonly database?: string | undefined;
  /** As the server's activity view and log show it. Default `pgproof`. */
  readonly applicationName?: string | undefined;
  /** While connecting; in withConnection for as long as the connection is used. */
  readonly signal?: AbortSignal | undefined;
};

/** At most three more attempts, after 0.4, 0.8 and 1.6 seconds. What is tried again: see retriedCodes. */
const backOff = { retries: 3, minTimeout: 400, factor: 2 } as const;
const farewellMilliseconds = 2_000;

const sockets = new WeakMap<Client, OpenConnection['socket']>();

/**
 * Connects as libpq would with the same parameters, through every sslmode. The client has an error listener: a
 * connection that dies later fails the queries on it and nothing else. Close it with `disconnect`.
 * @throws ConnectionFailed; the signal's reason when aborted
 */
export async function connect(
  parameters: ConnectionParameters,
  options: ConnectOptions = {},
): Promise<Client> {
  return await retried(options.signal, () => connectOnce(parameters, options));
}

/**
 * Connects, hands the client to `use`, and closes it whatever happens. Aborting breaks the connection, so that
 * queries under way reject.
 * @throws what `use` throws; ConnectionFailed; the signal's reason when aborted
 */
export async function withConnection<T>(
  parameters: ConnectionParameters,
  options: ConnectOptions,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connect(parameters, options);
  const { signal } = options;
  const cut = (): void => void sockets.get(client)?.destroy();
  signal?.addEventListener('abort', cut, { once: true });
  try {
    signal?.throwIfAborted();
    return await use(client);
  } catch (error: unknown) {
    throw abortReasonOr(signal, error);
  } finally {
    signal?.removeEventListener('abort', cut);
    await disconnect(client);
  }
}

/** Says good-bye to the server; breaks the connection if that takes too long. Never throws. */
export async function disconnect(client: Client): Promise<void> {
  const timer = setTimeout(() => sockets.get(client)?.destroy(), farewellMilliseconds);
  try {
    await client.end();
  } catch {
    // It was broken already, and the caller's query has failed with that.
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The owner of a database may give it a search_path with functions that are named like PostgreSQL's own; they would
 * run with the rights of the role that takes the backup. pg_dump begins in the same way.
 */
const ownSearchPath = "select pg_catalog.set_config('search_path', 'pg_catalog', false)";

/** One server, once: by TLS, in the clear, or one after the other, as libpq does with allow and prefer. */
export async function connectOnce(
  parameters: ConnectionParameters,
  options: ConnectOptions,
): Promise<Client> {
  const { database = parameters.database, applicationName = 'pgproof', signal } = options;
  const wanted = { ...parameters, database };
  const attempts = encryptions(wanted);
  const seconds = parameters.connectTimeoutSeconds;
  const deadline = seconds > 0 ? Date.now() + seconds * 1000 : undefined;
  let first: ConnectionFailed | undefined;
  for (const encryption of attempts) {
    try {
      const { client, socket } = await openConnection(wanted, {
        encryption,
        applicationName,
        deadline,
        signal,
      });
      sockets.set(client, socket);
      await client.query(ownSearchPath).catch((error: unknown) => {
        socket.destroy();
        throw error;
      });
      return client;
    } catch (error: unknown) {
      signal?.throwIfAborted();
      const failure = connectionFailed(wanted, error);
      // The first refusal tells more: the fallback often fails only because the server insists on the other kind. But
      // a server without TLS is no reason where TLS was not required.
      if (first?.reason === 'tls-unsupported') throw failure;
      if (first !== undefined || !mayFallBack.has(failure.reason)) throw first ?? failure;
      first = failure;
    }
  }
  throw first ?? new Error('there is always an attempt');
}

function encryptions({ host, tls }: ConnectionParameters): readonly ('tls' | 'none')[] {
  // As libpq: there is no TLS on a Unix socket, whatever the mode.
  if (host.startsWith('/')) return ['none'];
  switch (tls.mode) {
    case 'disable':
      return ['none'];
    case 'allow':
      return ['none', 'tls'];
    case 'prefer':
      return ['tls', 'none'];
    case 'require':
    case 'verify-ca':
    case 'verify-full':
      return ['tls'];
  }
}

/**
 * What the other kind of connection may mend. Not a wrong password, although libpq tries that again too: it
 * would be wrong a second time, and prefer would send it in the clear.
 */
const mayFallBack: ReadonlySet<ConnectionFailed['reason']> = new Set([
  'tls-unsupported',
  'tls-failed',
  'certificate-untrusted',
  'certificate-name',
  'certificate-expired',
  'connection-lost',
  'access-refused',
]);

export async function retried<T>(signal: AbortSignal | undefined, action: () => Promise<T>): Promise<T> {
  return await pRetry(action, {
    ...backOff,
    ...(signal === undefined ? {} : { signal }),
    shouldRetry: ({ error }) => error instanceof ConnectionFailed && error.isRetryable,
  });
}
