import type { Client } from 'pg';
import type { DatabaseLocale } from '../../manifest/manifest.ts';

/**
 * What this server lacks to make a database of that encoding and locale, as far as it can be known without making one;
 * undefined where nothing is seen to lack. See `localeProblem`, which makes one and drops it.
 */
export async function lackingLocale(
  client: Client,
  { encoding, locale }: { readonly encoding: string; readonly locale: DatabaseLocale | undefined },
): Promise<string | undefined> {
  const { rows } = await client.query<{ major: number; encoding: number; icu: boolean }>(
    `select pg_catalog.current_setting('server_version_num')::int / 10000 as major,
            pg_catalog.pg_char_to_encoding($1) as encoding,
            exists (select from pg_catalog.pg_collation where collprovider = 'i') as icu`,
    [encoding],
  );
  const { major = 0, encoding: number = -1, icu = false } = rows[0] ?? {};
  if (number < 0 || number > lastServerEncoding) return `the encoding ${encoding}`;
  if (locale === undefined) return undefined;
  const { provider } = locale;
  if (provider === 'icu' && major < 15) return 'databases with ICU locales (PostgreSQL 15)';
  if (provider === 'icu' && !icu) return 'ICU';
  if (provider === 'icu' && locale.rules !== undefined && major < 16) return 'ICU rules (PostgreSQL 16)';
  if (provider === 'builtin' && major < 17) return 'the locale provider builtin (PostgreSQL 17)';
  if (provider === 'builtin' && locale.locale === 'PG_UNICODE_FAST' && major < 18)
    return 'locale "PG_UNICODE_FAST" (PostgreSQL 18)';
  for (const name of new Set([locale.collate, locale.ctype]))
    if (!(await knowsLocale(client, name))) return `locale "${name}"`;
  return undefined;
}

/** KOI8U; the encodings after it are for clients only (pg_wchar.h). */
const lastServerEncoding = 34;

/** invalid_parameter_value, and what is sent of a name that is no text there. */
const refusals: ReadonlySet<unknown> = new Set(['22023', '22021', '22P05']);

/** A locale of the machine is there in all its categories, and this one anybody may set. */
async function knowsLocale(client: Client, name: string): Promise<boolean> {
  try {
    // For this statement's transaction only.
    await client.query("select pg_catalog.set_config('lc_monetary', $1, true)", [name]);
    return true;
  } catch (error: unknown) {
    if (!refusals.has((error as { readonly code?: unknown }).code)) throw error;
    return false;
  }
}
