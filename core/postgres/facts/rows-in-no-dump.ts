import type { Client } from 'pg';
import { messageOf } from '../../errors.ts';
import type { NotDumped } from '../../manifest/manifest.ts';
import { labelOf, qualifiedName } from '../names.ts';

/** A table of an extension, and which of its rows pg_dump leaves out. */
export type ExtensionTable = {
  readonly schema: string;
  readonly name: string;
  readonly extension: string;
  /** The WHERE clause of the rows that are dumped; null where the extension does not name the table as configuration. */
  readonly condition: string | null;
};

export type NotDumpedOptions = {
  /** False: only whether there are rows, as with `--rows none`. */
  readonly isCounted: boolean;
  readonly signal: AbortSignal;
};

/** The counts are for people only: a table that takes longer says so. */
const secondsPerTable = 20;
const secondsInAll = 60;

/**
 * Rows of extensions' tables that pg_dump leaves out, a table each; those that have none are not among it. Never waits
 * for a lock: see lockForCounting. Nor keeps one: these counts are compared with nothing.
 */
export async function rowsInNoDump(
  client: Client,
  tables: readonly ExtensionTable[],
  { isCounted, signal }: NotDumpedOptions,
): Promise<NotDumped[]> {
  const deadline = performance.now() + secondsInAll * 1_000;
  const found: NotDumped[] = [];
  for (const table of tables) {
    signal.throwIfAborted();
    const counted =
      performance.now() < deadline
        ? await countLeftOut(client, table, isCounted)
        : `they were not counted: ${secondsInAll} s had gone by`;
    if (counted === 0) continue;
    const isKnown = typeof counted === 'number' && isCounted;
    found.push({
      kind: 'rows of an extension',
      name: labelOf(table),
      reason: typeof counted === 'number' ? whyLeftOut(table) : `${whyLeftOut(table)}; ${counted}`,
      rows: isKnown ? counted : null,
    });
  }
  return found;
}

function whyLeftOut({ extension, condition }: ExtensionTable): string {
  const owner = `extension ${extension}`;
  return condition === null
    ? `the table belongs to ${owner}, which does not name it as configuration`
    : `${owner} calls them its own standard rows; what was changed in them is not dumped`;
}

/** How many rows are left out (1 at most where they are not to be counted), or why that is not known. */
async function countLeftOut(
  client: Client,
  table: ExtensionTable,
  isCounted: boolean,
): Promise<number | string> {
  const name = qualifiedName(table);
  const rows = `select from only ${name}${isCounted || table.condition !== null ? '' : ' limit 1'}`;
  const dumped = table.condition === null ? '0' : `(select count(*) from only ${name} ${table.condition})`;
  await client.query(`savepoint before_count; set local statement_timeout = '${secondsPerTable}s'`);
  try {
    await client.query(`lock table only ${name} in access share mode nowait`);
    const result = await client.query<{ rows: string }>(
      `select count(*) - ${dumped} as rows from (${rows}) everything`,
    );
    return Number(result.rows[0]?.rows);
  } catch (error: unknown) {
    return unknownBecause(error);
  } finally {
    // Gives the lock back. Where the connection broke this is what fails, and the backup with it.
    await client.query('rollback to savepoint before_count');
  }
}

function unknownBecause(error: unknown): string {
  switch ((error as { readonly code?: unknown }).code) {
    case '42501':
      return 'this role may not read them';
    case '55P03':
      return 'they were not counted: another session had the table locked';
    case '57014':
      return `they were not counted: it takes more than ${secondsPerTable} s`;
    default:
      return `they were not counted: ${messageOf(error)}`;
  }
}
