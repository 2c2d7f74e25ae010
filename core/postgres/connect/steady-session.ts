import type { Client } from 'pg';
import { english } from './language.ts';
import type { ConnectionParameters } from './parameters.ts';
import { optionsOf, restoreSettings } from './restore-settings.ts';

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

/**
 * What a restored database says about the sessions in it (ALTER DATABASE … SET) must not change or end ours; a
 * client's own settings come before those.
 */
export function overrideDatabaseSettings(
  parameters: ConnectionParameters,
  major: number,
): ConnectionParameters {
  const settings = [
    ...restoreSettings,
    english,
    { name: 'statement_timeout', value: '0' },
    { name: 'lock_timeout', value: '0' },
    { name: 'idle_in_transaction_session_timeout', value: '0' },
    // Triggers at login are a part of the database, and may refuse it.
    ...(major >= 17
      ? [
          { name: 'event_triggers', value: 'off' },
          { name: 'transaction_timeout', value: '0' },
        ]
      : []),
    ...(major >= 14 ? [{ name: 'idle_session_timeout', value: '0' }] : []),
  ];
  return { ...parameters, options: optionsOf(settings) };
}

/** Sessions that load nothing of what the database asks for (session_preload_libraries, local_preload_libraries). */
export function withoutSessionLibraries(parameters: ConnectionParameters): ConnectionParameters {
  const none = optionsOf(
    ['session_preload_libraries', 'local_preload_libraries'].map((name) => ({ name, value: '' })),
  );
  return { ...parameters, options: [parameters.options, none].filter(Boolean).join(' ') };
}
