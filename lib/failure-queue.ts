import { Duration, Validations } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/**
 * Keeps what could not be done: starts that the scheduler could not deliver, events and runs that failed. A queue
 * and not the topic, because Lambda's record of a failure is JSON that no one wants by email, and because the event
 * that failed is still there to be sent again. An alarm on the queue tells people.
 */
export class FailureQueue extends Queue {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'This is the dead-letter queue; nothing consumes it, people do.',
    });
  }
}
