import type { Client } from 'pg';

/** A setting that a restore speaks under, whatever the database, the role or the server say. */
export type RestoreSetting = {
  readonly name: string;
  readonly value: string;
  /** Only a superuser may set it. */
  readonly superuser?: true;
};

/**
 * What would change the meaning of a dump, or keep it from being loaded, where ALTER DATABASE … SET, which is restored
 * with the database and in force from then on, says otherwise. Not among them: what pg_dump writes at the beginning of
 * its scripts (timeouts, standard_conforming_strings, xmloption, row_security), and what the values were valid under
 * at the source (DateStyle, TimeZone).
 *
 * README and docs/restore.md name the same, as one PGOPTIONS.
 */
export const restoreSettings: readonly RestoreSetting[] = [
  // pg_dump writes {a,NULL,b}; switched off, the NULL would become a text.
  { name: 'array_nulls', value: 'on' },
  // Switched on, `x = NULL` in a view or a check would be stored as `x IS NULL`.
  { name: 'transform_null_equals', value: 'off' },
  { name: 'default_transaction_read_only', value: 'off' },
  // Under the others a job may fail for what another one did.
  { name: 'default_transaction_isolation', value: 'read committed' },
  { name: 'default_transaction_deferrable', value: 'off' },
  // Else all would be done with that role's rights, and belong to it.
  { name: 'role', value: 'none' },
  // As replica, foreign keys would not be checked.
  { name: 'session_replication_role', value: 'origin', superuser: true },
];

/** As PGOPTIONS has it: spaces and backslashes in values are escaped (libpq, `options`), or another option began there. */
export function optionsOf(settings: readonly { readonly name: string; readonly value: string }[]): string {
  return settings.map(({ name, value }) => `-c ${name}=${value.replace(/[\\\s]/g, '\\$&')}`).join(' ');
}

/** Those of the settings that the role may set. */
export async function permittedRestoreSettings(client: Client): Promise<readonly RestoreSetting[]> {
  const { rows } = await client.query<{ superuser: boolean }>(
    "select pg_catalog.current_setting('is_superuser') = 'on' as superuser",
  );
  return restoreSettings.filter(({ superuser }) => superuser === undefined || rows[0]?.superuser === true);
}
