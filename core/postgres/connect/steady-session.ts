import type { Client } from 'pg';

/**
 * Settings under which values and definitions read the same whatever the server, the database and the role have set:
 * pg_dump's own, and what it does not care for because it restores either way (money, XML). The compiler of queries is
 * off: it would take longer than the queries do.
 */
export const steadySettings = `set search_path = pg_catalog; set client_encoding = 'UTF8';
  set quote_all_identifiers = off; set standard_conforming_strings = on; set datestyle = 'ISO, YMD';
  set intervalstyle = 'postgres'; set timezone = 'UTC'; set extra_float_digits = 3; set bytea_output = 'hex';
  set lc_monetary = 'C'; set xmlbinary = 'base64'; set xmloption = 'content'; set row_security = off; set jit = off`;

/** Puts {@link steadySettings} into effect until the session ends, or the savepoint is rolled back. */
export async function steadySession(client: Client): Promise<void> {
  await client.query(steadySettings);
}
