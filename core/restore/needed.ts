import type { Manifest, Needs } from '../manifest/manifest.ts';
import { canCreateItself } from '../postgres/pg-restore/new-database.ts';
import { isPartial, type RestoreRequest } from './request.ts';

/** What of `manifest.needs` a restore really uses. */
export type Needed = {
  /** That become owners, and that the restoring role has to be able to become. */
  readonly owners: readonly string[];
  /** All that must be there, owners among them. */
  readonly roles: readonly string[];
  /** Those that are named by what --no-owner and --no-privileges do not leave out: a policy, for instance. */
  readonly unavoidable: readonly string[];
  readonly tablespaces: readonly string[];
};

/** Whether the database is made under its own name, with its owner, grants and settings. */
export function isItself({ create, database, selection }: RestoreRequest, manifest: Manifest): boolean {
  return create && database === manifest.database && !isPartial(selection) && selection.part !== 'data';
}

/** Whether pg_restore makes the database, and not a statement of ours. */
export function isMadeByArchive(request: RestoreRequest, manifest: Manifest): boolean {
  return (
    request.database === manifest.database &&
    manifest.dump.format !== 'plain' &&
    !isPartial(request.selection) &&
    canCreateItself(manifest)
  );
}

/** Uses of a role that --no-owner or --no-privileges leaves out. */
const leftOutByFlags: ReadonlySet<string> = new Set([
  'owner',
  'database owner',
  'grant',
  'default privileges',
  'database grant',
]);

/**
 * @param needs of the whole backup, or of the part that is restored; what the flags leave out may be in it
 */
export function neededBy(request: RestoreRequest, manifest: Manifest, needs: Needs): Needed {
  const { part, owners, privileges } = request.selection;
  const itself = isItself(request, manifest);
  const isUsed = (use: string): boolean => {
    switch (use) {
      case 'owner':
        return owners && part !== 'data';
      case 'grant':
      case 'default privileges':
        return privileges && part !== 'data';
      case 'database owner':
        return itself && owners;
      case 'database grant':
        return itself && privileges;
      case 'database setting':
        return itself;
      case 'database':
        return itself && isMadeByArchive(request, manifest);
      default:
        return part !== 'data';
    }
  };
  const named = (list: Needs['roles'], wanted: (use: string) => boolean): string[] =>
    list.filter(({ as }) => as.some((use) => isUsed(use) && wanted(use))).map(({ name }) => name);
  return {
    owners: named(needs.roles, (use) => use === 'owner' || use === 'database owner'),
    roles: named(needs.roles, () => true),
    unavoidable: named(needs.roles, (use) => !leftOutByFlags.has(use)),
    tablespaces: named(needs.tablespaces, () => true),
  };
}
