import { withConnection } from '../postgres/connect/connect.ts';
import { ConnectionFailed } from '../postgres/connect/connection-failed.ts';
import { type ConnectionParameters, describeServer } from '../postgres/connect/parameters.ts';
import { expectedArchiveBytes } from '../postgres/dump/dump-arguments.ts';
import {
  type DatabaseFacts,
  listDatabases,
  readServerFacts,
  type ServerFacts,
} from '../postgres/facts/server-facts.ts';
import type { BackupDependencies, BackupPlan } from './plan.ts';
import { selectDatabases } from './select-databases.ts';

/**
 * Connects, lists, and makes sure that the store can take what is coming, before the first dump is started.
 * @returns the names of the databases to back up
 */
export async function beginRun(plan: BackupPlan, dependencies: BackupDependencies): Promise<string[]> {
  const { source, store, signal, onProgress } = dependencies;
  const parameters = await source.resolve();
  const { server, onServer } = await lookAround(parameters, signal);
  const databases = selectDatabases(onServer, plan.databases, plan.excludeDatabases);
  const tools = await dependencies.tools(server.major);
  const bytes = databases.reduce((sum, one) => sum + one.bytes, 0);
  const compression = plan.compression ?? { method: plan.format === 'tar' ? 'none' : 'gzip' };
  await store.prepare({ expectedBytes: expectedArchiveBytes(bytes, compression), signal });
  const names = databases.map(({ name }) => name);
  onProgress({
    kind: 'run-started',
    server: describeServer(parameters),
    version: server.version,
    pgDump: tools.version,
    databases: names,
  });
  return names;
}

type Surroundings = { readonly server: ServerFacts; readonly onServer: readonly DatabaseFacts[] };

async function lookAround(parameters: ConnectionParameters, signal: AbortSignal): Promise<Surroundings> {
  const look = (database: string): Promise<Surroundings> =>
    withConnection(parameters, { signal, database }, async (client) => ({
      server: await readServerFacts(client),
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
