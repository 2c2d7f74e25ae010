import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';

/** The one place that makes the logger and the metrics of a function. */
export function telemetry(
  service: string,
  namespace: string,
): { readonly logger: Logger; readonly metrics: Metrics } {
  return {
    logger: new Logger({ serviceName: service }),
    metrics: new Metrics({ namespace, serviceName: service }),
  };
}
