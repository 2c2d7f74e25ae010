import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { checkContact } from '../core/config/contact.ts';
import { formatObjectLock } from '../core/config/object-lock.ts';
import type { NotifyPolicy, StorageClass } from '../core/vocabulary.ts';
import { copyEnvironment } from '../functions/copy/contract.ts';
import { copyWildcards, mayCopy } from './copy-rights.ts';
import { definedOnly } from './defined-only.ts';
import { type BundledFunctionProps, bundledFunction } from './function.ts';
import { logVariables, type ToldLog, topicsOf } from './log-rights.ts';
import { mayReachOther, type OtherPlace, otherPlaceVariables } from './other-place.ts';
import { mayPublish, type Place } from './rights.ts';

export interface CopyFunctionProps
  extends Omit<
    BundledFunctionProps,
    'description' | 'environment' | 'statements' | 'wildcards' | 'retryAttempts' | 'maxEventAge' | 'layer'
  > {
  readonly copyName: string;
  readonly sourceNames: readonly string[];
  readonly fromUrl: string;
  readonly toUrl: string;
  /** All of the sources. */
  readonly from: Place;
  readonly to: Place;
  readonly otherPlace: OtherPlace;
  readonly storageClass: StorageClass | undefined;
  readonly partLimit: number | undefined;
  readonly contact: string | undefined;
  readonly maxAge: Duration;
  readonly topic: ITopic;
  readonly log?: ToldLog | undefined;
  readonly notify: NotifyPolicy;
}

/**
 * The function that copies backups into a second place. It talks to S3, SNS and where the copies go, and is in no VPC. Made
 * inside `scope`, which should hold nothing else.
 */
export function copyFunction(scope: Construct, props: CopyFunctionProps): LambdaFunction {
  const { from, to, otherPlace, topic } = props;
  const names = copyEnvironment;
  // Whoever comes with a secret of the other side needs no right of the role there.
  const written = otherPlace.credentials === undefined ? to : undefined;
  return bundledFunction(scope, {
    ...props,
    description: `pgproof: copies backups to ${props.copyName}`,
    environment: {
      [names.store]: props.fromUrl,
      [names.sources]: JSON.stringify(props.sourceNames),
      [names.name]: props.copyName,
      [names.to]: props.toUrl,
      ...otherPlaceVariables(otherPlace),
      ...(definedOnly({
        [names.kmsKeyArn]: to.encryptionKey?.keyArn,
        [names.storageClass]: props.storageClass,
        [names.partLimit]: props.partLimit?.toString(),
        [names.objectLock]: to.lock && formatObjectLock(to.lock),
        [names.contact]: props.contact && checkContact(props.contact),
      }) as Record<string, string>),
      [names.maxAgeHours]: String(props.maxAge.toHours()),
      [names.topicArn]: topic.topicArn,
      [names.notify]: props.notify,
      ...logVariables(props.log),
    },
    statements: [
      ...mayCopy(from, written),
      ...mayReachOther(scope, otherPlace),
      ...mayPublish(topic, ...topicsOf(props.log)),
    ],
    wildcards: copyWildcards(from, written),
    // Never again by itself: requests are retried inside, people would be alerted twice, and the daily run copies whatever
    // is missing.
    retryAttempts: 0,
    maxEventAge: Duration.hours(6),
  });
}
