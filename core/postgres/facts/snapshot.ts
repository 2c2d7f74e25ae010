import type { Client } from 'pg';
import type { TableRows } from '../../manifest/manifest.ts';
import { steadySettings } from '../connect/steady-session.ts';
import { qualifiedName } from '../names.ts';
import { type DumpedTable, listDumpedTables } from './dumped-tables.ts';
import { fingerprintTable, readTableColumns } from './table-fingerprint.ts';

/** One database at one instant, as every part of a backup sees it. */
export type Snapshot = {
  /** What pg_dump's `--snapshot` takes. */
  readonly id: string;
  readonly encoding: string;
  readonly databaseBytes: number;
  readonly tables: readonly DumpedTable[];
  readonly extensions: readonly { readonly name: string; readonly version: string }[];
};

/**
 * Opens a transaction on `client` and exports its snapshot. The transaction stays open; the snapshot lives as long as
 * it does. No table is locked yet: see lockForCounting.
 */
export async function openSnapshot(client: Client, lockWaitSeconds: number): Promise<Snapshot> {
  await client.query(sessionSettings(lockWaitSeconds));
  await client.query('begin isolation level repeatable read, read only');
  return await readSnapshot(client);
}

/**
 * The server's or the role's own limits would end a long backup; hidden rows must be an error (row_security), never
 * a smaller count. One process counts faster than pg_dump reads; parallel workers would only take processors from it.
 * transaction_timeout came with PostgreSQL 17, hence set_config over pg_settings.
 */
function sessionSettings(lockWaitSeconds: number): string {
  return `set statement_timeout = 0; set idle_in_transaction_session_timeout = 0;
    set max_parallel_workers_per_gather = 0;
    set lock_timeout = '${lockWaitSeconds}s'; ${steadySettings};
    select set_config(name, '0', false) from pg_settings where name = 'transaction_timeout'`;
}

async function readSnapshot(client: Client): Promise<Snapshot> {
  const { rows } = await client.query<{ id: string; encoding: string; bytes: string }>(
    `select pg_export_snapshot() as id, pg_database_size(current_database()) as bytes,
            current_setting('server_encoding') as encoding`,
  );
  const row = rows[0];
  if (row === undefined) throw new Error('a select without a from clause gives one row');
  const extensions = await client.query<{ name: string; version: string }>(
    `select extname as name, extversion as version from pg_extension where extname <> 'plpgsql' order by extname`,
  );
  return {
    id: row.id,
    encoding: row.encoding,
    databaseBytes: Number(row.bytes),
    tables: await listDumpedTables(client),
    extensions: extensions.rows,
  };
}

const locksPerStatement = 100;

/** SQLSTATE lock_not_available: somebody waits for an exclusive lock. */
const notAvailable = '55P03';

/**
 * Locks the tables against being truncated, rewritten or dropped, as pg_dump has them locked already, and tells for
 * which it came too late.
 *
 * TRUNCATE and its like ignore snapshots, so a count is worth something only while both hold a lock. Not before
 * pg_dump has its own: a TRUNCATE that waits for our lock would have pg_dump wait behind it, and us for pg_dump, which
 * no server would notice. And never waiting: a TRUNCATE that waits for pg_dump's lock would be done, when our turn came,
 * with a table that is not the one that was dumped.
 */
export async function lockForCounting(
  client: Client,
  tables: readonly DumpedTable[],
): Promise<Set<DumpedTable>> {
  const late = new Set<DumpedTable>();
  for (let start = 0; start < tables.length; start += locksPerStatement) {
    const some = tables.slice(start, start + locksPerStatement);
    if (await lockAtOnce(client, some)) continue;
    for (const table of some) if (!(await lockAtOnce(client, [table]))) late.add(table);
  }
  return late;
}

async function lockAtOnce(client: Client, tables: readonly DumpedTable[]): Promise<boolean> {
  const names = tables.map((table) => `only ${qualifiedName(table)}`).join(', ');
  await client.query('savepoint before_lock');
  try {
    await client.query(`lock table ${names} in access share mode nowait`);
    await client.query('release savepoint before_lock');
    return true;
  } catch (error: unknown) {
    if ((error as { code?: unknown }).code !== notAvailable) throw error;
    await client.query('rollback to savepoint before_lock');
    return false;
  }
}

export type CountOptions = {
  /** What {@link lockForCounting} returned, where it was called before. */
  readonly late?: ReadonlySet<DumpedTable> | undefined;
  /** Takes a fingerprint of each table's content in the same scan. */
  readonly fingerprint?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly onTable?: () => void;
};

/**
 * Rows per table, counted in the snapshot's transaction while pg_dump reads: what a verification compares with. Null
 * for a table that somebody was about to truncate or rewrite, which cannot be counted as pg_dump sees it. Call it when
 * pg_dump has its locks. Stops between two tables when `signal` aborts.
 */
export async function countRows(
  client: Client,
  tables: readonly DumpedTable[],
  { fingerprint = false, signal, onTable, ...options }: CountOptions,
): Promise<TableRows[]> {
  const late = options.late ?? (await lockForCounting(client, tables));
  const columns = fingerprint ? await readTableColumns(client) : undefined;
  const counted: TableRows[] = [];
  for (const table of tables) {
    signal.throwIfAborted();
    const { schema, name } = table;
    if (late.has(table))
      counted.push({ schema, name, rows: null, ...(fingerprint ? { fingerprint: null } : {}) });
    else if (columns === undefined) counted.push({ schema, name, rows: await rowsOf(client, table) });
    else counted.push({ schema, name, ...(await fingerprintTable(client, table, columns)) });
    onTable?.();
  }
  return counted;
}

async function rowsOf(client: Client, table: DumpedTable): Promise<number> {
  const { rows } = await client.query<{ rows: string }>(
    `select count(*) as rows from only ${qualifiedName(table)} ${table.condition}`,
  );
  return Number(rows[0]?.rows);
}
