import type { Client } from 'pg';
import type { TableRows } from '../manifest/manifest.ts';
import { countRows } from '../postgres/facts/count-rows.ts';
import { type DumpedTable, listDumpedTables } from '../postgres/facts/dumped-tables.ts';
import type { RestoredTable } from './report.ts';

/** SQLSTATE undefined_table and invalid_schema_name. */
const missingTable: ReadonlySet<unknown> = new Set(['42P01', '3F000']);

/** Counts the rows of every table of the target that the manifest lists, beside what was recorded. */
export async function compareWithTarget(
  client: Client,
  recorded: readonly TableRows[],
  options: { readonly signal: AbortSignal; readonly onTable: (done: number) => void },
): Promise<RestoredTable[]> {
  const conditions = await configurationConditions(client);
  const there = await listDumpedTables(client);
  const roots = new Map(there.map((table) => [keyOf(table), table.root]));
  const tables: Compared[] = [];
  for (const { schema, name, rows } of recorded) {
    options.signal.throwIfAborted();
    const condition = conditions.get(keyOf({ schema, name })) ?? '';
    const restored = await countIfThere(client, { schema, name, condition });
    const status = statusOf(rows, restored);
    tables.push({ schema, name, recorded: rows, restored, status, root: roots.get(keyOf({ schema, name })) });
    options.onTable(tables.length);
  }
  return await sumWhereMoved(client, tables, there);
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
): Promise<RestoredTable[]> {
  const counted = new Map(compared.map((table) => [keyOf(table), table.restored]));
  const sums = new Map<string, RestoredTable>();
  const ofRoot = (key: string): Compared[] =>
    compared.filter(({ root }) => root !== undefined && keyOf(root) === key);
  for (const { root, status } of compared) {
    if (root === undefined || status !== 'differs' || sums.has(keyOf(root))) continue;
    const key = keyOf(root);
    // Rows that lie elsewhere make two partitions differ, unless the other one was not to be restored.
    const parts = ofRoot(key);
    if (parts.length > 1 && parts.filter((part) => part.status === 'differs').length === 1) continue;
    let restored = 0;
    for (const leaf of there.filter((table) => table.root !== undefined && keyOf(table.root) === key))
      restored += counted.get(keyOf(leaf)) ?? (await countRows(client, leaf));
    const recorded = parts.reduce<number | null>((sum, table) => add(sum, table.recorded), 0);
    sums.set(key, { ...root, recorded, restored, status: statusOf(recorded, restored) });
  }
  const alone = compared.filter(({ root }) => root === undefined || !sums.has(keyOf(root)));
  return [...alone.map(({ root: _root, ...table }) => table), ...sums.values()];
}

function add(sum: number | null, rows: number | null): number | null {
  return sum === null || rows === null ? null : sum + rows;
}

function statusOf(recorded: number | null, restored: number | null): RestoredTable['status'] {
  if (restored === null) return 'missing';
  if (recorded === null) return 'not recorded';
  return recorded === restored ? 'as recorded' : 'differs';
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

function keyOf({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return JSON.stringify([schema, name]);
}
