import type { Client } from 'pg';
import type { TableRows } from '../manifest/manifest.ts';
import { countRows } from '../postgres/facts/count-rows.ts';
import type { DumpedTable } from '../postgres/facts/dumped-tables.ts';
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
  const tables: RestoredTable[] = [];
  for (const { schema, name, rows } of recorded) {
    options.signal.throwIfAborted();
    const condition = conditions.get(keyOf({ schema, name })) ?? '';
    const restored = await countIfThere(client, { schema, name, condition });
    tables.push({ schema, name, recorded: rows, restored, status: statusOf(rows, restored) });
    options.onTable(tables.length);
  }
  return tables;
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
