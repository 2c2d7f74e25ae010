import type { Client } from 'pg';
import type { BackupId } from '../manifest/backup-id.ts';
import type { ConnectionParameters } from '../postgres/connect/parameters.ts';
import type { ServerFacts } from '../postgres/facts/server-facts.ts';
import type { Snapshot } from '../postgres/facts/snapshot.ts';
import type { ObjectLock } from '../store/store.ts';
import type { BackupDependencies, BackupPlan } from './plan.ts';
import type { Reached } from './progress.ts';

/** One attempt at one database. */
export type Attempt = {
  readonly id: BackupId;
  readonly plan: BackupPlan;
  readonly dependencies: BackupDependencies;
  readonly reached: Reached;
  readonly signal: AbortSignal;
  /** Aborts `signal` for all parts of the attempt when one fails. */
  readonly group: AbortController;
  /** Tells the watchdog that something moves. */
  readonly touch: () => void;
  /** The lock of what is written to the store at this moment. */
  readonly lock: () => ObjectLock | undefined;
  /** Tells what people should know of the backup although it goes well. */
  readonly onWarning: (message: string) => void;
};

/** The open snapshot, and the connection that holds it open. */
export type Held = {
  readonly parameters: ConnectionParameters;
  readonly client: Client;
  readonly server: ServerFacts;
  /** Of the cluster; undefined where it could not be read. */
  readonly systemIdentifier: string | undefined;
  readonly snapshot: Snapshot;
};
