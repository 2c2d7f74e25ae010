import { randomUUID } from 'node:crypto';
import type { Logger } from '@aws-lambda-powertools/logger';
import type { Metrics } from '@aws-lambda-powertools/metrics';
import type { OfRun, RunEvent } from '../../core/notify/run-events.ts';
import { snsEvents } from '../../core/notify/sns-events.ts';
import { recordLost } from './log-metric.ts';

/** Tells what a function does to the one that writes the log table. */
export type LogEvents = {
  /** What all events of this run have in common, but for their source. */
  readonly of: Omit<OfRun, 'at' | 'source'>;
  readonly on: (event: RunEvent) => Promise<void>;
  readonly close: () => Promise<void>;
};

/**
 * Nothing of it rejects: that a table for monitoring lacks something is a warning and a metric, and fails no run.
 * @param topicArn undefined: nobody is told
 */
export function logEvents(
  topicArn: string | undefined,
  { logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics },
): LogEvents {
  const of = { run: randomUUID(), schedule: undefined };
  if (topicArn === undefined) return { of, on: async () => undefined, close: async () => undefined };
  const onLost = (count: number, why: string): void => {
    logger.warn('not told to the log table', { events: count, why });
    recordLost(metrics, count);
  };
  const { on, close } = snsEvents({ topicArn, onLost });
  return { of, on, close };
}

/** Tells all of it at once. */
export async function tellLog({ on, close }: LogEvents, events: readonly RunEvent[]): Promise<void> {
  await Promise.all(events.map(on));
  await close();
}
