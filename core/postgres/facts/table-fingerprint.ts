import type { Client } from 'pg';
import type { TableRows } from '../../manifest/manifest.ts';
import { steadySession } from '../connect/steady-session.ts';
import { qualifiedName, quoteIdentifier } from '../names.ts';
import { countRows } from './count-rows.ts';
import { type DumpedTable, listDumpedTables, recordOf } from './dumped-tables.ts';

/** A table's rows and what they hold, in one scan. */
export type TableContent = { readonly rows: number; readonly fingerprint: string | null };

/** Fingerprints that were made in another way cannot be compared; this one is part of each. */
const method = 'rows1';

/** Columns of each table, by qualifiedName. */
export type TableColumns = ReadonlyMap<string, readonly Column[]>;
type Column = { readonly name: string; readonly isBinary: boolean };

/**
 * The columns that a fingerprint takes in: by name, since a restored table may have them in another order; stored
 * generated ones too, which a restore computes again, with the same result; virtual ones have no content.
 */
export async function readTableColumns(client: Client): Promise<TableColumns> {
  const { rows } = await client.query<Column & { schema: string; table: string }>(
    `select space.nspname as schema, relation.relname as table, field.attname as name,
            field.atttypid = 'bytea'::regtype as "isBinary"
       from pg_attribute field
       join pg_class relation on relation.oid = field.attrelid and relation.relkind = 'r'
       join pg_namespace space on space.oid = relation.relnamespace
      where field.attnum > 0 and not field.attisdropped and field.attgenerated <> 'v'
      order by field.attrelid, field.attname collate "C"`,
  );
  const columns = new Map<string, Column[]>();
  for (const { schema, table, name, isBinary } of rows) {
    const key = qualifiedName({ schema, name: table });
    const list = columns.get(key) ?? [];
    list.push({ name, isBinary });
    columns.set(key, list);
  }
  return columns;
}

/**
 * Counts a table and takes its fingerprint: the sums of two 64-bit hashes of every row's text, so the order of the rows
 * does not matter. The server's hash of text cannot change from major to major, because hash partitions are made with
 * it. It guards against accidents, not against forgery.
 *
 * The fingerprint is null where the server cannot make a row's text: it is limited to 1 GB. Bytes are hashed on
 * their own first, in constant memory. Must run in a transaction, in a {@link steadySession}.
 */
export async function fingerprintTable(
  client: Client,
  table: DumpedTable,
  columns: TableColumns,
): Promise<TableContent> {
  const row = (columns.get(qualifiedName(table)) ?? [])
    .map(({ name, isBinary }) =>
      isBinary ? `sha256(own.${quoteIdentifier(name)})` : `own.${quoteIdentifier(name)}`,
    )
    .join(', ');
  // Not flattened into the outer query, which would make each row's text twice.
  const query = `select count(*) as rows, ${sums('line')}
    from (select row(${row})::text collate "C" as line from only ${qualifiedName(table)} own ${table.condition} offset 0) content`;
  const found = await attempt<{ rows: string } & Sums>(client, query);
  if (found !== undefined) return { rows: Number(found.rows), fingerprint: fingerprintFrom(found) };
  return { rows: await countRows(client, table), fingerprint: null };
}

/**
 * The same of all large objects, their OIDs included; null where one is too large for the server to hand out at once
 * (1 GB), or may not be read. Must run in a transaction.
 */
export async function fingerprintLargeObjects(client: Client): Promise<string | null> {
  const found = await attempt<Sums>(
    client,
    `select ${sums('line')} from (
       select (large.oid::text || ' ' || encode(sha256(lo_get(large.oid)), 'hex')) collate "C" as line
         from pg_largeobject_metadata large offset 0) content`,
  );
  return found === undefined ? null : fingerprintFrom(found);
}

/**
 * What a restored database holds, to be compared with a manifest's `tables`: every table that pg_dump would write, its
 * rows and its fingerprint. In a transaction of its own on `client`, which must not be in one.
 */
export async function fingerprintsOf(
  client: Client,
  options: { readonly signal: AbortSignal; readonly onTable?: (() => void) | undefined },
): Promise<TableRows[]> {
  await client.query('begin isolation level repeatable read, read only');
  try {
    await steadySession(client);
    const columns = await readTableColumns(client);
    const read: TableRows[] = [];
    for (const table of await listDumpedTables(client)) {
      options.signal.throwIfAborted();
      read.push({ ...recordOf(table), ...(await fingerprintTable(client, table, columns)) });
      options.onTable?.();
    }
    return read;
  } finally {
    await client.query('rollback').catch(() => undefined);
  }
}

type Sums = { readonly first: string | null; readonly second: string | null };

function sums(line: string): string {
  return `sum(hashtextextended(${line}, 0)) as first, sum(hashtextextended(${line}, 1)) as second`;
}

function fingerprintFrom({ first, second }: Sums): string {
  const parts = [first, second].map((sum) =>
    BigInt.asUintN(64, BigInt(sum ?? '0'))
      .toString(16)
      .padStart(16, '0'),
  );
  return `${method}:${parts.join('')}`;
}

/**
 * The fingerprint of several tables' rows taken together, wherever each of them lies; null where one has none, or one of
 * another way.
 */
export function sumOfFingerprints(fingerprints: readonly (string | null | undefined)[]): string | null {
  const totals = [0n, 0n];
  for (const fingerprint of fingerprints) {
    const [, first, second] = sumsOf.exec(fingerprint ?? '') ?? [];
    if (first === undefined || second === undefined) return null;
    totals[0] = (totals[0] ?? 0n) + BigInt(`0x${first}`);
    totals[1] = (totals[1] ?? 0n) + BigInt(`0x${second}`);
  }
  return fingerprintFrom({ first: String(totals[0]), second: String(totals[1]) });
}

const sumsOf = new RegExp(`^${method}:([0-9a-f]{16})([0-9a-f]{16})$`);

/** Undefined where the server gave up on the query; the transaction can still be used. */
async function attempt<Row extends object>(client: Client, query: string): Promise<Row | undefined> {
  await client.query('savepoint before_fingerprint');
  try {
    const { rows } = await client.query<Row>(query);
    await client.query('release savepoint before_fingerprint');
    return rows[0];
  } catch {
    // Fails where the connection is what broke, or the transaction ended.
    await client.query('rollback to savepoint before_fingerprint');
    return undefined;
  }
}
