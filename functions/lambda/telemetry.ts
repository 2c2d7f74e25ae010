import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { visibleBeyondJson } from '../../core/text/visible.ts';

/**
 * The one place that makes the logger and the metrics of a function. Dimensions are only those that are added:
 * CloudWatch finds a metric by all of them, and Powertools' own `service` is in no contract. Their values are to be
 * printable ASCII, or CloudWatch drops the metric.
 */
export function telemetry(
  service: string,
  namespace: string,
): { readonly logger: Logger; readonly metrics: Metrics } {
  const metrics = new Metrics({ namespace });
  metrics.clearDefaultDimensions();
  // What JSON leaves as it is in a text (the other set of controls, marks of direction) a terminal that shows the log obeys.
  const jsonReplacerFn = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? visibleBeyondJson(value) : value;
  return { logger: new Logger({ serviceName: service, jsonReplacerFn }), metrics };
}
