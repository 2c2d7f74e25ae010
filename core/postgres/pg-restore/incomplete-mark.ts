import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, DatabaseError } from 'pg';
import { withConnection } from '../connect/connect.ts';
import type { ConnectionParameters } from '../connect/parameters.ts';
import { quoteIdentifier } from '../names.ts';
import { maintenanceDatabase } from './new-database.ts';

/*
 * A database that a restore made carries a mark until the restore ended well: a setting of the restoring role in that
 * database, which goes away with it. Not one of the database for all roles, as the archive may set those while it is made
 * (pg_dump writes ALTER DATABASE … SET), and two sessions at once would be refused. A superuser may set any name; for
 * others the server knows no name but its own, so theirs is the beginning of application_name.
 *
 * It also says which database it was set for, by number and name: settings come along where a database gets another name
 * and into use, and into a dump of it.
 */

const name = 'pgproof.incomplete';

/**
 * Marks a database as one that a restore made and has not ended.
 * @param client connected to any database of the server
 * @returns whether the server let it
 */
export async function markIncomplete(client: Client, database: string, since: Date): Promise<boolean> {
  const place = await placeOf(client, database);
  if (place === undefined) return false;
  // At the most 63 bytes together, as an application_name has.
  const mark = `${since.toISOString()} ${place}`;
  const start = `alter role session_user in database ${quoteIdentifier(database)} set`;
  for (const setting of [`${name} = '${mark}'`, `application_name = '${name} ${mark}'`]) {
    try {
      await client.query(`${start} ${setting}`);
      return true;
    } catch (error: unknown) {
      if (!(error instanceof DatabaseError)) throw error;
    }
  }
  return false;
}

/** What is the same of no other database, and not of this one under another name; undefined where there is none. */
async function placeOf(client: Client, database: string): Promise<string | undefined> {
  const { rows } = await client.query<{ oid: string }>(
    'select oid::text from pg_catalog.pg_database where datname = $1',
    [database],
  );
  const [found] = rows;
  if (found === undefined) return undefined;
  return createHash('sha256').update(`${found.oid} ${database}`).digest('hex').slice(0, 12);
}

type Mark = {
  readonly since: string;
  /** Of which database it speaks. */
  readonly place: string;
  readonly role: string | null;
  readonly setting: string;
};

/**
 * Any role may set things for itself in any database: what counts is a mark of this role's, of a superuser's, of the
 * database's owner, or one for all roles, which only its owner sets.
 */
async function marksOf(client: Client, database: string): Promise<Mark[]> {
  const { rows } = await client.query<Mark>(
    `select pg_catalog.split_part(item, '=', 1) as setting, role.rolname::text as role,
            pg_catalog.split_part(mark, ' ', 1) as since, pg_catalog.split_part(mark, ' ', 2) as place
       from pg_catalog.pg_db_role_setting own
       join pg_catalog.pg_database place on place.oid = own.setdatabase and place.datname = $1
       left join pg_catalog.pg_roles role on role.oid = own.setrole
      cross join lateral pg_catalog.unnest(own.setconfig) item
      cross join lateral pg_catalog.regexp_replace(item, '^.*?pgproof\\.incomplete[= ]', '') mark
      where (item like 'pgproof.incomplete=%' or item like 'application\\_name=pgproof.incomplete %')
        and (own.setrole = 0 or role.rolsuper or role.oid = place.datdba or role.rolname = session_user)`,
    [database],
  );
  return rows;
}

/** Since when a database carries the mark; undefined where it does not. */
export async function incompleteSince(client: Client, database: string): Promise<string | undefined> {
  const place = await placeOf(client, database);
  return (await marksOf(client, database)).find((mark) => mark.place === place)?.since;
}

/** Takes the mark away. @throws what the server says */
export async function removeMark(client: Client, database: string): Promise<void> {
  for (const { role, setting } of await marksOf(client, database)) {
    const of = role === null ? 'all' : quoteIdentifier(role);
    await client.query(`alter role ${of} in database ${quoteIdentifier(database)} reset ${setting}`);
  }
}

const pollMilliseconds = 5;

/**
 * Marks a database that another program is about to make, as soon as it is there.
 * @returns `stop`, to be called when that program has ended: marks what is not marked by then
 */
export function markWhenThere(
  target: ConnectionParameters,
  database: string,
  since: Date,
): { readonly stop: () => Promise<void> } {
  let isOver = false;
  const marking = withConnection(target, { database: maintenanceDatabase(database) }, async (client) => {
    for (;;) {
      const isLast = isOver;
      const { rows } = await client.query('select from pg_catalog.pg_database where datname = $1', [
        database,
      ]);
      if (rows.length > 0) {
        await markIncomplete(client, database, since);
        return;
      }
      if (isLast) return;
      await sleep(pollMilliseconds);
    }
    // It helps the next restore only: for want of it none fails.
  }).catch(() => undefined);
  return {
    stop: async () => {
      isOver = true;
      await marking;
    },
  };
}

/** Sessions in a database, as people tell them apart. */
export async function sessionsIn(client: Client, database: string): Promise<string[]> {
  const { rows } = await client.query<{ pid: number; role: string; application: string | null }>(
    `select pid, usename as role, nullif(application_name, '') as application
       from pg_catalog.pg_stat_activity where datname = $1 and usename is not null and pid <> pg_catalog.pg_backend_pid()
      order by pid`,
    [database],
  );
  return rows.map(
    ({ pid, role, application }) =>
      `${role}${application === null ? '' : ` (${application})`}, process ${pid}`,
  );
}

/**
 * Drops what carries the mark. Nobody is cut off: with others in it the server refuses.
 * @returns false where it does not carry the mark, and is left alone
 * @throws what the server says
 */
export async function dropIncomplete(client: Client, database: string): Promise<boolean> {
  if ((await incompleteSince(client, database)) === undefined) return false;
  const quoted = quoteIdentifier(database);
  const { rows } = await client.query(
    'select from pg_catalog.pg_database where datistemplate and datname = $1',
    [database],
  );
  if (rows.length > 0) await client.query(`alter database ${quoted} is_template false`);
  await client.query(`drop database ${quoted}`);
  return true;
}
