import type { Client } from 'pg';
import { steadySession } from '../connect/steady-session.ts';
import { nameDecoder } from '../facts/encodings.ts';
import { withRawNames } from '../facts/raw-names.ts';
import { grantsOf, settingOf, sorted } from './object-query.ts';

/** What a role, a tablespace or a parameter is like, in words that are the same on every server of a major. */
export type GlobalState = {
  readonly kind: 'role' | 'tablespace' | 'parameter';
  readonly name: string;
  /** `login`, `member of team with admin option`; null where it changed while it was read. */
  readonly facts: readonly string[] | null;
};

/**
 * Attributes, memberships, settings and comments of the roles, owners, options and grants of the tablespaces, and grants
 * of parameters: what pg_dumpall --globals-only writes, but for passwords, as the catalogs have it. Settings of a role
 * within a database are the database's (pg_dump writes them). The values of settings as hashes: some keep secrets there.
 * Needs no rights beyond connecting.
 *
 * @param encoding of the database that reads their names; they are the same bytes in every database
 */
export async function readGlobalState(client: Client, encoding: string): Promise<GlobalState[]> {
  // How names in settings are quoted depends on the session.
  await steadySession(client);
  const { rows } = await client.query<{ major: number }>(
    "select current_setting('server_version_num')::int / 10000 as major",
  );
  type Row = { kind: GlobalState['kind']; name: Buffer; fact: Buffer | null };
  const found = await withRawNames(client, () => client.query<Row>(stateQuery(rows[0]?.major ?? 0)));
  const decode = nameDecoder(encoding);
  const states = new Map<string, { kind: GlobalState['kind']; name: string; facts: string[] }>();
  for (const row of found.rows) {
    const { kind } = row;
    const name = decode(row.name);
    const fact = row.fact && decode(row.fact);
    const key = `${kind} ${name}`;
    const state = states.get(key) ?? { kind, name, facts: [] };
    states.set(key, state);
    if (fact !== null) state.facts.push(fact);
  }
  return [...states.values()];
}

function stateQuery(major: number): string {
  // Which role granted a membership counts since PostgreSQL 16, and so do options of each.
  const grant =
    major >= 16
      ? `case when link.admin_option then ' with admin option' else '' end
         || case when link.inherit_option then '' else ' without inherit' end
         || case when link.set_option then '' else ' without set' end || ' granted by ' || grantor.rolname`
      : `case when link.admin_option then ' with admin option' else '' end`;
  const attributes = [
    ['rolsuper', 'superuser'],
    ['not rolinherit', 'no inherit'],
    ['rolcreaterole', 'create role'],
    ['rolcreatedb', 'create database'],
    ['rolcanlogin', 'login'],
    ['rolreplication', 'replication'],
    ['rolbypassrls', 'bypass row-level security'],
  ].map(([condition, word]) => `(case when ${condition} then '${word}' end)`);
  const parameters =
    major >= 15
      ? `union all
    select 'parameter', parname, 'grants ' || (${grantsOf('paracl', "acldefault('p', 10)")})::text from pg_parameter_acl`
      : '';
  return `
    select kind, textsend(name::text) as name, textsend(fact) as fact from (
      select 'role' as kind, rolname as name, word as fact
        from pg_roles cross join lateral (values ${attributes.join(', ')},
          (case when rolconnlimit <> -1 then 'connection limit ' || rolconnlimit end),
          (case when isfinite(rolvaliduntil)
                then to_char(rolvaliduntil at time zone 'UTC', '"valid until "YYYY-MM-DD HH24:MI:SS BC" UTC"') end)) state (word)
      union all
      select 'role', member.rolname, 'member of ' || granted.rolname || ${grant}
        from pg_auth_members link
        join pg_roles member on member.oid = link.member
        join pg_roles granted on granted.oid = link.roleid
        left join pg_roles grantor on grantor.oid = link.grantor
      union all
      select 'role', role.rolname, 'setting ' || split_part(assignment, '=', 1) || ' of value '
             || to_hex(hashtextextended(substr(assignment, strpos(assignment, '=')) collate "C", 0))
        from pg_db_role_setting own join pg_roles role on role.oid = own.setrole
       cross join lateral unnest(own.setconfig) stored
       cross join lateral (select ${settingOf('stored')} as assignment) read_alike
       where own.setdatabase = 0
      union all
      select 'role', role.rolname, 'comment ' || remark.description
        from pg_shdescription remark join pg_roles role on role.oid = remark.objoid
       where remark.classoid = 'pg_authid'::regclass
      union all
      select 'tablespace', space.spcname, word
        from pg_tablespace space
        left join pg_roles owner on owner.oid = space.spcowner
        left join pg_shdescription remark on remark.classoid = 'pg_tablespace'::regclass and remark.objoid = space.oid
       cross join lateral (values ('owner ' || owner.rolname),
          ('options ' || ${sorted('space.spcoptions')}::text),
          ('grants ' || (${grantsOf('space.spcacl', "acldefault('t', space.spcowner)")})::text),
          ('comment ' || remark.description)) state (word)
      ${parameters}
    ) everything
    where name !~ '^pg_'
    order by kind, name collate "C", fact collate "C"`;
}

/**
 * What two readings agree on, one before pg_dumpall ran and one after it, of the roles and tablespaces that it wrote:
 * pg_dumpall reads at an instant of its own.
 */
export function steadyGlobalState(
  before: readonly GlobalState[],
  after: readonly GlobalState[],
  { roles, tablespaces }: { readonly roles: readonly string[]; readonly tablespaces: readonly string[] },
): GlobalState[] {
  const written = new Set([
    ...roles.map((name) => `role ${name}`),
    ...tablespaces.map((name) => `tablespace ${name}`),
  ]);
  const later = new Map(after.map((state) => [keyOf(state), state]));
  return before.flatMap((state) => {
    const then = later.get(keyOf(state));
    if (then === undefined || (state.kind !== 'parameter' && !written.has(keyOf(state)))) return [];
    return [JSON.stringify(then.facts) === JSON.stringify(state.facts) ? state : { ...state, facts: null }];
  });
}

/** How roles and tablespaces differ from what was recorded of them, one line each. */
export function globalDifferences(recorded: readonly GlobalState[], found: readonly GlobalState[]): string[] {
  const there = new Map(found.map((state) => [keyOf(state), state]));
  return recorded.flatMap((state) => {
    const got = there.get(keyOf(state));
    // SQL_ASCII lets text through that no other encoding can hold.
    if (JSON.stringify(state).includes('\ufffd')) return [];
    if (state.facts === null || (got === undefined && state.kind !== 'parameter')) return [];
    const now = got?.facts ?? [];
    const { facts } = state;
    return [
      ...facts.filter((fact) => !now.includes(fact)).map((fact) => `${keyOf(state)} has lost: ${fact}`),
      ...now.filter((fact) => !facts.includes(fact)).map((fact) => `${keyOf(state)} was not so: ${fact}`),
    ];
  });
}

function keyOf({ kind, name }: GlobalState): string {
  return `${kind} ${name}`;
}
