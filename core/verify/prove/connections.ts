import type { Client } from 'pg';
import { withConnection } from '../../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';

/** `count` connections for the callback, closed whatever happens. Aborting breaks them. */
export async function withConnections<T>(
  parameters: ConnectionParameters,
  count: number,
  signal: AbortSignal,
  use: (clients: readonly Client[]) => Promise<T>,
  open: readonly Client[] = [],
): Promise<T> {
  if (open.length === count) return await use(open);
  return await withConnection(parameters, { signal }, (client) =>
    withConnections(parameters, count, signal, use, [...open, client]),
  );
}
