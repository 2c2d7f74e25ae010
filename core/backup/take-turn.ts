import type { Client } from 'pg';
import { PgproofError } from '../errors.ts';
import { oneLine } from '../text/one-line.ts';

/**
 * The advisory lock that a backup of a database holds, as `pg_locks` shows it: `classid` and `objid` are these two, and
 * `objsubid` is 2. They spell `pgpr` and `oof1`, so that no application comes by them with numbers of its own.
 */
export const backupLockKeys = { classid: 0x70677072, objid: 0x6f6f6631 } as const;

/** Another session is backing up the same database at this moment: nothing was taken. */
export class AlreadyRunning extends PgproofError {
  override readonly name = 'AlreadyRunning';
}

/**
 * Takes the turn of the one backup that a database may have at a time, whatever the source is called and wherever it
 * stores. To be called in the transaction that holds the snapshot. The server gives the turn back when that ends, also
 * where the connection just breaks, so a killed run is in nobody's way; and behind a pooler that hands connections on it
 * stays on none. The session need not have any right, and may be on a standby, which has locks of its own.
 *
 * @throws AlreadyRunning, which says who has it
 */
export async function takeTurn(client: Client, database: string): Promise<void> {
  if (await tryLock(client)) return;
  const holder = await readHolder(client);
  // It ended between the two questions.
  if (holder === undefined && (await tryLock(client))) return;
  const name = JSON.stringify(database);
  throw new AlreadyRunning({
    what: `Another backup of ${name} is running on this server, so none was taken`,
    got: holder === undefined ? 'a session that has ended meanwhile' : describeHolder(holder),
    expected: 'one at a time',
    fix:
      holder === undefined
        ? 'Run again.'
        : `Let it end, and give schedules that meet other times. Where it hangs, end it there, or on the server: select pg_terminate_backend(${holder.pid})`,
  });
}

async function tryLock(client: Client): Promise<boolean> {
  const { classid, objid } = backupLockKeys;
  const { rows } = await client.query<{ mine: boolean }>(
    'select pg_catalog.pg_try_advisory_xact_lock($1::int4, $2::int4) as mine',
    [classid, objid],
  );
  return rows[0]?.mine === true;
}

type Holder = {
  readonly pid: number;
  readonly user: string | null;
  readonly application: string | null;
  readonly address: string | null;
  /** Null for who may not see other roles' sessions. */
  readonly since: Date | null;
};

async function readHolder(client: Client): Promise<Holder | undefined> {
  const { classid, objid } = backupLockKeys;
  const { rows } = await client.query<Holder>(
    `select own.pid, session.usename::text as "user", session.application_name as application,
            pg_catalog.host(session.client_addr) as address, coalesce(session.xact_start, session.backend_start) as since
       from pg_catalog.pg_locks own left join pg_catalog.pg_stat_activity session on session.pid = own.pid
      where own.locktype = 'advisory' and own.granted and own.classid = $1::oid and own.objid = $2::oid
        and own.objsubid = 2
        and own.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
      limit 1`,
    [classid, objid],
  );
  return rows[0];
}

/** Its names are anybody's text. */
function describeHolder({ pid, user, application, address, since }: Holder): string {
  const quoted = (text: string): string => oneLine(JSON.stringify(text), { limit: 100 });
  return [
    `process ${pid} of the server has its turn`,
    ...(application === null || application === '' ? [] : [`application ${quoted(application)}`]),
    ...(user === null ? [] : [`role ${quoted(user)}`]),
    ...(address === null ? [] : [`from ${address}`]),
    ...(since === null ? [] : [`since ${since.toISOString()}`]),
  ].join(', ');
}
