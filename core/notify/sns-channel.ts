import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { messageOf } from '../errors.ts';
import type { Alert } from './alert.ts';
import { AlertNotSent, type Channel } from './notifier.ts';

/** All attempts together stay under the half minute that a function keeps back for its alert. */
const sendingLimits = { maxAttempts: 3, requestTimeout: 6_000, connectionTimeout: 3_000 } as const;

/**
 * Publishes to an SNS topic: plain text for people's mail, and for https subscriptions, which is how Amazon Q
 * Developer in chat applications (Slack, Teams) listens, its custom notification.
 */
export function snsChannel(topicArn: string, client: SNSClient = snsClient(topicArn)): Channel {
  return {
    publish: async (alert: Alert): Promise<void> => {
      try {
        await client.send(
          new PublishCommand({
            TopicArn: topicArn,
            Subject: alert.subject,
            MessageStructure: 'json',
            Message: JSON.stringify({
              default: alert.text,
              email: alert.text,
              https: JSON.stringify(alert.chat),
            }),
          }),
        );
      } catch (cause: unknown) {
        throw new AlertNotSent(
          {
            what: `The alert could not be published to ${topicArn}`,
            got: messageOf(cause),
            fix: `Check that the topic exists and that sns:Publish is allowed. The alert was:\n\n${alert.text}`,
          },
          { cause },
        );
      }
    },
  };
}

/** The topic's own region, not the caller's: arn:aws:sns:REGION:ACCOUNT:NAME. */
export function snsClient(
  topicArn: string,
  limits: { maxAttempts: number; requestTimeout: number; connectionTimeout: number } = sendingLimits,
): SNSClient {
  const region = topicArn.split(':')[3];
  return new SNSClient({
    ...(region ? { region } : {}),
    maxAttempts: limits.maxAttempts,
    requestHandler: {
      requestTimeout: limits.requestTimeout,
      connectionTimeout: limits.connectionTimeout,
      throwOnRequestTimeout: true,
    },
  });
}
