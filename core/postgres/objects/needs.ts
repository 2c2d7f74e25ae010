import type { Client } from 'pg';
import type { Needs } from '../../manifest/manifest.ts';
import { nameDecoder } from '../facts/encodings.ts';
import { withRawNames } from '../facts/raw-names.ts';
import { codeKinds } from './code.ts';
import { databaseKinds } from './database.ts';
import { dumpedSchemas, firstUserOid, isMember } from './object-query.ts';
import { tableKinds } from './tables.ts';

/**
 * What a dump of the whole database names and does not make: roles that own something, are granted something, or are
 * named in a policy, and tablespaces. In the client's snapshot, where it has one. From the catalogs themselves, as
 * pg_shdepend has no entry of the role that initdb made. Needs no rights beyond connecting.
 *
 * @param dump.encoding of the database, in which it reads their names
 * @param dump.pgDumpMajor of the pg_dump that writes it: since version 15 it gives schema public its owner
 */
export async function readNeeds(
  client: Client,
  { encoding, pgDumpMajor }: { readonly encoding: string; readonly pgDumpMajor: number },
): Promise<Needs> {
  const { rows } = await client.query<{ major: number; superuser: boolean }>(
    `select pg_catalog.current_setting('server_version_num')::int / 10000 as major,
            pg_catalog.current_setting('is_superuser')::bool as superuser`,
  );
  const { major = 0, superuser = false } = rows[0] ?? {};
  const kinds = [...tableKinds, ...codeKinds, ...databaseKinds].flatMap(
    (kind) => kind(major, superuser) ?? [],
  );
  type Row = { kind: 'role' | 'tablespace'; name: Buffer; as: string };
  const found = await withRawNames(client, () => client.query<Row>(needsQuery(kinds, pgDumpMajor)));
  const decode = nameDecoder(encoding);
  const ofKind = (wanted: Row['kind']): Needs['roles'] => {
    const uses = new Map<string, string[]>();
    for (const { kind, name, as } of found.rows)
      if (kind === wanted) uses.set(decode(name), [...(uses.get(decode(name)) ?? []), as]);
    return [...uses].map(([name, as]) => ({ name, as }));
  };
  return { roles: ofKind('role'), tablespaces: ofKind('tablespace') };
}

/** What one list of grants has and the other has not, either way: `REVOKE … FROM owner` is written too. */
function differences(acl: string, preset: string): string {
  const items = (list: string): string =>
    `select item.grantee, item.privilege_type, item.is_grantable from aclexplode(${list}) item`;
  return `((${items(acl)} except ${items(preset)}) union all (${items(preset)} except ${items(acl)}))`;
}

/** @param kinds see ObjectKind */
function needsQuery(kinds: readonly string[], pgDumpMajor: number): string {
  const objects = kinds.map(
    (
      sql,
    ) => `select object.classid::oid as classid, object.objid as objid, object.owner, object.acl, object.preset
      from (${sql}) object where not ${isMember('object.classid', 'object.objid')}`,
  );
  return `
  with spaces as (${dumpedSchemas}),
  own as (select * from pg_database where datname = current_database()),
  objects (classid, objid, owner, acl, preset) as (
    ${objects.join('\n    union all\n    ')}
    union all
    select 'pg_largeobject_metadata'::regclass, large.oid, large.lomowner, large.lomacl, acldefault('L', large.lomowner)
      from pg_largeobject_metadata large),
  granted (owner, acl, preset) as (
    select owner, acl, preset from objects where classid <> 'pg_default_acl'::regclass and acl is not null
    union all
    select relation.relowner, field.attacl, first.initprivs
      from pg_attribute field join pg_class relation on relation.oid = field.attrelid
      left join pg_init_privs first on first.classoid = 'pg_class'::regclass and first.objoid = relation.oid
           and first.objsubid = field.attnum
     where field.attacl is not null
    union all
    -- Of the system and of extensions pg_dump writes what was granted since they were made.
    select relation.relowner, relation.relacl, first.initprivs
      from pg_class relation join pg_init_privs first
           on first.classoid = 'pg_class'::regclass and first.objoid = relation.oid and first.objsubid = 0
     where relation.relacl is not null
    union all
    select relation.relowner, relation.relacl, acldefault(case when relkind = 'S' then 's' else 'r' end::"char", relation.relowner)
      from pg_class relation
     where relation.relacl is not null
       and (relation.oid < ${firstUserOid} or ${isMember("'pg_class'::regclass", 'relation.oid')})
       and not exists (select from pg_init_privs first where first.classoid = 'pg_class'::regclass
                          and first.objoid = relation.oid and first.objsubid = 0)
    union all
    select routine.proowner, routine.proacl, coalesce(first.initprivs, acldefault('f', routine.proowner))
      from pg_proc routine left join pg_init_privs first
           on first.classoid = 'pg_proc'::regclass and first.objoid = routine.oid
     where routine.proacl is not null
       and (routine.oid < ${firstUserOid} or ${isMember("'pg_proc'::regclass", 'routine.oid')})),
  defaults as (
    select entry.defaclrole, entry.defaclacl as acl,
           case when entry.defaclnamespace = 0
                then acldefault(case entry.defaclobjtype when 'S' then 's' else entry.defaclobjtype end::"char", entry.defaclrole)
                end as preset
      from pg_default_acl entry),
  held (role, use) as (
    select owner, 'owner' from objects
     where not (classid = 'pg_namespace'::regclass
                and objid = (select oid from pg_namespace where nspname = 'public') and ${pgDumpMajor < 15})
    union
    select one.grantee, 'grant' from granted, lateral ${differences('granted.acl', 'granted.preset')} one
    union
    select item.grantor, 'grant' from granted, lateral aclexplode(granted.acl) item
     where item.grantor <> granted.owner
       and (item.grantor, item.grantee, item.privilege_type) not in (
             select preset.grantor, preset.grantee, preset.privilege_type from aclexplode(granted.preset) preset)
    union
    select role, 'policy' from pg_policy policy, lateral unnest(policy.polroles) role
    union
    select umuser, 'user mapping' from pg_user_mappings
    union
    select defaclrole, 'default privileges' from defaults
    union
    select one.grantee, 'default privileges' from defaults, lateral ${differences('defaults.acl', 'defaults.preset')} one
    union
    select datdba, 'database owner' from own
    union
    select one.grantee, 'database grant'
      from own, lateral ${differences('own.datacl', "acldefault('d', own.datdba)")} one where own.datacl is not null
    union
    select setting.setrole, 'database setting' from pg_db_role_setting setting join own on own.oid = setting.setdatabase)
  select 'role' as kind, textsend(role.rolname::text) as name, held.use as "as"
    from held join pg_roles role on role.oid = held.role
   where role.rolname <> 'pg_database_owner'
  union all
  select 'tablespace', textsend(space.spcname::text), placed.use
    from (select reltablespace as place, 'table' as use from pg_class relation
           where relnamespace in (select oid from spaces) and relpersistence <> 't'
             and not ${isMember("'pg_class'::regclass", 'relation.oid')}
          union select dattablespace, 'database' from own) placed
    join pg_tablespace space on space.oid = placed.place and space.spcname <> 'pg_default'
   order by 1, 2, 3`;
}
