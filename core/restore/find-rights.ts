import type { Manifest } from '../manifest/manifest.ts';
import { plural } from '../text/units.ts';
import { type Finding, lacking } from './finding.ts';
import { isPartial, type RestoreRequest } from './request.ts';
import type { TargetFacts } from './target-facts.ts';

/** Connections of a restore beside those of its jobs: the one that watches, and the one that has just ended. */
const otherConnections = 2;

/** Objects that only a superuser makes, as pg_identify_object calls their types. */
const forSuperusers: ReadonlySet<string> = new Set([
  'access method',
  'event trigger',
  'foreign-data wrapper',
  'operator class',
  'operator family',
  'text search parser',
  'text search template',
]);

/** What the role that restores may not do. @param makesRoles whether globals.sql makes some */
export function rightFindings(
  request: RestoreRequest,
  { catalog = [], tables }: Manifest,
  { role, database }: TargetFacts,
  makesRoles: boolean,
): Finding[] {
  const { create, keepGoing = false, intoNonEmpty, selection } = request;
  if (role.isSuperuser) return [{ subject: 'rights', status: 'ok', detail: `${role.name} is a superuser` }];
  const found: Finding[] = [];
  const name = JSON.stringify(role.name);
  if (create && !role.mayCreateDatabases)
    found.push(
      lacking('rights', false, {
        what: `The role ${name} may not make a database`,
        got: 'NOCREATEDB',
        fix: `Let it (ALTER ROLE … CREATEDB), or have somebody make an empty database that belongs to it, and restore into that without --create.`,
      }),
    );
  if (makesRoles && !role.mayCreateRoles)
    found.push(
      lacking('rights', keepGoing, {
        what: `The role ${name} may not make roles`,
        got: 'NOCREATEROLE',
        fix: 'Have the roles made by another one (--globals-only), or leave owners and rights out with --no-owner --no-privileges.',
      }),
    );
  const isWhole = !isPartial(selection) && selection.part !== 'data';
  const special = isWhole ? catalog.filter(({ type }) => forSuperusers.has(type)) : [];
  if (special.length > 0) {
    const named = special.slice(0, 5).map(({ type, identity }) => `${type} ${identity}`);
    const more = special.length > named.length ? ` and ${special.length - named.length} more` : '';
    const got = `${named.join(', ')}${more}`;
    found.push(
      role.isAdmin
        ? { subject: 'rights', status: 'unknown', detail: `whether this service lets ${name} make ${got}` }
        : lacking('rights', keepGoing, {
            what: `The role ${name} may not make what only a superuser makes`,
            got,
            fix: 'Restore as a superuser; or restore all else with --keep-going.',
          }),
    );
  }
  // What a database holds already need not be made.
  if (!create && !intoNonEmpty && request.intoSchema === undefined && isWhole) {
    const schemas = new Set(tables.map(({ schema }) => schema));
    if (schemas.has('public') && database.mayCreateInPublic === false)
      found.push(
        lacking('rights', keepGoing, {
          what: `The role ${name} may make nothing in schema public of ${JSON.stringify(request.database)}`,
          fix: 'Restore as the owner of that database, or grant it that (GRANT CREATE ON SCHEMA public TO …).',
        }),
      );
    if ([...schemas].some((schema) => schema !== 'public') && !database.mayCreate)
      found.push(
        lacking('rights', keepGoing, {
          what: `The role ${name} may make no schema in ${JSON.stringify(request.database)}`,
          fix: 'Restore as the owner of that database, or grant it that (GRANT CREATE ON DATABASE … TO …).',
        }),
      );
  }
  return found.length > 0
    ? found
    : [{ subject: 'rights', status: 'ok', detail: `${role.name} may make what it needs to` }];
}

/** @param jobs at the most */
export function connectionFindings(request: RestoreRequest, facts: TargetFacts, jobs: number): Finding[] {
  const { role, database } = facts;
  const wanted = jobs + otherConnections;
  const limits = [
    { left: role.connectionsLeft, whose: `for the role ${JSON.stringify(role.name)}` },
    {
      left: request.create ? undefined : database.connectionsLeft,
      whose: `in ${JSON.stringify(request.database)}`,
    },
  ];
  const tight = limits.find(({ left }) => left !== undefined && left < wanted);
  const free = Math.max(0, facts.connectionsLeft);
  const detail = `${free} are free on this server, ${wanted} are wanted`;
  // Those of others on the server come and go; a limit stays.
  if (tight === undefined)
    return [{ subject: 'connections', status: free < wanted ? 'warning' : 'ok', detail }];
  const left = Math.max(0, tight.left ?? 0);
  const most = left - otherConnections;
  return [
    lacking('connections', request.keepGoing ?? false, {
      what: `There are too few connections ${tight.whose} for ${plural(jobs, 'job')}`,
      got: `${left} are free`,
      expected: `${wanted}`,
      fix:
        most >= 1
          ? `Add --jobs ${most}, or raise the limit.`
          : 'Raise the limit, or end sessions that are not needed.',
    }),
  ];
}
