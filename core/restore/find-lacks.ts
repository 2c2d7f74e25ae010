import type { Manifest } from '../manifest/manifest.ts';
import { plural } from '../text/units.ts';
import { type Finding, few, lacking } from './finding.ts';
import type { Needed } from './needed.ts';
import type { RestoreRequest } from './request.ts';
import type { TargetFacts } from './target-facts.ts';

/**
 * The roles that a restore names: whether they are there or will be made, and whether the role that restores may give them
 * what they own.
 * @param made by globals.sql, where that is applied first
 */
export function roleFindings(
  request: RestoreRequest,
  { owners, roles, unavoidable }: Needed,
  facts: TargetFacts,
  made: readonly string[],
): Finding[] {
  const keepGoing = request.keepGoing ?? false;
  const isMade = new Set(made);
  const missing = roles.filter((name) => !facts.roles.has(name) && !isMade.has(name));
  const missingOwners = missing.filter((name) => owners.includes(name));
  const { role } = facts;
  const unbecome = role.isSuperuser ? [] : owners.filter((name) => facts.roles.get(name) === false);
  const found: Finding[] = [
    missing.length === 0
      ? { subject: 'roles', status: 'ok', detail: `${plural(roles.length, 'role')} that it names` }
      : lacking('roles', keepGoing, {
          what: `This server lacks ${plural(missing.length, 'role')} that the backup names`,
          got: few(missing),
          expected:
            missingOwners.length === 0
              ? 'those that are granted something, or named in a policy'
              : 'every owner, and whoever is granted something',
          fix: fixForRoles(
            missing.filter((name) => unavoidable.includes(name)),
            missingOwners.length === missing.length ? '--no-owner' : '--no-owner --no-privileges',
          ),
        }),
  ];
  if (unbecome.length > 0)
    found.push(
      lacking('membership', keepGoing, {
        what: `The role ${JSON.stringify(role.name)} may not give objects to their owners`,
        got: `it cannot become ${few(unbecome)} (SET ROLE)`,
        fix: `Grant it those roles (GRANT … TO …), restore as a superuser, or let everything belong to ${JSON.stringify(role.name)} with --no-owner.`,
      }),
    );
  const new_ =
    role.isSuperuser || role.becomesRolesItMakes
      ? []
      : owners.filter((name) => !facts.roles.has(name) && isMade.has(name));
  if (new_.length > 0)
    found.push({
      subject: 'membership',
      status: 'unknown',
      detail: `whether ${JSON.stringify(role.name)} may become ${few(new_)} once they are made`,
    });
  return found;
}

/** @param unavoidable of those that are missing: no flag does without them */
function fixForRoles(unavoidable: readonly string[], flags: string): string {
  const make = 'Make what is missing with --globals apply, or by hand';
  const event = '(in an event: "applyGlobals", "noOwner", "noPrivileges")';
  return unavoidable.length === 0
    ? `${make}; or leave owners and rights out with ${flags} ${event}.`
    : `${make} (CREATE ROLE). Policies and the like name ${few(unavoidable)}, which no flag leaves out; --no-owner and --no-privileges do without the others ${event}, and --keep-going restores all that needs none of them.`;
}

/** @param extensions that are to be made */
export function extensionFindings(
  request: RestoreRequest,
  extensions: Manifest['extensions'],
  facts: TargetFacts,
): Finding[] {
  const keepGoing = request.keepGoing ?? false;
  const { role } = facts;
  const of = (name: string): ReturnType<TargetFacts['extensions']['get']> => facts.extensions.get(name);
  const names = extensions.map(({ name }) => name);
  const missing = names.filter((name) => of(name) === undefined);
  const isThere = (name: string): boolean => !request.create && of(name)?.isInstalled === true;
  const forOthers = names.filter((name) => of(name)?.isForAll === false && !isThere(name));
  const found: Finding[] = [];
  if (missing.length > 0)
    found.push(
      lacking('extensions', keepGoing, {
        what: `This server does not offer ${plural(missing.length, 'extension')} that the backup needs`,
        got: few(missing),
        expected: 'all of them in pg_available_extensions',
        fix: 'Install what is missing on the server (on a managed one, allow it); or restore all else with --keep-going.',
      }),
    );
  if (forOthers.length > 0 && !role.isSuperuser) {
    const problem = {
      what: `The role ${JSON.stringify(role.name)} may not make ${plural(forOthers.length, 'extension')} that the backup needs`,
      got: `${few(forOthers)}, which only a superuser makes`,
      fix: 'Restore as a superuser; or have one make them in the database first, and restore into it with --into-non-empty.',
    };
    found.push(
      role.isAdmin
        ? {
            subject: 'extensions',
            status: 'unknown',
            detail: `whether this service lets ${JSON.stringify(role.name)} make ${few(forOthers)}`,
          }
        : lacking('extensions', keepGoing, problem),
    );
  }
  const others = extensions.filter(
    ({ name, version }) => of(name) !== undefined && of(name)?.version !== version,
  );
  if (others.length > 0)
    found.push({
      subject: 'extensions',
      status: 'warning',
      detail: `of another version than at the source: ${others
        .slice(0, 5)
        .map(({ name, version }) => `${name} ${of(name)?.version} (was ${version})`)
        .join(', ')}`,
    });
  if (found.length === 0)
    found.push({
      subject: 'extensions',
      status: 'ok',
      detail: `${plural(names.length, 'extension')} that it needs`,
    });
  return found;
}

/** @param made by globals.sql, where that is applied first */
export function tablespaceFindings(
  request: RestoreRequest,
  { tablespaces }: Needed,
  facts: TargetFacts,
  made: readonly string[],
): Finding[] {
  if (tablespaces.length === 0) return [];
  const keepGoing = request.keepGoing ?? false;
  const missing = tablespaces.filter((name) => !facts.tablespaces.has(name) && !made.includes(name));
  const closed = tablespaces.filter((name) => facts.tablespaces.get(name) === false);
  const found: Finding[] = [];
  if (missing.length > 0)
    found.push(
      lacking('tablespaces', keepGoing, {
        what: `This server lacks ${plural(missing.length, 'tablespace')} that the backup names`,
        got: few(missing),
        fix: 'Make what is missing (CREATE TABLESPACE), or let --globals apply make it in the directory that it had.',
      }),
    );
  if (closed.length > 0)
    found.push(
      lacking('tablespaces', keepGoing, {
        what: `The role ${JSON.stringify(facts.role.name)} may put nothing into a tablespace that the backup names`,
        got: few(closed),
        fix: 'Grant it that (GRANT CREATE ON TABLESPACE … TO …), or restore as a superuser.',
      }),
    );
  const detail = `${plural(tablespaces.length, 'tablespace')} that it names`;
  return found.length > 0 ? found : [{ subject: 'tablespaces', status: 'ok', detail }];
}
