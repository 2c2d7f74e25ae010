import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';

export interface AlertTopicProps {
  /**
   * Who hears of failures. AWS sends each address a message that has to be confirmed once.
   * @default - nobody; add subscriptions of your own
   */
  readonly emails?: readonly string[] | undefined;
}

/**
 * Where alerts go: encrypted with a key of its own, because CloudWatch's alarms cannot publish to a topic that is
 * encrypted with `alias/aws/sns`, whose policy nobody can change.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
 */
export class AlertTopic extends Topic {
  constructor(scope: Construct, id: string, props: AlertTopicProps = {}) {
    const masterKey = new Key(scope, `${id}Key`, {
      description: 'Encrypts the alerts of pgproof',
      enableKeyRotation: true,
      // It protects messages in flight, nothing that has to be read again later.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    super(scope, id, { displayName: 'pgproof', masterKey, enforceSSL: true });
    const fromThisAccount = { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } };
    const alarms = new ServicePrincipal('cloudwatch.amazonaws.com');
    masterKey.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsUseTheKey',
        principals: [alarms],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        // A key's policy speaks of that key only.
        resources: ['*'],
        conditions: fromThisAccount,
      }),
    );
    // A topic with a policy of its own has lost the default one, which let the account's alarms publish.
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsPublish',
        principals: [alarms],
        actions: ['sns:Publish'],
        resources: [this.topicArn],
        conditions: fromThisAccount,
      }),
    );
    for (const email of props.emails ?? []) this.addSubscription(new EmailSubscription(email));
  }
}
