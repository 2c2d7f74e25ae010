import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/** An alarm is the second messenger: it speaks when a function was killed before it could send its own alert. */
export type AlarmTarget = { readonly topic: ITopic; readonly description: string };

const once = {
  threshold: 1,
  evaluationPeriods: 1,
  comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
} as const;

/** Any run that threw, ran out of time or memory, or could not start. */
export function alarmOnErrors(scope: Construct, id: string, handler: IFunction, to: AlarmTarget): Alarm {
  const alarm = new Alarm(scope, id, {
    ...once,
    alarmDescription: to.description,
    metric: handler.metricErrors({ period: Duration.minutes(5), statistic: 'Sum' }),
    // Between two runs there are no data, for hours on most days: that says nothing about the last run.
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(new SnsAction(to.topic));
  return alarm;
}

/** A function that is to run daily and has not been started for two days. No data are what is meant. */
export function alarmOnSilence(scope: Construct, id: string, handler: IFunction, to: AlarmTarget): Alarm {
  const alarm = new Alarm(scope, id, {
    threshold: 1,
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    evaluationPeriods: 2,
    alarmDescription: to.description,
    metric: handler.metricInvocations({ period: Duration.days(1), statistic: 'Sum' }),
    treatMissingData: TreatMissingData.BREACHING,
  });
  alarm.addAlarmAction(new SnsAction(to.topic));
  return alarm;
}

/** Any failure that waits in the queue. */
export function alarmOnWaitingFailures(scope: Construct, id: string, queue: IQueue, to: AlarmTarget): Alarm {
  const alarm = new Alarm(scope, id, {
    ...once,
    alarmDescription: to.description,
    metric: queue.metricApproximateNumberOfMessagesVisible({
      period: Duration.minutes(5),
      statistic: 'Maximum',
    }),
    // SQS stops reporting a queue that has been empty and untouched for six hours.
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(new SnsAction(to.topic));
  return alarm;
}
