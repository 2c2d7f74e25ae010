import type { Client } from 'pg';

/**
 * Runs a query that reads names with `textsend`, as the bytes that lie in the catalogs. Names that all databases of a
 * server share need not be text in the encoding of this one: any other way the server would check them, and refuse.
 */
export async function withRawNames<T>(client: Client, use: () => Promise<T>): Promise<T> {
  // Nothing is converted, and so nothing checked, between an encoding and itself.
  await client.query("select set_config('client_encoding', getdatabaseencoding(), false)");
  const result = await use();
  await client.query("set client_encoding = 'UTF8'");
  return result;
}
