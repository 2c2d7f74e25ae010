import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const read = (name: string): Promise<string> =>
  readFile(fileURLToPath(new URL(name, import.meta.url)), 'utf8');

export const shopSchemaSql = await read('shop-schema.sql');

/** A small database with many kinds of objects. */
export const shopSql = `${shopSchemaSql}\n${await read('shop-rows.sql')}`;

const tables = [
  'customers',
  'orders_old',
  'orders_new',
  '"Lager ä"."Artikel ""1"""',
  'nothing',
  'per_customer',
];

/** How many rows each table has, and a sum over all that is in them; one line of text. */
export const shopFingerprintSql = tables
  .map(
    (table) =>
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, ',' ORDER BY t::text COLLATE "C")), '-') FROM ${table} t`,
  )
  .map((query) => `(${query})`)
  .join(` || ' ' || `)
  .replace(/^/, 'SET timezone = UTC; SELECT ');
