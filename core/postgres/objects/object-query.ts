import { nameListSettings } from '../names.ts';

/**
 * What a kind of object looks like as a query. It gives for every object that pg_dump would write: `classid` and
 * `objid` as in pg_depend, `owner` (an OID, or null where no owner is dumped), `acl`, `preset` (the acl that an object
 * has whose own is null; null where the kind has no grants), and `definition` (jsonb, without OIDs or anything else that
 * a restore does not bring back; SQL that the server wrote from a parse tree lies under keys called `sql`).
 */
export type ObjectKind = (serverMajor: number, isSuperuser: boolean) => string | undefined;

export const noOwner = 'null::oid as owner';
export const noGrants = 'null::aclitem[] as acl, null::aclitem[] as preset';

/** Schemas whose objects are dumped: pg_dump leaves out the system's own. */
export const dumpedSchemas = `(select oid, nspname from pg_namespace
  where nspname !~ '^pg_' and nspname <> 'information_schema')`;

/** The first OID that initdb does not give. */
export const firstUserOid = 16_384;

/** `expression` on servers that have it. */
export function since(wanted: number, serverMajor: number, expression: string): string {
  return serverMajor >= wanted ? expression : 'null';
}

/** A text array whose order means nothing, as sorted JSON. */
export function sorted(array: string): string {
  return `(select jsonb_agg(item order by item collate "C") from unnest(${array}) item)`;
}

/**
 * `name=value`, as it is stored for a database, a role or a function. The server stores a list of names quoted as the
 * session had it: where quote_all_identifiers was on, all of them. Needs a session in which that is off.
 */
export function settingOf(assignment: string): string {
  const value = `substr(${assignment}, strpos(${assignment}, '=') + 1)`;
  return `case when lower(split_part(${assignment}, '=', 1)) in (${nameListSettings.map((name) => `'${name}'`).join(', ')})
    then split_part(${assignment}, '=', 1) || '=' || coalesce((
      select string_agg(case when part.item ~ '^"[a-z_][a-z0-9_]*"$' then quote_ident(btrim(part.item, '"')) else part.item end,
                        ', ' order by part.place)
        from regexp_split_to_table(${value}, ', ') with ordinality part(item, place)), '')
    else ${assignment} end`;
}

/** SQL that the server made from a parse tree; see canonicalSql. */
export function deparsed(expression: string): string {
  return `jsonb_build_object('sql', ${expression})`;
}

/** A schema's object by its name, null for OID 0. */
export function named(catalog: string, prefix: string, oid: string): string {
  return `(select jsonb_build_array(named_schema.nspname, named.${prefix}name) from ${catalog} named
            join pg_namespace named_schema on named_schema.oid = named.${prefix}namespace where named.oid = ${oid})`;
}

/**
 * Which role may do what. Not the role that granted it: it only matters for revoking, and pg_dump writes the owner in
 * place of a grantor that has lost the right since. 'PUBLIC' is null.
 */
function grants(acl: string): string {
  return `(select jsonb_agg(jsonb_build_array(held.grantee, held.privilege, held.grantable)
                            order by held.grantee collate "C", held.privilege collate "C")
             from (select case when one.grantee <> 0 then pg_get_userbyid(one.grantee) end::text as grantee,
                          one.privilege_type as privilege, bool_or(one.is_grantable) as grantable
                     from aclexplode(${acl}) one group by 1, 2) held)`;
}

/** Null where they are those that a new object has, whether that is written down or not. */
export function grantsOf(acl: string, preset: string): string {
  return `case when ${acl} is not null then nullif(coalesce(${grants(acl)}, '[]'), coalesce(${grants(preset)}, '[]')) end`;
}

/** Of an object or, with its number, of a column. Most databases have none, and then nothing is looked up. */
export function labelsOf(classid: string, objid: string, subid: string): string {
  return `case when (select exists (select from pg_seclabel)) then
            (select jsonb_object_agg(label.provider, label.label) from pg_seclabel label
              where label.classoid = ${classid} and label.objoid = ${objid} and label.objsubid = ${subid}) end`;
}

/** Whether an object came with an extension, which makes it again: pg_dump writes no definition of it. */
export function isMember(classid: string, objid: string): string {
  return `exists (select from pg_depend member
                   where member.classid = ${classid} and member.objid = ${objid}
                     and member.objsubid = 0 and member.deptype = 'e')`;
}

/** All objects of a kind that belong to no extension, by the server's own names for them. */
export function objectsOfKind(kindSql: string): string {
  return `
    select named.type, named.identity, object.classid::oid || ' ' || object.objid as key, jsonb_build_object(
             'definition', object.definition,
             'owner', case when object.owner is not null then pg_get_userbyid(object.owner) end,
             'grants', ${grantsOf('object.acl', 'object.preset')},
             'comment', case when named.type = 'schema' and named.identity = 'public'
                             then nullif(remark.description, 'standard public schema') else remark.description end,
             'labels', ${labelsOf('object.classid', 'object.objid', '0')})::text as definition
      from (${kindSql}) object
     cross join lateral pg_identify_object(object.classid, object.objid, 0) named
      left join pg_description remark on remark.classoid = object.classid and remark.objoid = object.objid
           and remark.objsubid = 0
     where named.identity is not null
       and not ${isMember('object.classid', 'object.objid')}`;
}
