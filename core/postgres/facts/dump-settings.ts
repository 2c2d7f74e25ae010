import type { Client } from 'pg';

/**
 * Settings of server, database or role that show in the text of a dump and that pg_dump does not set itself: constants
 * of timestamptz in a definition are written in the session's TimeZone.
 */
const names = ['TimeZone', 'quote_all_identifiers', 'standard_conforming_strings', 'bytea_output'] as const;

/** What they are for whoever logs in as this role to this database, before the session changes anything. */
export async function readDumpSettings(client: Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; value: string }>(
    `select name, pg_catalog.current_setting(name) as value from pg_catalog.unnest($1::text[]) as t(name)`,
    [names],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}
