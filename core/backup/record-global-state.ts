import type { Client } from 'pg';
import { messageOf } from '../errors.ts';
import { withConnection } from '../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../postgres/connect/parameters.ts';
import type { GlobalNames } from '../postgres/dump/dump-globals.ts';
import { readGlobalState, steadyGlobalState } from '../postgres/objects/global-state.ts';
import type { BackupFacts } from './make-manifest.ts';

/**
 * What the roles and tablespaces of globals.sql are like: in the snapshot, and once more now over a connection of its own,
 * as pg_dumpall read at an instant between the two. May leave the client's transaction aborted. Undefined, and a
 * warning, where it cannot be read: pg_dump is the judge of whether a backup can be made.
 */
export async function recordGlobalState(request: {
  readonly client: Client;
  readonly parameters: ConnectionParameters;
  readonly names: GlobalNames;
  /** Of the database. */
  readonly encoding: string;
  readonly signal: AbortSignal;
  readonly onWarning: (message: string) => void;
}): Promise<BackupFacts['globals']['state']> {
  const { client, parameters, names, encoding, signal, onWarning } = request;
  try {
    const before = await readGlobalState(client, encoding);
    const after = await withConnection(parameters, { signal }, (other) => readGlobalState(other, encoding));
    return steadyGlobalState(before, after, names);
  } catch (error: unknown) {
    signal.throwIfAborted();
    onWarning(`what its roles are like could not be recorded: ${messageOf(error)}`);
    return undefined;
  }
}
