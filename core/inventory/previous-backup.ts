import { messageOf } from '../errors.ts';
import type { BackupId } from '../manifest/backup-id.ts';
import type { PreviousBackup } from '../manifest/manifest.ts';
import type { Summary } from '../manifest/summary.ts';
import type { Store } from '../store/store.ts';
import { oneLine } from '../text/one-line.ts';
import { newestSummary } from './newest-summary.ts';

export type Previous = {
  readonly previous: PreviousBackup | undefined;
  /** What could not be read, for people. */
  readonly warnings: readonly string[];
};

/** A backup does not wait longer for what is only remembered. */
const patienceMs = 20_000;

/**
 * What is remembered of the backup before: the newest of the same source and database that was started earlier. It never
 * fails a backup, and hardly slows one: what cannot be read in time is a warning.
 * @throws the signal's reason
 */
export async function previousBackup(
  store: Store,
  { source, database, startedAt }: BackupId,
  signal: AbortSignal,
): Promise<Previous> {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]);
  try {
    const { summary, problems } = await newestSummary(
      store,
      { source, database, before: startedAt },
      { signal: patience },
    );
    return {
      previous: summary && rememberedOf(summary),
      warnings: problems.map((problem) => `a backup before this one could not be read: ${problem}`),
    };
  } catch (error: unknown) {
    signal.throwIfAborted();
    const why = patience.aborted
      ? `the store gave no answer within ${patienceMs / 1_000} s`
      : oneLine(messageOf(error), { limit: 300 });
    return {
      previous: undefined,
      warnings: [`which backup was before this one could not be read, so nothing was compared: ${why}`],
    };
  }
}

function rememberedOf({ id, server, rows, archive }: Summary): PreviousBackup {
  const { systemIdentifier } = server;
  return {
    id,
    ...(systemIdentifier === undefined ? {} : { systemIdentifier }),
    rows,
    bytes: archive.bytes,
    format: archive.format,
    compression: archive.compression,
  };
}
