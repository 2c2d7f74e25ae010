import type { Client } from 'pg';
import { withConnection } from '../../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';

/**
 * What a restored database says about the sessions in it (ALTER DATABASE … SET) must not change or end ours; a
 * client's own settings come before those.
 */
export function steadySession(parameters: ConnectionParameters, major: number): ConnectionParameters {
  const settings = [
    'statement_timeout=0',
    'lock_timeout=0',
    'idle_in_transaction_session_timeout=0',
    'default_transaction_read_only=off',
    'default_transaction_isolation=read\\ committed',
    // Triggers at login are a part of the database, and may refuse it.
    ...(major >= 17 ? ['event_triggers=off', 'transaction_timeout=0'] : []),
    ...(major >= 14 ? ['idle_session_timeout=0'] : []),
  ];
  return { ...parameters, options: settings.map((setting) => `-c ${setting}`).join(' ') };
}

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
