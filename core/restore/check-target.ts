import { type Client, DatabaseError } from 'pg';
import { PgproofError } from '../errors.ts';
import type { Manifest } from '../manifest/manifest.ts';
import { withConnection } from '../postgres/connect/connect.ts';
import { ConnectionFailed } from '../postgres/connect/connection-failed.ts';
import { type ConnectionParameters, describeServer } from '../postgres/connect/parameters.ts';
import { queryFailed } from '../postgres/connect/query-failed.ts';
import { lackingMoneyLocale, settingsTakenHere } from '../postgres/facts/dump-settings.ts';
import type { ServerFacts } from '../postgres/facts/server-facts.ts';
import { localeProblem } from '../postgres/pg-restore/new-database.ts';
import type { RestoreRequest } from './request.ts';

/** Databases that a new server has: one can be connected to while another is made. */
const maintenanceDatabases = ['postgres', 'template1'];

/** Connects to a server for what concerns all of it, such as making a database. */
export async function withServer<T>(
  target: ConnectionParameters,
  request: RestoreRequest,
  signal: AbortSignal,
  use: (client: Client, place: ConnectionParameters) => Promise<T>,
): Promise<T> {
  const { create, database } = request;
  const candidates = create ? maintenanceDatabases.filter((name) => name !== database) : [database];
  let first: unknown;
  for (const name of candidates) {
    try {
      const place = { ...target, database: name };
      return await withConnection(place, { signal }, (client) => use(client, place));
    } catch (error: unknown) {
      // What a manifest says of encoding and locale may be nothing that a server knows.
      if (error instanceof DatabaseError)
        throw queryFailed(`${describeServer(target)} refused a statement`, error);
      if (!(error instanceof ConnectionFailed)) throw error;
      first ??= error;
    }
  }
  throw first;
}

/**
 * Refuses what a restore must not write into. Changes nothing that stays.
 *
 * @returns whether the target is empty
 * @throws TargetRefused
 */
export async function checkTarget(
  client: Client,
  request: RestoreRequest,
  manifest: Manifest,
  server: ServerFacts,
): Promise<boolean> {
  const { database, create, intoNonEmpty } = request;
  if (server.inRecovery) {
    throw new TargetRefused({
      what: 'The server is a standby, which takes no changes',
      fix: 'Name its primary in --to.',
    });
  }
  await refuseOtherMoney(client, manifest);
  if (!create) {
    const found = await contentsOfTarget(client);
    if (!intoNonEmpty) refuseNonEmpty(database, found);
    return found.length === 0;
  }
  if (await databaseExists(client, database)) {
    throw new TargetRefused({
      what: `The database ${JSON.stringify(database)} is there already`,
      expected: 'a name that is free, for --create',
      fix: 'Name another one in --to, or leave --create out if it is empty.',
    });
  }
  const { encoding, locale } = manifest.server;
  const problem = await localeProblem(client, { encoding, locale });
  if (problem === undefined) return true;
  throw new TargetRefused({
    what: 'This server cannot make a database like the one that was backed up',
    got: problem.message,
    expected: problem.missing,
    fix: 'Install the locale there; or make the database yourself with another one, and restore into it without --create. What sorts by the locale, such as partitions by text, may then be refused.',
  });
}

/** @throws TargetRefused where the amounts of money would come out as others */
async function refuseOtherMoney(client: Client, { dump }: Manifest): Promise<void> {
  const locale = lackingMoneyLocale(dump, await settingsTakenHere(client, dump.settings ?? {}));
  if (locale === undefined) return;
  throw new TargetRefused({
    what: 'The backup holds amounts of money in a locale that this server does not have',
    got: 'under another one they would be refused, or become other amounts',
    expected: `lc_monetary = ${JSON.stringify(locale)}`,
    fix: 'Install that locale on the server, and start it again.',
  });
}

/** The target is not what a restore may write into; nothing was changed. */
export class TargetRefused extends PgproofError {
  override readonly name = 'TargetRefused';
}

async function databaseExists(client: Client, name: string): Promise<boolean> {
  const { rows } = await client.query('select 1 from pg_catalog.pg_database where datname = $1', [name]);
  return rows.length > 0;
}

/**
 * What the database that `client` is connected to holds already: tables, views, types, functions and schemas that are
 * neither the system's nor an extension's. Empty for a database that was just made.
 */
async function contentsOfTarget(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ what: string }>(`
    with theirs as (select classid, objid from pg_depend where deptype = 'e'),
         spaces as (select oid, nspname from pg_namespace
                     where nspname !~ '^pg_' and nspname <> 'information_schema')
    select * from (
      select 'schema ' || nspname as what from spaces
       where nspname <> 'public' and ('pg_namespace'::regclass, oid) not in (select classid, objid from theirs)
      union all
      select case relkind when 'v' then 'view ' when 'm' then 'materialized view ' when 'S' then 'sequence '
                          when 'f' then 'foreign table ' when 'i' then 'index ' when 'I' then 'index ' else 'table ' end
             || nspname || '.' || relname
        from pg_class c join spaces on spaces.oid = relnamespace
       where relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ('pg_class'::regclass, c.oid) not in (select classid, objid from theirs)
      union all
      select 'function ' || nspname || '.' || proname
        from pg_proc p join spaces on spaces.oid = pronamespace
       where ('pg_proc'::regclass, p.oid) not in (select classid, objid from theirs)
      union all
      select 'type ' || nspname || '.' || typname
        from pg_type t join spaces on spaces.oid = typnamespace
       where typtype in ('d', 'e', 'r') and ('pg_type'::regclass, t.oid) not in (select classid, objid from theirs)
      union all
      select 'large object ' || oid from pg_largeobject_metadata
    ) as found limit 4`);
  return rows.map(({ what }) => what);
}

/** @throws TargetRefused */
function refuseNonEmpty(database: string, found: readonly string[]): void {
  if (found.length === 0) return;
  const more = found.length > 3 ? ' and more' : '';
  throw new TargetRefused({
    what: `The database ${JSON.stringify(database)} is not empty`,
    got: `${found.slice(0, 3).join(', ')}${more}`,
    expected: 'a database without tables, types or functions of its own',
    fix: 'Restore into a new one: add --create and name it in --to. If you mean this one, add --into-non-empty.',
  });
}
