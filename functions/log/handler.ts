import type { Context, SQSBatchResponse } from 'aws-lambda';
import { logMetrics } from '../lambda/contract.ts';
import { recordLost } from '../lambda/log-metric.ts';
import { telemetry } from '../lambda/telemetry.ts';
import { messagesOf } from './messages.ts';
import { readLogSettings } from './settings.ts';
import { writeEvents } from './write.ts';

const { logger, metrics } = telemetry('log', logMetrics.namespace);

/** Writes what other functions did into the log table. What could not be written stays in the queue, and comes again. */
export async function handler(event: unknown, context: Context): Promise<SQSBatchResponse> {
  logger.addContext(context);
  const settings = readLogSettings(process.env);
  const messages = messagesOf(event);
  const unreadable = messages.filter(({ events }) => events === undefined);
  for (const { messageId } of unreadable) logger.warn('not a message of pgproof', { messageId });
  const left = await writeEvents(
    messages.flatMap(({ events = [] }) => events),
    settings,
    (text) => logger.warn(text),
  );
  const lost = left + unreadable.length;
  if (lost > 0) recordLost(metrics, lost);
  return {
    batchItemFailures: left === 0 ? [] : messages.map(({ messageId }) => ({ itemIdentifier: messageId })),
  };
}
