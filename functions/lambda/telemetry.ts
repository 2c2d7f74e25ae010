import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';

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
  return { logger: new Logger({ serviceName: service }), metrics };
}
