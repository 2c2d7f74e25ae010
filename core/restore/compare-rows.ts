import type { Client } from 'pg';
import type { TableRows } from '../manifest/manifest.ts';
import { rowsStatus, rowsTogether } from '../manifest/rows-compared.ts';
import type { CopyRowCounts } from '../postgres/archive/copy-rows.ts';
import { tableKey as keyOf, rowsByTable } from '../postgres/archive/rows-in-archive.ts';
import { countRows } from '../postgres/facts/count-rows.ts';
import { type DumpedTable, listDumpedTables } from '../postgres/facts/dumped-tables.ts';
import type { RestoredTable } from './report.ts';

/** SQLSTATE undefined_table and invalid_schema_name. */
const missingTable: ReadonlySet<unknown> = new Set(['42P01', '3F000']);

/** Counts the rows of every table of the target that the manifest lists, beside what was recorded. */
export async function compareWithTarget(
  client: Client,
  recorded: readonly TableRows[],
  options: {
    /** Rows as the archive has them, of tables that were not counted at the source. */
    readonly counts: CopyRowCounts | undefined;
    readonly signal: AbortSignal;
    readonly onTable: (done: number) => void;
  },
): Promise<RestoredTable[]> {
  const conditions = await configurationConditions(client);
  const there = await listDumpedTables(client);
  const archived = rowsByTable(options.counts);
  const roots = new Map(there.map((table) => [keyOf(table), table.root]));
  const tables: Compared[] = [];
  for (const { schema, name, rows } of recorded) {
    options.signal.throwIfAborted();
    const condition = conditions.get(keyOf({ schema, name })) ?? '';
    const restored = await countIfThere(client, { schema, name, condition });
    const inArchive = rows === null ? archived.get(keyOf({ schema, name })) : undefined;
    const counted = { recorded: rows, restored, ...(inArchive === undefined ? {} : { inArchive }) };
    const root = roots.get(keyOf({ schema, name }));
    tables.push({ schema, name, ...counted, status: rowsStatus(counted), root });
    options.onTable(tables.length);
  }
  return await sumWhereMoved(client, tables, there, archived);
}

type Compared = RestoredTable & { readonly root: DumpedTable['root'] };

/**
 * Rows that are loaded through the root of a partition tree may belong into other partitions than at the source: hash
 * partitions over an enum. Where partitions of a tree differ, that tree is compared as one table, under its root's name.
 */
async function sumWhereMoved(
  client: Client,
  compared: readonly Compared[],
  there: readonly DumpedTable[],
  archived: ReadonlyMap<string, number>,
): Promise<RestoredTable[]> {
  const counted = new Map(compared.map((table) => [keyOf(table), table.restored]));
  const sums = new Map<string, RestoredTable>();
  const ofRoot = (key: string): Compared[] =>
    compared.filter(({ root }) => root !== undefined && keyOf(root) === key);
  for (const { root, status } of compared) {
    if (root === undefined || sums.has(keyOf(root))) continue;
    const key = keyOf(root);
    // Rows of partitions that nobody counted are in the archive as those of the root.
    const isOfRoot = status === 'not recorded' && archived.has(key);
    if (status !== 'differs' && !isOfRoot) continue;
    // Rows that lie elsewhere make two partitions differ, unless the other one was not to be restored.
    const parts = ofRoot(key);
    if (!isOfRoot && parts.length > 1 && parts.filter((part) => part.status === 'differs').length === 1)
      continue;
    let restored = 0;
    for (const leaf of there.filter((table) => table.root !== undefined && keyOf(table.root) === key))
      restored += counted.get(keyOf(leaf)) ?? (await countRows(client, leaf));
    const { recorded } = rowsTogether(parts);
    // Not every partition of a tree has to come through its root.
    const ofLeaves = parts.reduce((sum, part) => sum + (archived.get(keyOf(part)) ?? 0), 0);
    const throughRoot = archived.get(key);
    const inArchive = recorded === null && throughRoot !== undefined ? throughRoot + ofLeaves : undefined;
    const sum = { recorded, restored, ...(inArchive === undefined ? {} : { inArchive }) };
    sums.set(key, { ...root, ...sum, status: rowsStatus(sum) });
  }
  const alone = compared.filter(({ root }) => root === undefined || !sums.has(keyOf(root)));
  return [...alone.map(({ root: _root, ...table }) => table), ...sums.values()];
}

async function countIfThere(client: Client, table: DumpedTable): Promise<number | null> {
  try {
    return await countRows(client, table);
  } catch (error: unknown) {
    if (missingTable.has((error as { readonly code?: unknown }).code)) return null;
    throw error;
  }
}

/** Of an extension's configuration tables pg_dump takes only the rows that are the user's. */
async function configurationConditions(client: Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ schema: string; name: string; condition: string }>(
    `select n.nspname as schema, c.relname as name, t.condition
       from pg_extension e, unnest(e.extconfig, e.extcondition) as t(oid, condition)
       join pg_class c on c.oid = t.oid join pg_namespace n on n.oid = c.relnamespace`,
  );
  return new Map(rows.map((row) => [keyOf(row), row.condition]));
}
