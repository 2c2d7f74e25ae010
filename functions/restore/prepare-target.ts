import type { Client } from 'pg';
import type { Manifest } from '../shared/manifest/manifest.ts';
import { withConnection } from '../shared/postgres/connect.ts';
import { ConnectionFailed } from '../shared/postgres/connection-failed.ts';
import type { ServerFacts } from '../shared/postgres/server-facts.ts';
import type { ConnectionParameters } from '../shared/postgres/source.ts';
import { localeProblem } from '../shared/restore/database.ts';
import type { RestoreRequest } from './request.ts';
import { contentsOfTarget, databaseExists, refuseNonEmpty, TargetRefused } from './target.ts';

/** Databases that a new server has: one can be connected to while another is made. */
const maintenanceDatabases = ['postgres', 'template1'];

/** Connects to a server for what concerns all of it, such as making a database. */
export async function withServer<T>(
  target: ConnectionParameters,
  request: RestoreRequest,
  signal: AbortSignal,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const { create, database } = request;
  const candidates = create ? maintenanceDatabases.filter((name) => name !== database) : [database];
  let first: unknown;
  for (const name of candidates) {
    try {
      return await withConnection(target, { database: name, signal }, use);
    } catch (error: unknown) {
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
