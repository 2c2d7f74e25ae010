import type { Manifest } from '../manifest/manifest.ts';
import type { AppliedGlobals } from '../postgres/pg-restore/apply-globals.ts';
import { plural } from '../text/units.ts';

/** What became of the roles and tablespaces of globals.sql. */
export function globalsNotes(
  { roles, tablespaces, existing }: Pick<AppliedGlobals, 'roles' | 'tablespaces' | 'existing'>,
  { globals }: Manifest,
): string[] {
  const notes = [`${plural(roles.length, 'role')} and ${plural(tablespaces.length, 'tablespace')} were made`];
  if (roles.length > 0 && !globals.rolePasswords)
    notes.push(
      'the roles that were made have no passwords, as the backup holds none: set new ones (ALTER ROLE … PASSWORD …)',
    );
  if (existing.length > 0)
    notes.push(`left as they were: ${existing.slice(0, 10).join(', ')}${existing.length > 10 ? ', …' : ''}`);
  return notes;
}
