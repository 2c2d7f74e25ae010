import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import {
  type PrivateServer,
  type PrivateServerOptions,
  withPrivateServer,
} from '../../../core/postgres/server/private-server.ts';
import { askShared } from '../run/shared.ts';
import { serverTools } from './programs.ts';
import type { TestServer } from './shared-servers.ts';

export type { TestServer } from './shared-servers.ts';

/** Every major on hand, oldest first: `describe.each(testMajors())`. */
export function testMajors(): number[] {
  return inject('testMajors');
}

/** The oldest and the newest, for tests that take long and hardly depend on the version; all of them in a long run. */
export function outerMajors(): number[] {
  const all = testMajors();
  return process.env.PGPROOF_TEST_LONG ? all : [...new Set([Math.min(...all), Math.max(...all)])];
}

/** The newest major on hand, for tests that do not depend on the version. */
export function newestMajor(): number {
  return Math.max(...testMajors());
}

/**
 * The server of this major that all tests of a run share; started when it is first asked for. Do not harm it: a
 * test that stops or reconfigures a server takes one of its own ({@link withOwnServer}).
 */
export async function sharedServer(major: number): Promise<TestServer> {
  return askShared<TestServer>(inject('sharedAddress'), 'server', String(major));
}

/** A server for one test alone; it may be killed. */
export async function withOwnServer<T>(
  major: number,
  options: Partial<PrivateServerOptions>,
  use: (server: PrivateServer) => Promise<T>,
): Promise<T> {
  return withPrivateServer({ tools: await serverTools(major), ...options }, use);
}

export type TestDatabase = {
  readonly name: string;
  readonly server: TestServer;
  /** As superuser, by socket, to this database. */
  readonly parameters: ConnectionParameters;
  /** As superuser, by TCP with password, to this database. */
  readonly tcpParameters: ConnectionParameters;
  /** The same as a URL, password included. */
  readonly url: string;
  readonly query: <Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) => Promise<Row[]>;
};

export type TestDatabaseOptions = {
  /** Default: a name that no other test has. */
  readonly name?: string | undefined;
  /** Run in the new database, as one simple query. */
  readonly sql?: string | undefined;
  /** Default: the shared server of the major. */
  readonly server?: TestServer | undefined;
};

/** A new database for the callback, dropped afterwards whoever is connected. */
export async function withDatabase<T>(
  major: number,
  { name = uniqueName(), sql, server }: TestDatabaseOptions,
  use: (database: TestDatabase) => Promise<T>,
): Promise<T> {
  const home = server ?? (await sharedServer(major));
  const quoted = pg.escapeIdentifier(name);
  await runSql(home.parameters, `CREATE DATABASE ${quoted}`);
  try {
    const parameters = { ...home.parameters, database: name };
    if (sql !== undefined) await runSql(parameters, sql);
    return await use({
      name,
      server: home,
      parameters,
      tcpParameters: { ...home.tcpParameters, database: name },
      url: urlOf({ ...home.tcpParameters, database: name }),
      query: (statement, values) => runSql(parameters, statement, values),
    });
  } finally {
    await runSql(home.parameters, `DROP DATABASE IF EXISTS ${quoted} WITH (FORCE)`);
  }
}

/** For names of databases, roles and directories; safe to use unquoted. */
export function uniqueName(prefix = 'test'): string {
  return `${prefix}_${randomBytes(6).toString('hex')}`;
}

/** One statement (or several, without values) on a connection of its own. */
export async function runSql<Row extends pg.QueryResultRow>(
  parameters: ConnectionParameters,
  sql: string,
  values?: unknown[],
): Promise<Row[]> {
  return withClient(parameters, async (client) => (await client.query<Row>(sql, values)).rows);
}

/** A connection for the callback. */
export async function withClient<T>(
  { host, port, user, password, database, tls }: ConnectionParameters,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const ssl = tls.mode === 'disable' ? false : { rejectUnauthorized: false };
  const client = new pg.Client({ host, port, user, password, database, ssl });
  // A server that goes away while the connection idles must fail a test by its query, not by an unhandled event.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

function urlOf({ host, port, user, password = '', database }: ConnectionParameters): string {
  const [who, secret, where] = [user, password, database].map(encodeURIComponent);
  return `postgresql://${who}:${secret}@${host}:${port}/${where}`;
}
