import type { Client } from 'pg';
import { type GlobalStatement, parseGlobals } from '../postgres/archive/globals-sql.ts';
import { unquoteIdentifier } from '../postgres/names.ts';
import { type Finding, few, lacking, TargetRefused } from './finding.ts';

/**
 * Refuses roles of globals.sql that may do more on the target than anybody may there now: superusers, roles that bypass
 * row-level security or replicate, members of such roles and of those that reach the machine's files and programs, and
 * leave to change the server's own configuration. Whoever made the backup, or may write into its store, would else decide
 * who rules the target. What is there already stays as it is anyway. Changes nothing.
 * @throws TargetRefused
 */
export async function refusePowers(client: Client, sql: string): Promise<void> {
  const target = await readTarget(client);
  const found = parseGlobals(sql).flatMap((statement) => powerIn(statement, target) ?? []);
  if (found.length === 0) return;
  const more = found.length > shownPowers ? `, and ${found.length - shownPowers} more` : '';
  throw new TargetRefused({
    what: 'The backup would make roles more powerful than any that the server has by those names',
    got: `${found.slice(0, shownPowers).join(', ')}${more}`,
    expected: 'roles without such rights',
    fix: 'If you trust whoever made the backup, add --allow-superusers (in an event: "allowSuperusers": true). Otherwise look at --globals print and make by hand the roles that you need.',
  });
}

/**
 * Superusers of globals.sql that the server lacks, where the role that restores is none itself: nobody else may make one,
 * whatever was allowed. Changes nothing.
 */
export async function findUnmakeable(client: Client, sql: string, keepGoing: boolean): Promise<Finding[]> {
  const { rows } = await client.query<{ name: string; superuser: boolean }>(
    'select current_user as name, rolsuper as superuser from pg_catalog.pg_roles where rolname = current_user',
  );
  const [role] = rows;
  if (role === undefined || role.superuser) return [];
  const target = await readTarget(client);
  const found = parseGlobals(sql).flatMap(({ kind, name, sql: text }) =>
    kind === 'alter role' && name !== undefined && !target.roles.has(name) && isSuperuserIn(text)
      ? [name]
      : [],
  );
  if (found.length === 0) return [];
  const problem = {
    what: `The role ${JSON.stringify(role.name)} is no superuser, and may not make superusers`,
    got: few(found),
    fix: 'Have a superuser make the roles (--globals-only); or make those that you need by hand (--globals print) and leave --globals apply out; or add --keep-going, which makes the others.',
  };
  return [lacking('powers', keepGoing, problem)];
}

function isSuperuserIn(sql: string): boolean {
  return new RegExp(`^ALTER ROLE ${identifier} WITH SUPERUSER`).test(sql);
}

const shownPowers = 5;

/** Members of these can become whoever runs the server, or read and write its files. */
const reachesMachine = [
  'pg_execute_server_program',
  'pg_write_server_files',
  'pg_read_server_files',
  'rds_superuser',
];

/** Libraries that are named here are loaded into the sessions of others. */
const loadsCode = ['session_preload_libraries', 'dynamic_library_path'];

type Target = {
  readonly roles: ReadonlySet<string>;
  /** Those whose members may do all that matters. */
  readonly powerful: ReadonlySet<string>;
  readonly superusers: ReadonlySet<string>;
  /** `member role` in JSON. */
  readonly memberships: ReadonlySet<string>;
  /** `role parameter right` in JSON. */
  readonly parameterRights: ReadonlySet<string>;
  readonly major: number;
};

/** What the statement would give that is not there, as a person says it. */
function powerIn(statement: GlobalStatement, target: Target): string | undefined {
  const { kind, name = '', sql } = statement;
  switch (kind) {
    case 'alter role':
      return target.roles.has(name) ? undefined : attributePower(name, sql, target);
    case 'grant role':
      return membershipPower(name, sql, target);
    case 'parameter rights':
      return parameterPower(sql, target);
    default:
      return undefined;
  }
}

const identifier = String.raw`(?:"(?:[^"]|"")+"|\w+)`;

function attributePower(name: string, sql: string, { major }: Target): string | undefined {
  const [, attributes = ''] = new RegExp(`^ALTER ROLE ${identifier} WITH ((?:[A-Z]+ ?)*)`).exec(sql) ?? [];
  const powers = [
    ['SUPERUSER', 'a superuser'],
    ['REPLICATION', 'which may replicate, so read everything'],
    ['BYPASSRLS', 'which bypasses row-level security'],
    // Before version 16 it may give anybody every role but a superuser's, those that run programs among them.
    ...(major < 16 ? [['CREATEROLE', 'which may make and change roles']] : []),
  ].flatMap(([word = '', meaning = '']) => (attributes.split(' ').includes(word) ? [meaning] : []));
  return powers.length === 0 ? undefined : `role ${JSON.stringify(name)}, ${powers.join(' and ')}`;
}

function membershipPower(granted: string, sql: string, target: Target): string | undefined {
  const [, written] = new RegExp(`^GRANT ${identifier} TO (${identifier})`).exec(sql) ?? [];
  if (written === undefined) return undefined;
  const member = unquoteIdentifier(written);
  const isPower = target.powerful.has(granted) || reachesMachine.includes(granted);
  const hasIt = target.superusers.has(member) || target.memberships.has(JSON.stringify([member, granted]));
  if (!isPower || hasIt) return undefined;
  return `role ${JSON.stringify(member)}, a member of ${JSON.stringify(granted)}`;
}

function parameterPower(sql: string, target: Target): string | undefined {
  const pattern = new RegExp(`^GRANT ([A-Z, ]+) ON PARAMETER (.+) TO (${identifier})(?: |$)`, 's');
  const [, rights = '', parameter = '', written] = pattern.exec(sql) ?? [];
  if (written === undefined) return undefined;
  const role = unquoteIdentifier(written);
  const name = unquoteIdentifier(parameter).toLowerCase();
  const isAll = rights.includes('ALL');
  const wanted = [
    ...(isAll || rights.includes('ALTER SYSTEM') ? ['ALTER SYSTEM'] : []),
    ...((isAll || /\bSET\b/.test(rights)) && loadsCode.includes(name) ? ['SET'] : []),
  ].filter((right) => !target.parameterRights.has(JSON.stringify([role, name, right])));
  if (wanted.length === 0 || target.superusers.has(role)) return undefined;
  return `role ${JSON.stringify(role)}, which may ${wanted.join(' and ')} ${name}`;
}

async function readTarget(client: Client): Promise<Target> {
  const { rows: roles } = await client.query<{ name: string; superuser: boolean; powerful: boolean }>(
    `select rolname as name, rolsuper as superuser, rolsuper or rolreplication or rolbypassrls as powerful
       from pg_catalog.pg_roles`,
  );
  const { rows: links } = await client.query<{ member: string; role: string }>(
    `select member.rolname as member, granted.rolname as role from pg_catalog.pg_auth_members link
       join pg_catalog.pg_roles member on member.oid = link.member
       join pg_catalog.pg_roles granted on granted.oid = link.roleid`,
  );
  const { rows: versions } = await client.query<{ major: number }>(
    "select pg_catalog.current_setting('server_version_num')::int / 10000 as major",
  );
  const major = versions[0]?.major ?? 0;
  const { rows: rights } =
    major < 15
      ? { rows: [] }
      : await client.query<{ role: string; parameter: string; right: string }>(
          `select role.rolname as role, parname as parameter, privilege_type as right
             from pg_catalog.pg_parameter_acl, pg_catalog.aclexplode(paracl)
             join pg_catalog.pg_roles role on role.oid = grantee`,
        );
  const namesOf = (found: readonly { readonly name: string }[]): Set<string> =>
    new Set(found.map(({ name }) => name));
  return {
    roles: namesOf(roles),
    superusers: namesOf(roles.filter(({ superuser }) => superuser)),
    powerful: namesOf(roles.filter(({ powerful }) => powerful)),
    memberships: new Set(links.map(({ member, role }) => JSON.stringify([member, role]))),
    parameterRights: new Set(
      rights.map(({ role, parameter, right }) => JSON.stringify([role, parameter, right])),
    ),
    major,
  };
}
