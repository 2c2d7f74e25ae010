import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { messageOf } from '../../errors.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import { quoteIdentifier } from '../../postgres/names.ts';
import { createDatabase, type NewDatabase } from '../../postgres/pg-restore/new-database.ts';

export type TemporaryDatabase = {
  readonly name: string;
  /** A session in it, which shows other runs that its owner lives. */
  readonly client: Client;
  /** Whether it could be made like the first of those that were asked for. */
  readonly isAsAsked: boolean;
};

/** The moment at which it was made, in UTC by the server's clock, and what nobody guesses. */
const names = '^pgproof_restore_[0-9]{14}_[0-9a-f]{12}$';
const remark = 'pgproof: temporary, of a restore that is under way; dropped at its end';

/**
 * A database of ours on a server that is in use, for as long as `use` takes; it is dropped whatever happens. What a
 * killed run left is dropped too.
 *
 * @param target a database of that server, and a role that may make databases
 * @param like which encoding and locale it gets; the next of them where the server does not have one
 * @param notes takes what people should know of it
 */
export async function withTemporaryDatabase<T>(
  target: ConnectionParameters,
  { like, signal, notes }: Making,
  use: (database: TemporaryDatabase) => Promise<T>,
): Promise<T> {
  const { name, isAsAsked } = await withConnection(target, { signal }, async (client) => {
    await withoutTimeouts(client);
    notes.push(...(await dropLeftOver(client)));
    return await make(client, like);
  });
  try {
    return await withConnection({ ...target, database: name }, { signal }, async (client) => {
      await withoutTimeouts(client);
      // From now on it is told by this session whether the owner lives.
      await client.query(`comment on database ${quoteIdentifier(name)} is '${remark}'`);
      return await use({ name, client, isAsAsked });
    });
  } finally {
    // Also when the work was aborted: on a server that is in use nothing of ours may stay.
    const left = await withConnection(target, {}, (client) => drop(client, name)).catch(messageOf);
    if (left !== undefined)
      notes.push(`the temporary database ${name} could not be dropped (${left}): the next run tries again`);
  }
}

type Making = {
  readonly like: readonly [Like, ...Like[]];
  readonly signal: AbortSignal;
  readonly notes: string[];
};

type Like = Pick<NewDatabase, 'encoding' | 'locale'>;

async function make(
  client: Client,
  [first, ...others]: Making['like'],
): Promise<{ readonly name: string; readonly isAsAsked: boolean }> {
  const { rows } = await client.query<{ now: string }>(
    `select pg_catalog.to_char(pg_catalog.now() at time zone 'UTC', 'YYYYMMDDHH24MISS') as now`,
  );
  const name = `pgproof_restore_${rows[0]?.now}_${randomBytes(6).toString('hex')}`;
  const { substituted } = await createDatabase(client, { name, ...first }, others);
  return { name, isAsAsked: substituted === undefined };
}

/** What the database, the role or the server say of sessions must not end one that waits for hours. */
async function withoutTimeouts(client: Client): Promise<void> {
  await client.query(
    `select pg_catalog.set_config(name, '0', false) from pg_catalog.pg_settings where name in ('statement_timeout',
       'lock_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')`,
  );
}

/**
 * Those of killed runs: marked, and nobody is connected. One without the remark may just have been made by a run that
 * has not come to it yet, so it has to be ten minutes old.
 */
async function dropLeftOver(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select d.datname as name from pg_catalog.pg_database d
      where d.datname ~ $1 and not d.datistemplate and pg_catalog.pg_has_role(d.datdba, 'USAGE')
        and not exists (select from pg_catalog.pg_stat_activity a where a.datid = d.oid and a.usesysid is not null)
        and (pg_catalog.shobj_description(d.oid, 'pg_database') = $2
             or pg_catalog.substr(d.datname, 17, 14)
                < pg_catalog.to_char(pg_catalog.now() at time zone 'UTC' - interval '10 minutes', 'YYYYMMDDHH24MISS'))`,
    [names, remark],
  );
  const dropped: string[] = [];
  for (const { name } of rows) {
    // Without FORCE: somebody who connects now is somebody who lives.
    const isDropped = await client.query(`drop database if exists ${quoteIdentifier(name)}`).then(
      () => true,
      () => false,
    );
    if (isDropped) dropped.push(name);
  }
  return dropped.map((name) => `the temporary database ${name}, which a killed run had left, was dropped`);
}

const syntaxError = '42601';

/** @returns why it is still there */
async function drop(client: Client, name: string): Promise<string | undefined> {
  await withoutTimeouts(client);
  const statement = `drop database if exists ${quoteIdentifier(name)}`;
  try {
    await client.query(`${statement} with (force)`).catch(async (error: unknown) => {
      // The word came with PostgreSQL 13.
      if ((error as { readonly code?: unknown }).code !== syntaxError) throw error;
      await client.query(statement);
    });
    return undefined;
  } catch (error: unknown) {
    return messageOf(error);
  }
}
