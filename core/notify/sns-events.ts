import { randomUUID } from 'node:crypto';
import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { messageOf } from '../errors.ts';
import type { RunEvent, RunListener } from './run-events.ts';
import { snsClient } from './sns-channel.ts';

/** SNS takes 256 KB; what JSON makes of a long error is within the rest. */
const messageBytes = 200_000;

/** How long a topic that did not answer is left alone: each event would else wait for it. */
const pauseMilliseconds = 60_000;

export type SnsEventsOptions = {
  /** Of a FIFO topic: who writes them down hears of a source in the order in which things happened. */
  readonly topicArn: string;
  /** How many of them nobody will hear of, and why. */
  readonly onLost: (count: number, why: string) => void;
  readonly client?: SNSClient | undefined;
};

/**
 * Publishes what happens in a run, for a function that may reach the database of the log table: the one that tells need not.
 * What could not be published goes with the next event, or at the end.
 */
export function snsEvents({
  topicArn,
  onLost,
  client = quickClient(topicArn),
}: SnsEventsOptions): RunListener {
  let waiting: readonly RunEvent[] = [];
  let why = '';
  let pausedUntil = 0;

  const flush = async (): Promise<void> => {
    while (waiting[0] !== undefined) {
      const { text, count, source } = firstMessage(waiting);
      try {
        await client.send(
          new PublishCommand({
            TopicArn: topicArn,
            Message: text,
            MessageGroupId: source,
            MessageDeduplicationId: randomUUID(),
          }),
        );
      } catch (error: unknown) {
        why = messageOf(error);
        pausedUntil = performance.now() + pauseMilliseconds;
        return;
      }
      waiting = waiting.slice(count);
    }
  };

  let queue: Promise<void> = Promise.resolve();
  return {
    on: (event) => {
      queue = queue.then(async () => {
        waiting = [...waiting, event];
        // A prune tells of thousands; they go out together at the end.
        if (event.kind !== 'pruned' && performance.now() >= pausedUntil) await flush();
      });
      return queue;
    },
    close: async () => {
      await queue;
      await flush();
      client.destroy();
      if (waiting.length > 0) onLost(waiting.length, why);
    },
  };
}

/** A run must not wait long for who follows it. */
function quickClient(topicArn: string): SNSClient {
  return snsClient(topicArn, { maxAttempts: 2, requestTimeout: 2_000, connectionTimeout: 2_000 });
}

/** As many as fit, of one source: messages of a group stay in order. */
function firstMessage(events: readonly RunEvent[]): {
  readonly text: string;
  readonly count: number;
  readonly source: string;
} {
  const source = events[0]?.source ?? '';
  const texts: string[] = [];
  let bytes = 0;
  for (const event of events) {
    const text = JSON.stringify(event);
    bytes += Buffer.byteLength(text) + 1;
    if (event.source !== source || (texts.length > 0 && bytes > messageBytes)) break;
    texts.push(text);
  }
  return { text: `[${texts.join(',')}]`, count: texts.length, source };
}
