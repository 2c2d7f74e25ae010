import { UsageError } from '../errors.ts';
import { quoteIdentifier } from '../postgres/names.ts';

export type BackupRole = {
  readonly name: string;
  /**
   * `auto`: pg_read_all_data where the server has it (PostgreSQL 14), else a grant on every table. `each`: a grant on
   * every table in any case, for who may not give pg_read_all_data.
   */
  readonly grants?: 'auto' | 'each' | undefined;
};

/** What a name may have in bytes: NAMEDATALEN - 1. */
const mostNameBytes = 63;

/**
 * SQL for a role that can back up everything and has no right to write: for psql and any other client, as often as one
 * likes, on every version. Part of it is about the database that it is run in, so it is to be run in each. There is no
 * password in it.
 *
 * @throws UsageError for a name that no role can have
 */
export function backupRoleSql({ name, grants = 'auto' }: BackupRole): string {
  checkRoleName(name);
  const role = literal(name);
  const one = block(ofCluster(role));
  const two = block(ofDatabase(role, grants));
  return `-- A role for backups with pgproof: it reads everything, and has no right to write anything.
-- Run it as a superuser (on a managed service as its administrator) in every database that is to be backed up,
-- and once more whenever it says so below: \`psql --dbname=app --file=role.sql\`. Running it again changes nothing.
-- It sets no password. In psql: \\password ${quoteIdentifier(name)} (the server gets a SCRAM hash, never the password
-- itself); on RDS with IAM authentication: grant rds_iam to ${quoteIdentifier(name)}
-- What it tells are notices and warnings: let your client show them.

${one}

${two}
`;
}

/** @throws UsageError */
function checkRoleName(name: string): void {
  const isReserved = /^pg_/.test(name) || name === 'public' || name === 'none' || name === '';
  const isLong = Buffer.byteLength(name) > mostNameBytes;
  if (!isReserved && !isLong && !/\p{C}/u.test(name)) return;
  throw new UsageError({
    what: 'That is no name for a role',
    got: JSON.stringify(name),
    expected: `1 to ${mostNameBytes} bytes on one line; not public, none, or what begins with pg_`,
    fix: 'Choose another, such as pgproof.',
  });
}

/** The same whatever standard_conforming_strings is. */
function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return text.includes('\\') ? `E${quoted}` : quoted;
}

/**
 * A DO block, in quotes that nothing in it ends. Its first statement sets the search_path: the database's owner may have
 * one with operators that would run with the rights of whoever runs this.
 */
function block(body: string): string {
  let tag = '$pgproof$';
  for (let more = 1; body.includes(tag); more += 1) tag = `$pgproof${more}$`;
  return `do ${tag}\n${body.trim()}\n${tag};`;
}

/**
 * The connections are as many as --jobs and --parallel need at most in common use. An attribute that is not to be
 * changed is not named: on managed services even that is a superuser's.
 */
function ofCluster(role: string): string {
  return `
declare
  backup constant name := ${role};
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog', true);
  if not exists (select from pg_catalog.pg_roles where rolname = backup) then
    execute pg_catalog.format('create role %I with login inherit', backup);
  end if;
  if exists (select from pg_catalog.pg_roles
              where rolname = backup and (rolsuper or rolcreaterole or rolcreatedb or rolreplication)) then
    raise exception 'the role % may do more than read: choose a name that nobody has', pg_catalog.quote_ident(backup);
  end if;
  execute pg_catalog.format('alter role %I with login inherit connection limit 40', backup);
  -- Belt and braces: it can be switched off again, its rights are what counts.
  execute pg_catalog.format('alter role %I set default_transaction_read_only = on', backup);
  begin
    execute pg_catalog.format('alter role %I with bypassrls', backup);
  exception when insufficient_privilege then
    raise warning 'BYPASSRLS cannot be given here: the backup of a database with row-level security fails, and names the table';
  end;
end`;
}

function ofDatabase(role: string, grants: 'auto' | 'each'): string {
  const isEach =
    grants === 'each' ? 'true' : "pg_catalog.current_setting('server_version_num')::int < 140000";
  return `
declare
  backup constant name := ${role};
  db constant name := pg_catalog.current_database();
  one record;
  refused int := 0;
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog', true);
  if not pg_catalog.has_database_privilege(backup, db, 'connect') then
    execute pg_catalog.format('grant connect on database %I to %I', db, backup);
  end if;
  if ${isEach} then
    for one in select nspname from pg_catalog.pg_namespace
                where nspname !~ '^pg_' and nspname <> 'information_schema' loop
      begin
        execute pg_catalog.format('grant usage on schema %I to %I', one.nspname, backup);
        execute pg_catalog.format('grant select on all tables in schema %I to %I', one.nspname, backup);
        execute pg_catalog.format('grant select on all sequences in schema %I to %I', one.nspname, backup);
      exception when insufficient_privilege then
        refused := refused + 1;
      end;
    end loop;
    -- For what is made later, by those who have made something here.
    for one in select distinct owner.rolname
                 from (select relowner as role from pg_catalog.pg_class where oid >= 16384
                       union select nspowner from pg_catalog.pg_namespace where oid >= 16384) made
                 join pg_catalog.pg_roles owner on owner.oid = made.role where owner.rolname <> backup loop
      begin
        execute pg_catalog.format('alter default privileges for role %I grant usage on schemas to %I', one.rolname, backup);
        execute pg_catalog.format('alter default privileges for role %I grant select on tables to %I', one.rolname, backup);
        execute pg_catalog.format('alter default privileges for role %I grant select on sequences to %I', one.rolname, backup);
      exception when insufficient_privilege then
        refused := refused + 1;
      end;
    end loop;
    raise notice 'in database %: run this again when another role begins to make tables here', pg_catalog.quote_ident(db);
  elsif not pg_catalog.pg_has_role(backup, 'pg_read_all_data', 'usage') then
    execute pg_catalog.format('grant pg_read_all_data to %I', backup);
  end if;
  -- Not among what pg_read_all_data reads.
  for one in select oid from pg_catalog.pg_largeobject_metadata loop
    begin
      execute pg_catalog.format('grant select on large object %s to %I', one.oid, backup);
    exception when insufficient_privilege then
      refused := refused + 1;
    end;
  end loop;
  if exists (select from pg_catalog.pg_largeobject_metadata) then
    raise notice 'in database %: run this again after new large objects: nobody reads those without a grant of their own',
      pg_catalog.quote_ident(db);
  end if;
  if refused > 0 then
    raise warning 'in database %: % grants were refused; run this as the owner of what is there, or as a superuser',
      pg_catalog.quote_ident(db), refused;
  end if;
  -- What everybody may do no grant takes from one role alone, and applications may need it.
  if pg_catalog.has_database_privilege(backup, db, 'temporary') then
    raise notice 'in database %: everybody may make temporary tables, this role too (revoke temporary on database % from public)',
      pg_catalog.quote_ident(db), pg_catalog.quote_ident(db);
  end if;
  for one in select nspname from pg_catalog.pg_namespace
              where nspname !~ '^pg_' and pg_catalog.has_schema_privilege(backup, oid, 'create') loop
    raise notice 'in database %: this role may make tables in schema % (revoke create on schema % from public)',
      pg_catalog.quote_ident(db), pg_catalog.quote_ident(one.nspname), pg_catalog.quote_ident(one.nspname);
  end loop;
end`;
}
