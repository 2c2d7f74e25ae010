import type { Client } from 'pg';
import { type Finding, refusedBy, TargetRefused } from '../finding.ts';
import type { RestoreRequest } from '../request.ts';

type Rights = {
  readonly role: string;
  readonly may_make_databases: boolean;
  readonly may_make_schemas: boolean;
  /** Undefined where there is no such schema. */
  readonly is_empty: boolean | null;
  readonly may_fill: boolean | null;
};

/** The same as {@link checkBeside}, for who asks before. */
export async function besideFindings(client: Client, request: RestoreRequest): Promise<Finding[]> {
  if (request.intoSchema === undefined) return [];
  try {
    await checkBeside(client, request, request.intoSchema);
    return [];
  } catch (error: unknown) {
    if (error instanceof TargetRefused) return [refusedBy('database', error)];
    throw error;
  }
}

/**
 * Whether a database that is in use can get the schema, and the server the temporary database. Changes nothing.
 * @param schema that is to be filled
 * @throws TargetRefused
 */
async function checkBeside(client: Client, request: RestoreRequest, schema: string): Promise<void> {
  const { rows } = await client.query<Rights>(
    `select current_user as role, r.rolsuper or r.rolcreatedb as may_make_databases,
            pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE') as may_make_schemas,
            not exists (select from pg_catalog.pg_depend d
                         where d.refclassid = 'pg_catalog.pg_namespace'::regclass and d.refobjid = n.oid
                           and d.deptype in ('n', 'e')) as is_empty,
            pg_catalog.has_schema_privilege(n.oid, 'CREATE') as may_fill
       from pg_catalog.pg_roles r left join pg_catalog.pg_namespace n on n.nspname = $1
      where r.rolname = current_user`,
    [schema],
  );
  const rights = rows[0];
  if (rights === undefined) throw new Error('a session has a role');
  const { role, may_make_databases, may_make_schemas, is_empty, may_fill } = rights;
  const isThere = may_fill !== null;
  if (isThere && is_empty !== true) {
    throw new TargetRefused({
      what: `The schema ${JSON.stringify(schema)} is there, and is not empty`,
      got: `in ${JSON.stringify(request.database)}`,
      expected: 'a schema that is new or empty, for --into-schema',
      fix: 'Name another one.',
    });
  }
  if (!may_make_databases) {
    throw new TargetRefused({
      what: `The role ${JSON.stringify(role)} may make no databases`,
      expected: 'CREATEDB: --into-schema restores into a temporary database first, and drops it again',
      fix: `Have somebody run ALTER ROLE … CREATEDB for it, or name another role in --to.`,
    });
  }
  if (isThere ? !may_fill : !may_make_schemas) {
    throw new TargetRefused({
      what: `The role ${JSON.stringify(role)} may make ${isThere ? 'nothing in that schema' : 'no schema in that database'}`,
      got: JSON.stringify(isThere ? schema : request.database),
      expected: isThere ? 'CREATE on the schema' : 'CREATE on the database',
      fix: 'Have its owner grant it, or name another role in --to.',
    });
  }
}

/** Whether the schema is there; then it is empty, and is filled as it is. */
export async function schemaExists(client: Client, schema: string): Promise<boolean> {
  const { rows } = await client.query('select from pg_catalog.pg_namespace where nspname = $1', [schema]);
  return rows.length > 0;
}
