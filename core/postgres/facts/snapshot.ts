import type { Client } from 'pg';
import { steadySettings } from '../connect/steady-session.ts';
import { readDumpSettings } from './dump-settings.ts';
import { type DumpedTable, listDumpedTables } from './dumped-tables.ts';

/** One database at one instant, as every part of a backup sees it. */
export type Snapshot = {
  /** What pg_dump's `--snapshot` takes. */
  readonly id: string;
  readonly encoding: string;
  /** Settings that show in the text of the dump, as pg_dump's own session has them. */
  readonly settings: Readonly<Record<string, string>>;
  readonly databaseBytes: number;
  readonly tables: readonly DumpedTable[];
  readonly extensions: readonly { readonly name: string; readonly version: string; readonly oid?: string }[];
};

/**
 * Opens a transaction on `client` and exports its snapshot. The transaction stays open; the snapshot lives as long as
 * it does. No table is locked yet: see lockForCounting.
 * @param first is done in the transaction before anything else
 */
export async function openSnapshot(
  client: Client,
  lockWaitSeconds: number,
  first: () => Promise<void> = async () => undefined,
): Promise<Snapshot> {
  const settings = await readDumpSettings(client);
  await client.query(sessionSettings(lockWaitSeconds));
  await noticeLostClient(client);
  await client.query('begin isolation level repeatable read, read only');
  await first();
  return { settings, ...(await readSnapshot(client)) };
}

/**
 * The server's or the role's own time limits would end a long backup; hidden rows must be an error (row_security), never
 * a smaller count. One process counts faster than pg_dump reads; parallel workers would only take processors from it.
 * transaction_timeout came with PostgreSQL 17, hence set_config over pg_settings.
 */
function sessionSettings(lockWaitSeconds: number): string {
  return `set statement_timeout = 0; set idle_in_transaction_session_timeout = 0;
    set max_parallel_workers_per_gather = 0;
    set lock_timeout = '${lockWaitSeconds}s'; ${steadySettings};
    select set_config(name, '0', false) from pg_settings where name = 'transaction_timeout'`;
}

/**
 * A server that is counting rows does not look whether anybody still waits for them: after a killed run its locks would
 * stay until the table is read. It came with PostgreSQL 14, and not every system can do it.
 */
async function noticeLostClient(client: Client): Promise<void> {
  await client
    .query(
      `select set_config(name, '10s', false) from pg_settings where name = 'client_connection_check_interval'`,
    )
    .catch(() => undefined);
}

async function readSnapshot(client: Client): Promise<Omit<Snapshot, 'settings'>> {
  const { rows } = await client.query<{ id: string; encoding: string; bytes: string }>(
    `select pg_export_snapshot() as id, pg_database_size(current_database()) as bytes,
            current_setting('server_encoding') as encoding`,
  );
  const row = rows[0];
  if (row === undefined) throw new Error('a select without a from clause gives one row');
  const extensions = await client.query<{ name: string; version: string; oid: string }>(
    `select extname as name, extversion as version, oid::text as oid from pg_extension where extname <> 'plpgsql' order by extname`,
  );
  return {
    id: row.id,
    encoding: row.encoding,
    databaseBytes: Number(row.bytes),
    tables: await listDumpedTables(client),
    extensions: extensions.rows,
  };
}
