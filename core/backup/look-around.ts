import { withConnection } from '../postgres/connect/connect.ts';
import { ConnectionFailed } from '../postgres/connect/connection-failed.ts';
import type { ConnectionParameters } from '../postgres/connect/parameters.ts';
import {
  type DatabaseFacts,
  listDatabases,
  readServerFacts,
  type ServerFacts,
} from '../postgres/facts/server-facts.ts';
import { readSystemIdentifier } from '../postgres/facts/system-identifier.ts';

export type Surroundings = {
  readonly server: ServerFacts;
  /** Of the cluster; undefined where it could not be read. */
  readonly systemIdentifier: string | undefined;
  readonly onServer: readonly DatabaseFacts[];
};

/** What the server is, and which databases it has. @throws ConnectionFailed */
export async function lookAround(
  parameters: ConnectionParameters,
  signal: AbortSignal,
): Promise<Surroundings> {
  const look = (database: string): Promise<Surroundings> =>
    withConnection(parameters, { signal, database }, async (client) => ({
      server: await readServerFacts(client),
      systemIdentifier: await readSystemIdentifier(client),
      onServer: await listDatabases(client),
    }));
  try {
    return await look(parameters.database);
  } catch (error: unknown) {
    // Where no database is named libpq takes the role's name, which is seldom one; postgres is there to list the others.
    const isDefault = parameters.database === parameters.user;
    if (!isDefault || !(error instanceof ConnectionFailed) || error.reason !== 'missing-database')
      throw error;
    return await look('postgres');
  }
}
