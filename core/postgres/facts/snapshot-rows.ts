import type { Client } from 'pg';
import type { TableRows } from '../../manifest/manifest.ts';
import { countRows, lockForCounting } from './count-rows.ts';
import { type DumpedTable, recordOf } from './dumped-tables.ts';
import { fingerprintTable, readTableColumns } from './table-fingerprint.ts';

export type SnapshotRowsOptions = {
  /** What {@link lockForCounting} returned, where it was called before. */
  readonly late?: ReadonlySet<DumpedTable> | undefined;
  /** Takes a fingerprint of each table's content in the same scan. */
  readonly fingerprint?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly onTable?: () => void;
};

/**
 * Rows per table, counted in the snapshot's transaction while pg_dump reads: what a verification compares with. Null
 * for a table that another session was about to truncate or rewrite, which cannot be counted as pg_dump sees it. Call
 * it when pg_dump has its locks. Stops between two tables when `signal` aborts.
 */
export async function countSnapshotRows(
  client: Client,
  tables: readonly DumpedTable[],
  { fingerprint = false, signal, onTable, ...options }: SnapshotRowsOptions,
): Promise<TableRows[]> {
  const late = options.late ?? (await lockForCounting(client, tables));
  const columns = fingerprint ? await readTableColumns(client) : undefined;
  const counted: TableRows[] = [];
  for (const table of tables) {
    signal.throwIfAborted();
    const named = recordOf(table);
    if (late.has(table)) counted.push({ ...named, ...(fingerprint ? { fingerprint: null } : {}) });
    else if (columns === undefined) counted.push({ ...named, rows: await countRows(client, table) });
    else counted.push({ ...named, ...(await fingerprintTable(client, table, columns)) });
    onTable?.();
  }
  return counted;
}
