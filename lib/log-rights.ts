import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { logEventsEnvironment } from '../functions/lambda/contract.ts';

/** A log table, as those know it that tell it what they do. */
export interface ToldLog {
  readonly eventTopic: ITopic;
}

/** What a function is told of the log table: where to say what it did. */
export function logVariables(log: ToldLog | undefined): Record<string, string> {
  return log === undefined ? {} : { [logEventsEnvironment.logTopicArn]: log.eventTopic.topicArn };
}

/** Where it may publish for it: it reaches no database of the log, and holds no secret of it. */
export function topicsOf(log: ToldLog | undefined): ITopic[] {
  return log === undefined ? [] : [log.eventTopic];
}
