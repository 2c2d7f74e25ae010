import { Duration } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type * as z from 'zod';
import { formatObjectLock } from '../core/config/object-lock.ts';
import type { keepSchema } from '../core/retention/policy.ts';
import { pruneEnvironment } from '../functions/prune/contract.ts';
import { type BundledFunctionProps, bundledFunction } from './function.ts';
import { logVariables, type ToldLog, topicsOf } from './log-rights.ts';
import { mayReachOther, type OtherPlace, otherPlaceVariables } from './other-place.ts';
import { mayPublish, objectWildcards, onObjects, type Place } from './rights.ts';

export type KeepRules = z.input<typeof keepSchema>;

export interface PruneFunctionProps
  extends Omit<
    BundledFunctionProps,
    'environment' | 'statements' | 'wildcards' | 'retryAttempts' | 'maxEventAge' | 'layer'
  > {
  readonly sourceNames: readonly string[];
  readonly storeUrl: string;
  /** All of the sources. */
  readonly place: Place;
  /** How the bucket is reached, where it is not one of the stack's own. */
  readonly otherPlace?: OtherPlace | undefined;
  readonly topic: ITopic;
  readonly log?: ToldLog | undefined;
  readonly keep: KeepRules;
  readonly min: number | undefined;
  readonly cliff: number | undefined;
  readonly verified: boolean;
  readonly timeZone: string;
}

/**
 * The function that deletes what no rule keeps. It talks to S3 and SNS only, starts no program, and is in no VPC. Made
 * inside `scope`, which should hold nothing else.
 */
export function pruneFunction(scope: Construct, props: PruneFunctionProps): LambdaFunction {
  const { place, otherPlace, topic } = props;
  const names = pruneEnvironment;
  // Whoever comes with a secret of the other side has no right here that its role would need.
  const comesWithRole = otherPlace?.credentials === undefined;
  return bundledFunction(scope, {
    ...props,
    environment: {
      [names.store]: props.storeUrl,
      [names.sources]: JSON.stringify(props.sourceNames),
      [names.keep]: JSON.stringify(props.keep),
      ...(props.min === undefined ? {} : { [names.min]: String(props.min) }),
      ...(props.cliff === undefined ? {} : { [names.cliff]: String(props.cliff) }),
      ...(props.verified ? {} : { [names.verified]: 'false' }),
      [names.timeZone]: props.timeZone,
      [names.topicArn]: topic.topicArn,
      ...(place.lock === undefined ? {} : { [names.objectLock]: formatObjectLock(place.lock) }),
      ...(place.encryptionKey === undefined ? {} : { [names.kmsKeyArn]: place.encryptionKey.keyArn }),
      ...otherPlaceVariables(otherPlace),
      ...logVariables(props.log),
    },
    statements: [
      ...(comesWithRole ? onObjects('prune', place) : mayReachOther(scope, otherPlace)),
      ...mayPublish(topic, ...topicsOf(props.log)),
    ],
    wildcards: comesWithRole ? objectWildcards('prune', place) : {},
    // Never again by itself: what was refused is refused a minute later too, and people would be alerted twice. It runs
    // on the next day, and goes on where it stopped.
    retryAttempts: 0,
    maxEventAge: Duration.hours(6),
  });
}
