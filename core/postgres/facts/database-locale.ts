import type { Client } from 'pg';
import type { DatabaseLocale } from '../../manifest/manifest.ts';

const providers = { c: 'libc', i: 'icu', b: 'builtin' } as const;

/** Of the database that the client is connected to. The columns have changed names from major to major. */
export async function readDatabaseLocale(client: Client): Promise<DatabaseLocale> {
  const { rows } = await client.query<{
    provider: keyof typeof providers;
    collate: string;
    ctype: string;
    locale: string | null;
    rules: string | null;
  }>(
    `select coalesce(raw ->> 'datlocprovider', 'c') as provider, raw ->> 'datcollate' as collate,
            raw ->> 'datctype' as ctype, coalesce(raw ->> 'datlocale', raw ->> 'daticulocale') as locale,
            raw ->> 'daticurules' as rules
       from (select to_jsonb(own) as raw from pg_catalog.pg_database own
              where own.datname = pg_catalog.current_database()) own`,
  );
  const row = rows[0];
  if (row === undefined) throw new Error('a session has a database');
  const { provider, collate, ctype, locale, rules } = row;
  return {
    provider: providers[provider],
    collate,
    ctype,
    ...(locale === null ? {} : { locale }),
    ...(rules === null ? {} : { rules }),
  };
}
