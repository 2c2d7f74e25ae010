import type { Client } from 'pg';

/**
 * Settings of server, database or role that show in the text of a dump and that pg_dump does not set itself: constants
 * of timestamptz in a definition are written in the session's TimeZone, amounts of money in its locale.
 */
const names = [
  'TimeZone',
  'lc_monetary',
  'quote_all_identifiers',
  'standard_conforming_strings',
  'bytea_output',
] as const;

/** What they are for whoever logs in as this role to this database, before the session changes anything. */
export async function readDumpSettings(client: Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; value: string }>(
    `select name, pg_catalog.current_setting(name) as value from pg_catalog.unnest($1::text[]) as t(name)`,
    [names],
  );
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
}

export type DumpSettings = Readonly<Record<string, string>>;

/**
 * The recorded settings that this server takes: a locale of the source's may be missing here, and a session that asks
 * for it would be refused. The value of any other is left for the server to refuse in words of its own. What is not one
 * of ours is left out: a manifest that was tampered with would have the session load a library.
 */
export async function settingsTakenHere(client: Client, settings: DumpSettings): Promise<DumpSettings> {
  const known = knownSettings(settings);
  const { lc_monetary: locale, ...others } = known;
  if (locale === undefined || (await takesLocale(client, locale))) return known;
  return others;
}

/** Of the settings in a manifest, those that a backup records. */
export function knownSettings(settings: DumpSettings): DumpSettings {
  return Object.fromEntries(
    Object.entries(settings).filter(([name]) => names.some((known) => known === name)),
  );
}

async function takesLocale(client: Client, locale: string): Promise<boolean> {
  try {
    // For this statement's transaction only.
    await client.query("select pg_catalog.set_config('lc_monetary', $1, true)", [locale]);
    return true;
  } catch (error: unknown) {
    if ((error as { readonly code?: unknown }).code !== invalidValue) throw error;
    return false;
  }
}

/** SQLSTATE invalid_parameter_value. */
const invalidValue = '22023';

/**
 * The locale that a server would have to have for the amounts of money in a dump to mean the same, where it does not
 * have it. Undefined where it has, where there is no money in it, and where the locale was not recorded.
 */
export function lackingMoneyLocale(
  dump: { readonly settings?: DumpSettings | undefined; readonly holdsMoney?: boolean | undefined },
  takenHere: DumpSettings,
): string | undefined {
  const locale = dump.settings?.lc_monetary;
  if (locale === undefined || takenHere.lc_monetary === locale || dump.holdsMoney === false) return undefined;
  return locale;
}
