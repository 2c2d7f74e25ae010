import { Option } from 'commander';
import { type BackupRole, backupRoleSql } from '../core/source/backup-role-sql.ts';

export type RoleFlags = { readonly role?: string | true; readonly roleGrants?: BackupRole['grants'] };

const defaultRole = 'pgproof';

/** Flags of `init` that are about the role which backs up. */
export function roleOptions(): Option[] {
  return [
    new Option(
      '--role [name]',
      `the SQL of a role that reads everything and writes nothing (${defaultRole} unless named)`,
    ).conflicts(['systemd', 'cron']),
    new Option(
      '--role-grants <how>',
      'with --role: pg_read_all_data where there is one (auto), or a grant on every table (each)',
    )
      .choices(['auto', 'each'])
      .default('auto'),
  ];
}

/** That SQL, for psql and other clients; undefined where nobody asked for it. @throws UsageError for a name that no role can have */
export function roleSql({ role, roleGrants }: RoleFlags): string | undefined {
  if (role === undefined) return undefined;
  return backupRoleSql({ name: role === true ? defaultRole : role, grants: roleGrants });
}
