import type { Client } from 'pg';
import { nameDecoder } from '../postgres/facts/encodings.ts';
import { withRawNames } from '../postgres/facts/raw-names.ts';
import type { ServerFacts } from '../postgres/facts/server-facts.ts';

/** What a server has, and what the role that restores may do there. */
export type TargetFacts = {
  readonly role: {
    readonly name: string;
    readonly isSuperuser: boolean;
    /** One of a managed service, which may do some of what else only superusers may. */
    readonly isAdmin: boolean;
    readonly mayCreateDatabases: boolean;
    readonly mayCreateRoles: boolean;
    /** Roles that are made get their maker as a member that may become them (PostgreSQL 16, createrole_self_grant). */
    readonly becomesRolesItMakes: boolean;
    /** Its own connections; undefined where there is no limit. */
    readonly connectionsLeft: number | undefined;
  };
  /** Every role by name, and whether ours may become it. */
  readonly roles: ReadonlyMap<string, boolean>;
  /** Every tablespace, and whether our role may put something there. */
  readonly tablespaces: ReadonlyMap<string, boolean>;
  readonly extensions: ReadonlyMap<string, AvailableExtension>;
  /** Free for a role like ours, of the whole server. */
  readonly connectionsLeft: number;
  /** Of the database that is connected to. */
  readonly database: {
    readonly connectionsLeft: number | undefined;
    readonly mayCreate: boolean;
    /** Whether something may be made in schema public; undefined where there is none. */
    readonly mayCreateInPublic: boolean | undefined;
  };
};

export type AvailableExtension = {
  readonly version: string;
  readonly isInstalled: boolean;
  /** Whether a role that may create in the database may create it. */
  readonly isForAll: boolean;
};

/** Roles of managed services that stand in for a superuser. */
const admins = ['rds_superuser', 'cloudsqlsuperuser', 'alloydbsuperuser', 'azure_pg_admin', 'neon_superuser'];

/**
 * Needs no rights beyond connecting. Changes nothing.
 * @param encoding of the database that was backed up: names of roles are compared as it reads them
 */
export async function readTargetFacts(
  client: Client,
  { major }: Pick<ServerFacts, 'major'>,
  encoding: string,
): Promise<TargetFacts> {
  const { rows: roles } = await client.query<{
    name: string;
    superuser: boolean;
    admin: boolean;
    databases: boolean;
    roles: boolean;
    self: string;
    role_limit: number;
    used: number;
  }>(
    `select rolname as name, rolsuper as superuser, rolcreatedb as databases, rolcreaterole as roles,
            exists (select from pg_catalog.pg_roles known where known.rolname = any ($1)
                       and pg_catalog.pg_has_role(current_user, known.oid, 'member')) as admin,
            coalesce(pg_catalog.current_setting('createrole_self_grant', true), '') as self,
            rolconnlimit as role_limit,
            (select count(*)::int from pg_catalog.pg_stat_activity where usename = session_user) as used
       from pg_catalog.pg_roles where rolname = current_user`,
    [admins],
  );
  const own = roles[0];
  if (own === undefined) throw new Error('every session has a role');
  const isSuperuser = own.superuser;
  const { rows: extensions } = await client.query<{
    name: string;
    version: string | null;
    installed: boolean;
    all: boolean;
  }>(
    `select extension.name, extension.default_version as version, extension.installed_version is not null as installed,
            coalesce(version.trusted or not version.superuser, false) as all
       from pg_catalog.pg_available_extensions extension
       left join pg_catalog.pg_available_extension_versions version
            on version.name = extension.name and version.version = extension.default_version`,
  );
  const { rows: places } = await client.query<{
    free: number;
    free_here: number | null;
    creates: boolean;
    public: boolean | null;
  }>(connectionsAndRights(major));
  const place = places[0];
  return {
    role: {
      name: own.name,
      isSuperuser,
      isAdmin: own.admin,
      mayCreateDatabases: isSuperuser || own.databases,
      mayCreateRoles: isSuperuser || own.roles,
      becomesRolesItMakes: isSuperuser || own.self.includes('set'),
      connectionsLeft: isSuperuser || own.role_limit < 0 ? undefined : own.role_limit - own.used,
    },
    ...(await readSharedNames(client, major, encoding)),
    extensions: new Map(
      extensions.map(({ name, version, installed, all }) => [
        name,
        { version: version ?? '', isInstalled: installed, isForAll: all },
      ]),
    ),
    connectionsLeft: place?.free ?? 0,
    database: {
      connectionsLeft: isSuperuser ? undefined : (place?.free_here ?? undefined),
      mayCreate: place?.creates ?? false,
      mayCreateInPublic: place?.public ?? undefined,
    },
  };
}

async function readSharedNames(
  client: Client,
  major: number,
  encoding: string,
): Promise<Pick<TargetFacts, 'roles' | 'tablespaces'>> {
  // A membership may be without leave to become the role, since PostgreSQL 16.
  const become = major >= 16 ? 'set' : 'member';
  const { rows } = await withRawNames(client, () =>
    client.query<{ kind: string; name: Buffer; may: boolean }>(
      `select 'role' as kind, textsend(rolname::text) as name, pg_has_role(current_user, oid, '${become}') as may
         from pg_catalog.pg_roles
       union all
       select 'tablespace', textsend(spcname::text), has_tablespace_privilege(oid, 'create') from pg_catalog.pg_tablespace`,
    ),
  );
  const decode = nameDecoder(encoding);
  const ofKind = (wanted: string): Map<string, boolean> =>
    new Map(rows.filter(({ kind }) => kind === wanted).map(({ name, may }) => [decode(name), may]));
  return { roles: ofKind('role'), tablespaces: ofKind('tablespace') };
}

/** What is kept for superusers is not ours; since PostgreSQL 16 some may be kept for other roles too. */
function connectionsAndRights(major: number): string {
  const kept =
    major >= 16
      ? `+ case when pg_catalog.pg_has_role(current_user, 'pg_use_reserved_connections', 'usage') then 0
           else pg_catalog.current_setting('reserved_connections')::int end`
      : '';
  return `
    select pg_catalog.current_setting('max_connections')::int
           - case when pg_catalog.current_setting('is_superuser') = 'on' then 0
             else pg_catalog.current_setting('superuser_reserved_connections')::int ${kept} end
           - (select coalesce(sum(numbackends), 0)::int from pg_catalog.pg_stat_database) as free,
           case when own.datconnlimit >= 0 then own.datconnlimit
             - (select numbackends from pg_catalog.pg_stat_database used where used.datid = own.oid) end as free_here,
           pg_catalog.has_database_privilege(own.oid, 'create') as creates,
           (select pg_catalog.has_schema_privilege(oid, 'create') from pg_catalog.pg_namespace
             where nspname = 'public') as public
      from pg_catalog.pg_database own where own.datname = pg_catalog.current_database()`;
}
