import type { Client } from 'pg';
import { nameListSettings, quoteIdentifier } from '../names.ts';

/** What a database is set to, apart from what is in it. Names and values as they are. */
export type DatabaseDescription = {
  readonly name: string;
  readonly owner: string;
  /** -1: none. */
  readonly connectionLimit: number;
  readonly isTemplate: boolean;
  readonly comment: string | null;
  readonly labels: readonly { readonly provider: string; readonly label: string }[];
  /** Null where nobody ever granted or revoked anything. A grantee of null is everybody. */
  readonly grants:
    | readonly { readonly grantee: string | null; readonly privilege: string; readonly grantable: boolean }[]
    | null;
  /** `name=value`, for every session or those of a role. */
  readonly settings: readonly { readonly role: string | null; readonly assignment: string }[];
};

/** Must be read in the database itself, whose name is kept as bytes of whoever made it. */
export async function describeDatabase(client: Client): Promise<DatabaseDescription> {
  const { rows } = await client.query<{ description: DatabaseDescription }>(`
    select jsonb_build_object('name', own.datname, 'owner', pg_get_userbyid(own.datdba),
      'connectionLimit', own.datconnlimit, 'isTemplate', own.datistemplate,
      'comment', (select remark.description from pg_shdescription remark
                   where remark.classoid = 'pg_database'::regclass and remark.objoid = own.oid),
      'labels', (select coalesce(jsonb_agg(jsonb_build_object('provider', one.provider, 'label', one.label)
                                           order by one.provider collate "C"), '[]')
                   from pg_shseclabel one where one.classoid = 'pg_database'::regclass and one.objoid = own.oid),
      'grants', case when own.datacl is not null then
         (select coalesce(jsonb_agg(to_jsonb(held) order by held.grantee collate "C" nulls first,
                                    held.privilege collate "C"), '[]')
            from (select case when one.grantee <> 0 then pg_get_userbyid(one.grantee) end::text as grantee,
                         one.privilege_type as privilege, bool_or(one.is_grantable) as grantable
                    from aclexplode(own.datacl) one group by 1, 2) held) end,
      'settings', (select coalesce(jsonb_agg(jsonb_build_object(
                            'role', case when setting.setrole <> 0 then pg_get_userbyid(setting.setrole) end,
                            'assignment', assignment) order by setting.setrole, place), '[]')
                     from pg_db_role_setting setting
                    cross join lateral unnest(setting.setconfig) with ordinality as t(assignment, place)
                    where setting.setdatabase = own.oid)) as description
      from pg_database own where own.datname = current_database()`);
  const [row] = rows;
  if (row === undefined) throw new Error('one is always connected to a database');
  if (JSON.stringify(row.description).includes('\ufffd'))
    throw new Error('its name or a value is in no encoding that can be read');
  return row.description;
}

/**
 * The same as SQL, to be run in the database by psql or by hand: what pg_dump writes of a database into every format
 * but plain SQL. Not its name, locale and encoding, which CREATE DATABASE has to say.
 */
export function databaseSql(description: DatabaseDescription): Buffer {
  const { name, owner, connectionLimit, isTemplate, comment, labels, grants, settings } = description;
  const database = quoteIdentifier(name);
  const lines = [`ALTER DATABASE ${database} OWNER TO ${quoteIdentifier(owner)}`];
  if (comment !== null) lines.push(`COMMENT ON DATABASE ${database} IS ${literal(comment)}`);
  for (const { provider, label } of labels)
    lines.push(
      `SECURITY LABEL FOR ${quoteIdentifier(provider)} ON DATABASE ${database} IS ${literal(label)}`,
    );
  if (connectionLimit !== -1) lines.push(`ALTER DATABASE ${database} CONNECTION LIMIT ${connectionLimit}`);
  for (const { role, assignment } of settings) {
    const whose =
      role === null ? `DATABASE ${database}` : `ROLE ${quoteIdentifier(role)} IN DATABASE ${database}`;
    lines.push(`ALTER ${whose} SET ${setting(assignment)}`);
  }
  if (grants !== null) {
    lines.push(
      `REVOKE ALL ON DATABASE ${database} FROM PUBLIC`,
      `REVOKE ALL ON DATABASE ${database} FROM ${quoteIdentifier(owner)}`,
      ...grants.map(
        ({ grantee, privilege, grantable }) =>
          `GRANT ${privilege} ON DATABASE ${database} TO ${grantee === null ? 'PUBLIC' : quoteIdentifier(grantee)}${grantable ? ' WITH GRANT OPTION' : ''}`,
      ),
    );
  }
  if (isTemplate) lines.push(`ALTER DATABASE ${database} IS_TEMPLATE true`);
  return Buffer.from(
    `${header}${["SET client_encoding = 'UTF8'", ...lines].map((line) => `${line};\n`).join('')}`,
  );
}

const header =
  '-- Owner, grants and settings of the database itself: run it with psql in the restored database.\n';

function setting(assignment: string): string {
  const at = assignment.indexOf('=');
  const name = assignment.slice(0, at);
  const value = assignment.slice(at + 1);
  const values = nameListSettings.includes(name.toLowerCase()) && value !== '' ? namesOf(value) : [value];
  return `${quoteIdentifier(name)} TO ${values.map(literal).join(', ')}`;
}

/** `"$user", public` */
function namesOf(list: string): string[] {
  return [...list.matchAll(/"((?:[^"]|"")*)"|[^\s,"]+/g)].map(([whole, quoted]) =>
    quoted === undefined ? whole : quoted.replaceAll('""', '"'),
  );
}

/** Read the same whatever standard_conforming_strings says. */
function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? `E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
