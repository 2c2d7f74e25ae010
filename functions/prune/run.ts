import type { PruneReport } from '../../core/prune/report.ts';
import type { PruneRequest } from '../../core/prune/request.ts';
import type { PruneEvent } from './contract.ts';

/** What became of one source: its reports (one, or one per database that was named), or why there is none. */
export type SourceRun = {
  readonly source: string;
  readonly reports: readonly PruneReport[];
  readonly error?: unknown;
};

/** What every source has in common. */
export type Shared = Pick<PruneRequest, 'store' | 'policy' | 'lock' | 'clock' | 'signal' | 'stopBefore'> & {
  readonly prune: (request: PruneRequest) => Promise<PruneReport>;
};

/** Prunes one source after another. One that cannot be read does not keep the others from their turn. */
export async function pruneSources(
  sources: readonly string[],
  { dryRun = false, databases }: PruneEvent,
  { prune, ...shared }: Shared,
): Promise<SourceRun[]> {
  const runs: SourceRun[] = [];
  for (const source of sources) {
    const reports: PruneReport[] = [];
    try {
      for (const database of databases ?? [undefined])
        reports.push(await prune({ ...shared, source, database, apply: !dryRun, sweep: true }));
      runs.push({ source, reports });
    } catch (error: unknown) {
      runs.push({ source, reports, error });
    }
  }
  return runs;
}
