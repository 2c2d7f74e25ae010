import type { Client } from 'pg';
import { messageOf, PgproofError } from '../../errors.ts';
import { labelOf, quoteIdentifier } from '../../postgres/names.ts';
import { tableLock } from './session.ts';
import {
  createLogTable,
  keyColumns,
  type LogColumn,
  type LogPlace,
  logColumns,
  logVersion,
  upgradeLogTable,
  versionIn,
} from './table.ts';

/** The table cannot be written to, and trying again changes nothing. */
export class LogTableUnusable extends PgproofError {
  override readonly name = 'LogTableUnusable';
}

/** What there is, and which of our columns it has. */
export type ReadyTable = {
  readonly columns: ReadonlySet<LogColumn>;
  /** It could not be brought up to this version: in words, what for. */
  readonly remark: string | undefined;
};

/**
 * Makes the table, or brings it up to this version, once however many runs begin at the same time. One that cannot be
 * changed, or is newer, is written to as far as its columns are known.
 * @throws LogTableUnusable where something else has the name; what the server says
 */
export async function prepareTable(client: Client, place: LogPlace): Promise<ReadyTable> {
  const found = await findTable(client, place);
  if (found !== undefined && (found.version ?? 0) >= logVersion)
    return { columns: found.columns, remark: undefined };
  const remark = await change(client, place).catch((error: unknown) => {
    if (found === undefined) throw error;
    return `${labelOf({ schema: place.schema, name: place.table })} is of an older version of pgproof and could not be brought up to this one: ${messageOf(error)}. Until its owner does, some facts are not written.`;
  });
  const ready = await findTable(client, place);
  if (ready === undefined) throw new Error('the table that was just made is gone');
  return { columns: ready.columns, remark };
}

async function change(client: Client, place: LogPlace): Promise<undefined> {
  await client.query('begin');
  try {
    await client.query(`select pg_catalog.pg_advisory_xact_lock(${tableLock(place)})`);
    // Another run may have done it while this one waited.
    const found = await findTable(client, place);
    const isThere = found !== undefined && (found.version ?? 0) >= logVersion;
    if (!isThere) {
      const statements =
        found === undefined
          ? [...(await schemaStatements(client, place)), ...createLogTable(place)]
          : upgradeLogTable(place);
      for (const statement of statements) await client.query(statement);
    }
    await client.query('commit');
  } catch (error: unknown) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
  return undefined;
}

/** CREATE SCHEMA IF NOT EXISTS wants the right to make one also where it is there. */
async function schemaStatements(client: Client, { schema }: LogPlace): Promise<string[]> {
  const { rowCount } = await client.query('select from pg_catalog.pg_namespace where nspname = $1', [schema]);
  return rowCount === 0 ? [`create schema ${quoteIdentifier(schema)}`] : [];
}

type FoundTable = { readonly version: number | undefined; readonly columns: ReadonlySet<LogColumn> };

async function findTable(client: Client, place: LogPlace): Promise<FoundTable | undefined> {
  const { rows } = await client.query<{ relkind: string; comment: string | null; columns: string[] }>(
    `select c.relkind, pg_catalog.obj_description(c.oid, 'pg_class') as comment,
       array(select a.attname::text from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relname = $2`,
    [place.schema, place.table],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  // A view or a partitioned table that somebody made in its place, with the same columns, will do.
  const isTable = ['r', 'p', 'v', 'f'].includes(row.relkind);
  const missing = keyColumns.filter((column) => !row.columns.includes(column));
  if (!isTable || missing.length > 0)
    throw new LogTableUnusable({
      what: `${labelOf({ schema: place.schema, name: place.table })} is there, and is not pgproof's`,
      got: isTable ? `no column ${missing.join(', ')}` : 'something that is no table',
      expected: 'a table that pgproof made, or the one that its SQL makes',
      fix: 'Nothing in it was changed. Choose another name with backupLog.table, or another schema with backupLog.schema.',
    });
  return {
    version: versionIn(row.comment),
    columns: new Set(
      (Object.keys(logColumns) as LogColumn[]).filter((column) => row.columns.includes(column)),
    ),
  };
}
