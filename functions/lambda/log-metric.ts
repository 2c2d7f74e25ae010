import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { logMetrics } from './contract.ts';

/** How many entries are not in the table. */
export function recordLost(metrics: Metrics, count: number): void {
  metrics.addMetric(logMetrics.failed, MetricUnit.Count, count);
  metrics.publishStoredMetrics();
}
