import type { Client } from 'pg';
import { connect, disconnect } from '../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../postgres/connect/parameters.ts';

const everyMilliseconds = 1_000;

/**
 * Looks at a database's size while it is filled, for the progress only: where the server does not say there is none.
 */
export function watchSize(
  target: ConnectionParameters,
  database: string,
  onSize: (bytes: number) => void,
): { readonly bytes: () => number; readonly stop: () => Promise<void> } {
  const stopped = new AbortController();
  let bytes = 0;
  const watching = (async () => {
    // A database cannot be copied while others are connected to it: `postgres` is not what new ones are copied from.
    const client = await connectSomewhere(target, stopped.signal);
    if (client === undefined) return;
    try {
      while (!stopped.signal.aborted) {
        await pause(stopped.signal);
        const { rows } = await client.query<{ bytes: string }>(
          'select pg_database_size(oid) as bytes from pg_catalog.pg_database where datname = $1',
          [database],
        );
        bytes = Number(rows[0]?.bytes ?? 0);
        onSize(bytes);
      }
    } finally {
      await disconnect(client);
    }
  })().catch(() => undefined);
  return {
    bytes: () => bytes,
    stop: async () => {
      stopped.abort();
      await watching;
    },
  };
}

async function connectSomewhere(
  target: ConnectionParameters,
  signal: AbortSignal,
): Promise<Client | undefined> {
  for (const database of ['postgres', target.database]) {
    const client = await connect(target, { database, signal, applicationName: 'pgproof progress' }).catch(
      () => undefined,
    );
    if (client !== undefined) return client;
  }
  return undefined;
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, everyMilliseconds);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
