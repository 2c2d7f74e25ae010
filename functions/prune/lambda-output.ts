import type { Logger } from '@aws-lambda-powertools/logger';
import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { PgproofError } from '../../core/errors.ts';
import { encodeName } from '../../core/manifest/backup-id.ts';
import type { GroupReport, PruneReport } from '../../core/prune/report.ts';
import type { Refusal } from '../../core/retention/shapes.ts';
import { plural } from '../../core/text/units.ts';
import { nameOf, type Trouble } from '../lambda/tell-troubles.ts';
import { pruneMetrics } from './contract.ts';
import type { SourceRun } from './run.ts';

type DatabaseResponse = {
  readonly source: string;
  readonly database: string;
  readonly systemIdentifier?: string;
  readonly kept: number;
  /** Ids: of a dry run what would go. */
  readonly removed: readonly string[];
  readonly failed: readonly string[];
  readonly refused?: Refusal;
  /** Of archives: what is hidden at once, and gone for good after the days that the bucket keeps what was deleted. */
  readonly freedBytes: number;
};

/** What the console and a caller see; what was kept, and why, is for `pgproof list` and `pgproof prune`. */
export type PruneResponse = {
  readonly store: string;
  readonly dryRun: boolean;
  readonly databases: readonly DatabaseResponse[];
  readonly notReached: PruneReport['notReached'];
  /** Objects under ids without a manifest, and uploads that are not complete: how many are left. */
  readonly orphans: number;
  readonly leftovers: number;
};

export function responseOf(store: string, dryRun: boolean, runs: readonly SourceRun[]): PruneResponse {
  const reports = runs.flatMap((run) => run.reports);
  const left = (all: readonly { readonly outcome?: { readonly kind: string } | undefined }[]): number =>
    all.filter(({ outcome }) => outcome?.kind !== 'gone').length;
  return {
    store,
    dryRun,
    databases: reports.flatMap(({ groups }) => groups.map(brief)),
    notReached: reports.flatMap(({ notReached }) => notReached),
    orphans: left(reports.flatMap(({ orphans }) => orphans)),
    leftovers: left(reports.flatMap(({ leftovers }) => leftovers)),
  };
}

function brief({ source, database, systemIdentifier, lines, refusal }: GroupReport): DatabaseResponse {
  const removed = lines.filter(({ action, outcome }) =>
    outcome === undefined ? action === 'remove' : outcome.kind === 'gone',
  );
  return {
    source,
    database,
    ...(systemIdentifier === undefined ? {} : { systemIdentifier }),
    kept: lines.length - removed.length,
    removed: removed.map(({ id }) => id),
    failed: lines.filter(({ outcome }) => outcome?.kind === 'failed').map(({ id }) => id),
    ...(refusal === undefined ? {} : { refused: refusal }),
    freedBytes: removed.reduce((sum, { bytes = 0 }) => sum + bytes, 0),
  };
}

/** A line of the log and the metrics of each database. A dry run says nothing of what is stored. */
export function record(logger: Logger, metrics: Metrics, response: PruneResponse): void {
  for (const database of response.databases) {
    logger.info(response.dryRun ? 'would prune' : 'pruned', { ...database });
    if (response.dryRun) continue;
    metrics.addDimensions({
      source: encodeName(database.source),
      database: encodeName(database.database),
    });
    metrics.addMetric(pruneMetrics.kept, MetricUnit.Count, database.kept);
    metrics.addMetric(pruneMetrics.pruned, MetricUnit.Count, database.removed.length);
    metrics.addMetric(pruneMetrics.freedBytes, MetricUnit.Bytes, database.freedBytes);
    metrics.addMetric(pruneMetrics.refused, MetricUnit.Count, database.refused === undefined ? 0 : 1);
    metrics.publishStoredMetrics();
  }
}

/** Something was refused, could not be deleted, or was not come to. Everything else was done. */
export class SourcesNotPruned extends PgproofError {
  override readonly name = 'SourcesNotPruned';

  constructor(troubles: readonly Trouble[]) {
    super({
      what: `Prune did not do all that it was to do: ${plural(troubles.length, 'trouble')}`,
      got: troubles.map((trouble) => `${nameOf(trouble)}: ${trouble.what}`).join('\n'),
      fix: troubles[0]?.fix ?? 'Read the alerts.',
    });
  }
}
