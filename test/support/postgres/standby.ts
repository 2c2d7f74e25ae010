import { chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import { chooseOsUser } from '../../../core/postgres/server/os-user.ts';
import { startServerProcess } from '../../../core/postgres/server/process.ts';
import { runSql, withOwnServer } from './servers.ts';

/**
 * A database `app` on a server that is a hot standby: the server that made it is ended in the middle of its work, and
 * started again in recovery, which it does not leave. Nothing streams to it; to its clients it is as any other.
 * @param sql run in `app` before
 */
export async function withStandby<T>(
  major: number,
  sql: string,
  use: (parameters: ConnectionParameters) => Promise<T>,
): Promise<T> {
  const settings = { wal_level: 'replica', max_wal_senders: '2', hot_standby: 'on' };
  return await withOwnServer(major, { settings }, async (server) => {
    const { directory, tools } = server;
    const parameters = { ...server.parameters, database: 'app' };
    await runSql(server.parameters, 'create database app');
    await runSql(parameters, sql);
    // Tables that are on the disk before the log ends are there whatever the log replays.
    await runSql(parameters, 'checkpoint');
    await server.kill();
    const data = join(directory, 'data');
    const osUser = await chooseOsUser();
    await rm(join(data, 'postmaster.pid'), { force: true });
    await writeFile(join(data, 'standby.signal'), '');
    if (osUser !== undefined) await chown(join(data, 'standby.signal'), osUser.uid, osUser.gid);
    const options = { tools, osUser, directory, data, sandbox: undefined, signal: undefined };
    const standby = await startServerProcess(options);
    try {
      return await use(parameters);
    } finally {
      await standby.stop();
    }
  });
}
