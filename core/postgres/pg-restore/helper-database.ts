import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { withConnection } from '../connect/connect.ts';
import type { ConnectionParameters } from '../connect/parameters.ts';
import { readServerFacts } from '../facts/server-facts.ts';
import { quoteIdentifier } from '../names.ts';

/**
 * An empty database of a certain encoding, for sessions that must not have names converted into another: those of roles,
 * tablespaces and databases are the bytes that a session sends, in the encoding of the database it is connected to. The
 * database is gone afterwards.
 *
 * @param target a database of the same server, and a role that may make databases
 */
export async function withHelperDatabase<T>(
  target: ConnectionParameters,
  { encoding, signal }: { readonly encoding: string; readonly signal: AbortSignal },
  use: (database: string) => Promise<T>,
): Promise<T> {
  const name = `pgproof_helper_${randomBytes(6).toString('hex')}`;
  const quoted = quoteIdentifier(name);
  await withConnection(target, { signal }, async (client) => {
    const { major } = await readServerFacts(client);
    // The provider of template0 may know one encoding only; libc's C knows all. The word came with PostgreSQL 15.
    const provider = major >= 15 ? ' locale_provider libc' : '';
    await client.query(
      `create database ${quoted} template template0 encoding '${encoding}'${provider} lc_collate 'C' lc_ctype 'C'`,
    );
  });
  try {
    return await use(name);
  } finally {
    // Also when the work was aborted: on a server that is in use nothing of ours may stay.
    await withConnection(target, {}, async (client) => {
      await client.query(`drop database if exists ${quoted}`);
    });
  }
}

/** PostgreSQL's name of the encoding of the database that `client` is connected to. */
export async function encodingOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ encoding: string }>(
    'select pg_catalog.getdatabaseencoding() as encoding',
  );
  return rows[0]?.encoding ?? '';
}
