import type { Logger } from '@aws-lambda-powertools/logger';
import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { backupMetrics } from './contract.ts';
import type { BackupProgress, OnProgress } from './progress.ts';
import type { BackupReport, BackupResult } from './report.ts';

/** What the console and a caller see: the manifests lie in the store and can be megabytes. */
export function responseOf(
  report: BackupReport,
): Omit<BackupReport, 'databases'> & { readonly databases: readonly object[] } {
  return { ...report, databases: report.databases.map(brief) };
}

function brief(result: BackupResult): object {
  if (result.status === 'failed') return result;
  const { manifest, ...rest } = result;
  return { ...rest, tables: manifest.tables.length };
}

/** A line of the log per step; the bytes in between are no news. */
export function logProgress(logger: Logger): OnProgress {
  return (event: BackupProgress): void => {
    if (event.kind === 'bytes' || event.kind === 'table') return;
    if (event.kind !== 'finished') logger.info(event.kind, { ...event });
    else if (event.result.status === 'failed') logger.error('failed', { ...event.result });
    else logger.info('done', { ...brief(event.result) });
  };
}

export function recordMetrics(metrics: Metrics, report: BackupReport): void {
  for (const result of report.databases) {
    const single = metrics.singleMetric();
    single.addDimension('source', report.source);
    single.addDimension('database', result.database);
    const done = result.status === 'done';
    single.addMetric(done ? backupMetrics.succeeded : backupMetrics.failed, MetricUnit.Count, 1);
  }
}
