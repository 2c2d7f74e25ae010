import { createHash } from 'node:crypto';
import type { Client } from 'pg';
import { PgproofError } from '../../errors.ts';
import { connect, disconnect } from '../../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { qualifiedName } from '../../postgres/names.ts';
import type { LogPlace } from './table.ts';

export class LogTooSlow extends PgproofError {
  override readonly name = 'LogTooSlow';
}

/** A connection that is made when it is first needed, and anew when it broke. */
export type LogSession = {
  /**
   * Works with the connection, within the time limit; afterwards nothing waits for it.
   * @throws what `work` throws; ConnectionFailed; LogTooSlow
   */
  use<T>(work: (client: Client) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

export type SessionOptions = {
  readonly resolve: () => ConnectionParameters | Promise<ConnectionParameters>;
  readonly limitSeconds: number;
  /** What is done with every new connection before anything else. */
  readonly begin: (client: Client) => Promise<unknown>;
};

export function logSession({ resolve, limitSeconds, begin }: SessionOptions): LogSession {
  let current: Promise<Client> | undefined;

  const open = async (signal: AbortSignal): Promise<Client> => {
    const client = await connect(await resolve(), { applicationName: 'pgproof backup_log', signal });
    const cut = (): void => void disconnect(client);
    signal.addEventListener('abort', cut, { once: true });
    try {
      // The server's own limits end what a lock of others holds up, before ours breaks the connection.
      const milliseconds = String(Math.ceil(limitSeconds * 800));
      for (const name of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'])
        await client.query('select pg_catalog.set_config($1, $2, false)', [name, milliseconds]);
      // The role of `pgproof init --role` reads unless it says otherwise. Whether it may write here its rights say.
      await client.query('set default_transaction_read_only = off');
      await begin(client);
      return client;
    } catch (error: unknown) {
      await disconnect(client);
      throw error;
    } finally {
      signal.removeEventListener('abort', cut);
    }
  };

  const drop = async (): Promise<void> => {
    const dropped = current;
    current = undefined;
    // One that never came is none to close; one that is stuck is not waited for longer than `disconnect` does.
    await dropped?.then(disconnect, () => undefined);
  };

  return {
    use: async (work) => {
      const limit = AbortSignal.timeout(limitSeconds * 1_000);
      const isOver = new Promise<never>((_resolve, reject) => {
        limit.addEventListener('abort', () => reject(tooSlow(limitSeconds)), { once: true });
      });
      isOver.catch(() => undefined);
      try {
        current ??= open(limit);
        const opening = current;
        opening.catch(() => undefined);
        return await Promise.race([opening.then(work), isOver]);
      } catch (error: unknown) {
        // Whatever state it is in, the next one begins anew. What was under way ends with the connection.
        void drop();
        throw limit.aborted ? tooSlow(limitSeconds) : error;
      }
    },
    close: drop,
  };
}

function tooSlow(seconds: number): LogTooSlow {
  return new LogTooSlow({
    what: 'The database of the log table did not answer',
    got: `nothing after ${seconds} s`,
    fix: 'Look for a lock on the table, and at the way to its server.',
  });
}

/** The session-level advisory lock that a run holds for as long as it is there: by it others know that it is. */
export function runLock(place: LogPlace, run: string): bigint {
  return lockNumber(`${qualifiedName({ schema: place.schema, name: place.table })} run ${run}`);
}

/** Held while the table is made or changed: two runs may begin at once. */
export function tableLock(place: LogPlace): bigint {
  return lockNumber(`${qualifiedName({ schema: place.schema, name: place.table })} shape`);
}

function lockNumber(text: string): bigint {
  return createHash('sha256').update(`pgproof ${text}`).digest().readBigInt64BE();
}
