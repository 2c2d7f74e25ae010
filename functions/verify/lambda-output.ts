import type { Logger } from '@aws-lambda-powertools/logger';
import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { isInOrder, type Verified } from '../../core/manifest/verified.ts';
import { verifyMetrics } from './contract.ts';

/** One line of the log and one metric for a verification that came to a verdict. */
export function recordVerification(logger: Logger, metrics: Metrics, verification: Verified): void {
  // Not spread: its `level` is another thing than the log's.
  if (isInOrder(verification)) logger.info('verified', { verification });
  else logger.error('not in order', { verification });
  const [source = '', database = ''] = verification.id.split('/');
  metrics.addDimensions({ source, database });
  metrics.addMetric(verifyMetrics[verification.verdict], MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
}
