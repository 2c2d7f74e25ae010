import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { messageOf } from '../errors.ts';
import type { Alert } from './alert.ts';
import { AlertNotSent, type Notifier } from './notifier.ts';

const timeoutMilliseconds = 10_000;

/**
 * Publishes to an SNS topic: plain text for people's mail, and for https subscriptions, which is how Amazon Q
 * Developer in chat applications (Slack, Teams) listens, its custom notification.
 */
export function snsNotifier(topicArn: string, client: SNSClient = snsClient(topicArn)): Notifier {
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
            fix: `Check that the topic exists and that sns:Publish is allowed. The alert was: ${alert.subject}`,
          },
          { cause },
        );
      }
    },
  };
}

/** The topic's own region, not the caller's: arn:aws:sns:REGION:ACCOUNT:NAME. */
function snsClient(topicArn: string): SNSClient {
  const region = topicArn.split(':')[3];
  return new SNSClient({
    ...(region ? { region } : {}),
    maxAttempts: 5,
    requestHandler: {
      requestTimeout: timeoutMilliseconds,
      connectionTimeout: 5_000,
      throwOnRequestTimeout: true,
    },
  });
}
