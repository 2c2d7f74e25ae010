import type { Logger } from '@aws-lambda-powertools/logger';
import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { OnProgress } from '../../core/backup/progress.ts';
import type { BackupDone, BackupNotDone, BackupReport, BackupResult } from '../../core/backup/report.ts';
import { encodeName } from '../../core/manifest/backup-id.ts';
import { remarksOf } from '../../core/manifest/remarks.ts';
import { backupMetrics } from './contract.ts';

type BriefResult =
  | BackupNotDone
  | (Omit<BackupDone, 'manifest'> & { readonly tables: number; readonly remarks: readonly string[] });

/** What the console and a caller see: the manifests lie in the store and can be megabytes. */
export type BackupResponse = Omit<BackupReport, 'databases'> & { readonly databases: readonly BriefResult[] };

export function responseOf(report: BackupReport): BackupResponse {
  return { ...report, databases: report.databases.map(brief) };
}

function brief(result: BackupResult): BriefResult {
  if (result.status === 'failed') return result;
  const { manifest, ...rest } = result;
  return { ...rest, tables: manifest.tables.length, remarks: remarksOf(manifest) };
}

/**
 * A line of the log per step, and each database's metrics as soon as they are known: what comes later may run out of
 * time. The bytes in between are no news.
 */
export function onProgress(logger: Logger, metrics: Metrics, source: string): OnProgress {
  return (event): void => {
    if (event.kind === 'bytes' || event.kind === 'table') return;
    if (event.kind === 'warning') {
      logger.warn(event.message, { database: event.database });
      return;
    }
    if (event.kind !== 'finished') {
      logger.info(event.kind, { ...event });
      return;
    }
    const { result } = event;
    if (result.status === 'failed') logger.error('failed', { ...result });
    else logger.info('done', { ...brief(result) });
    record(metrics, source, result);
  };
}

function record(metrics: Metrics, source: string, result: BackupResult): void {
  metrics.addDimensions({ source: encodeName(source), database: encodeName(result.database) });
  if (result.status === 'failed') metrics.addMetric(backupMetrics.failed, MetricUnit.Count, 1);
  else {
    metrics.addMetric(backupMetrics.succeeded, MetricUnit.Count, 1);
    metrics.addMetric(backupMetrics.archiveBytes, MetricUnit.Bytes, result.bytes);
    metrics.addMetric(backupMetrics.durationSeconds, MetricUnit.Seconds, result.seconds);
  }
  metrics.publishStoredMetrics();
}
