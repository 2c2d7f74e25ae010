import { setMaxListeners } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { BackupId } from '../shared/manifest/backup-id.ts';
import type { Manifest } from '../shared/manifest/manifest.ts';
import { withConnection } from '../shared/postgres/connect.ts';
import { queryFailed } from '../shared/postgres/query-failed.ts';
import { readServerFacts } from '../shared/postgres/server-facts.ts';
import { openSnapshot } from '../shared/postgres/snapshot.ts';
import { watchdog } from '../shared/process/watchdog.ts';
import type { BackupPlan, BackupWorld } from './plan.ts';
import { attempts, retryReason } from './retry.ts';
import { takeSnapshot } from './take-snapshot.ts';

/** How far a backup got; kept outside so that it is known when the backup fails. */
export type Reached = { bytes: number; tables: number };

/**
 * One consistent backup of one database: archive and roles staged, rows counted in the dump's own snapshot, then
 * everything made visible, the manifest last.
 */
export async function backupDatabase(
  database: string,
  plan: BackupPlan,
  world: BackupWorld,
  reached: Reached,
): Promise<Manifest> {
  for (let attempt = 1; ; attempt += 1) {
    Object.assign(reached, { bytes: 0, tables: 0 });
    const startedAt = wholeSecond(world.clock());
    try {
      return await attemptBackup({ source: world.source.name, database, startedAt }, plan, world, reached);
    } catch (error: unknown) {
      if (attempt >= attempts || retryReason(error) === undefined) throw error;
      // Into the next second, for an id that is not taken.
      await wait(1_000 - (world.clock().getTime() % 1_000), undefined, { signal: world.signal });
    }
  }
}

async function attemptBackup(
  id: BackupId,
  plan: BackupPlan,
  world: BackupWorld,
  reached: Reached,
): Promise<Manifest> {
  const parameters = { ...(await world.source.resolve()), database: id.database };
  const group = new AbortController();
  const stall = watchdog(plan.stallSeconds, `The backup of ${JSON.stringify(id.database)}`);
  const signal = AbortSignal.any([world.signal, stall.signal, group.signal]);
  // Every child, query and upload listens to it; a directory has one upload per file.
  setMaxListeners(0, signal);
  try {
    return await withConnection(parameters, { signal }, async (client) => {
      const server = await readServerFacts(client);
      const snapshot = await openSnapshot(client, plan.lockWaitSeconds).catch((cause: unknown) => {
        throw queryFailed(`The tables of ${JSON.stringify(id.database)} could not be listed`, cause);
      });
      const context = { id, plan, world, reached, signal, group, touch: stall.touch };
      return await takeSnapshot(context, { parameters, client, server, snapshot });
    });
  } catch (error: unknown) {
    // Whatever broke because of it, the reason to tell is the abort's.
    throw signal.aborted ? signal.reason : error;
  } finally {
    stall.stop();
  }
}

function wholeSecond(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1_000) * 1_000);
}
