import type { Client } from 'pg';
import { qualifiedName } from '../names.ts';
import type { DumpedTable } from './dumped-tables.ts';

/** The rows of one table that pg_dump writes: those under its condition, not those of tables that inherit from it. */
export async function countRows(client: Client, table: DumpedTable): Promise<number> {
  const { rows } = await client.query<{ rows: string }>(
    `select count(*) as rows from only ${qualifiedName(table)} ${table.condition}`,
  );
  return Number(rows[0]?.rows);
}

const locksPerStatement = 100;

/** SQLSTATE lock_not_available: another session has, or waits for, an exclusive lock. */
const notAvailable = '55P03';

/**
 * Locks the tables against being truncated, rewritten or dropped, as pg_dump has them locked already, and tells for
 * which it came too late.
 *
 * TRUNCATE and its like ignore snapshots, so a count is worth something only while both hold a lock. Not before
 * pg_dump has its own: a TRUNCATE that waits for our lock would make pg_dump wait for the TRUNCATE, while we wait for
 * pg_dump: a deadlock that no server detects. And never by waiting: once a TRUNCATE that waits for pg_dump's lock is
 * done and the lock is ours, the table is no longer the one that was dumped.
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
