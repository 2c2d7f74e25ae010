import type { Logger } from '@aws-lambda-powertools/logger';
import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { isGoodVerdict, type Verification } from '../../core/manifest/verification.ts';
import { verifyMetrics } from './contract.ts';

/** One line of the log and one metric for a verification that came to a verdict. */
export function recordVerification(logger: Logger, metrics: Metrics, verification: Verification): void {
  // Not spread: its `level` is another thing than the log's.
  if (isGoodVerdict(verification.verdict)) logger.info('verified', { verification });
  else logger.error('not good', { verification });
  const [source = '', database = ''] = verification.id.split('/');
  metrics.addDimensions({ source, database });
  metrics.addMetric(verifyMetrics[verification.verdict], MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
}
