import { Duration } from 'aws-cdk-lib';
import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction as LambdaTarget } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import type { Place } from './rights.ts';

export interface OnObjectProps {
  /** Of one source: its prefix has no wildcard. */
  readonly place: Place;
  /** How the keys end that are meant. */
  readonly suffix: string;
  readonly description: string;
  readonly handler: IFunction;
  readonly failureQueue: IQueue;
}

/** Starts a function with every object that appears in a place, or is replaced there. */
export function onObject(scope: Construct, id: string, props: OnObjectProps): Rule {
  const { bucket, keyPrefix } = props.place;
  return new Rule(scope, id, {
    description: props.description,
    eventPattern: {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: {
        bucket: { name: [bucket.bucketName] },
        // One wildcard: EventBridge takes a prefix and a suffix in one list as alternatives.
        object: { key: Match.wildcard(`${keyPrefix}*${props.suffix}`) },
      },
    },
    targets: [
      new LambdaTarget(props.handler, {
        deadLetterQueue: props.failureQueue,
        maxEventAge: Duration.hours(6),
        retryAttempts: 60,
      }),
    ],
  });
}
