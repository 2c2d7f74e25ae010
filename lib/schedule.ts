import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { type IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  Schedule,
  type ScheduleExpression,
  ScheduleGroup,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Format, RowMode } from '../core/vocabulary.ts';
import { type BackupEvent, backupEventSchema } from '../functions/backup/contract.ts';
import type { TableSelectionProps } from './table-selection-props.ts';

/** When a source is backed up, and what this schedule does otherwise than the construct says. */
export interface BackupSchedule extends TableSelectionProps {
  /** Unique within the source: letters, digits, dots, hyphens, underscores. */
  readonly name: string;
  /** `ScheduleExpression.cron({ minute: '0', hour: '2', timeZone: TimeZone.EUROPE_BERLIN })` */
  readonly expression: ScheduleExpression;
  /**
   * Take these databases only.
   * @default - as the construct says
   */
  readonly databases?: readonly string[] | undefined;
  /**
   * Take all but these.
   * @default - as the construct says
   */
  readonly excludeDatabases?: readonly string[] | undefined;
  /**
   * pg_dump's format.
   * @default 'custom'
   */
  readonly format?: Format | undefined;
  /**
   * METHOD or METHOD:LEVEL, such as `zstd:1`.
   * @default - zstd where pg_dump has it, else gzip
   */
  readonly compress?: string | undefined;
  /**
   * pg_dump's workers for one database; for the directory format.
   * @default 1
   */
  readonly jobs?: number | undefined;
  /**
   * How many databases are taken at once.
   * @default 1
   */
  readonly parallel?: number | undefined;
  /**
   * Whether every table's rows are counted in the snapshot that is dumped.
   * @default 'exact'
   */
  readonly rows?: RowMode | undefined;
}

export interface BackupSchedulesProps {
  readonly sourceName: string;
  readonly schedules: readonly BackupSchedule[];
  readonly backupFunction: IFunction;
  readonly failureQueue: IQueue;
}

/** The schedules of one source, in a group of their own, with a role that may start this one function. */
export class BackupSchedules extends Construct {
  constructor(scope: Construct, id: string, props: BackupSchedulesProps) {
    super(scope, id);
    const { backupFunction, failureQueue } = props;
    const group = new ScheduleGroup(this, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
    const role = schedulerRole(this, group, backupFunction, failureQueue);
    for (const schedule of props.schedules) {
      new Schedule(this, schedule.name, {
        description: `Backs up ${props.sourceName} (${schedule.name})`,
        schedule: schedule.expression,
        scheduleGroup: group,
        target: new LambdaInvoke(backupFunction, {
          role,
          input: ScheduleTargetInput.fromObject(inputOf(schedule)),
          deadLetterQueue: failureQueue,
          // This is only about handing the event to Lambda. After an hour a nightly dump would run into the day.
          maxEventAge: Duration.hours(1),
          retryAttempts: 10,
        }),
      });
    }
  }
}

export interface DailyRunProps {
  readonly description: string;
  readonly expression: ScheduleExpression;
  readonly handler: IFunction;
  readonly failureQueue: IQueue;
}

/** Starts a function with `{}`, in a group of its own, with a role that may start this one function. */
export class DailyRun extends Construct {
  constructor(scope: Construct, id: string, props: DailyRunProps) {
    super(scope, id);
    const { handler, failureQueue } = props;
    const group = new ScheduleGroup(this, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
    new Schedule(this, 'Schedule', {
      description: props.description,
      schedule: props.expression,
      scheduleGroup: group,
      target: new LambdaInvoke(handler, {
        role: schedulerRole(this, group, handler, failureQueue),
        input: ScheduleTargetInput.fromObject({}),
        deadLetterQueue: failureQueue,
        maxEventAge: Duration.hours(6),
        retryAttempts: 10,
      }),
    });
  }
}

/** The event that the function will get; checked with the function's own schema, at synth instead of at night. */
function inputOf({ name, expression: _, ...rest }: BackupSchedule): BackupEvent {
  return backupEventSchema.parse({ schedule: name, ...rest });
}

function schedulerRole(scope: Construct, group: ScheduleGroup, handler: IFunction, queue: IQueue): IRole {
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: {
        StringEquals: {
          'aws:SourceAccount': Stack.of(scope).account,
          'aws:SourceArn': group.scheduleGroupArn,
        },
      },
    }),
  });
  role.addToPolicy(
    new PolicyStatement({
      sid: 'Start',
      actions: ['lambda:InvokeFunction'],
      resources: [handler.functionArn],
    }),
  );
  role.addToPolicy(
    new PolicyStatement({ sid: 'Keep', actions: ['sqs:SendMessage'], resources: [queue.queueArn] }),
  );
  // The target would add every version and alias of the function.
  return role.withoutPolicyUpdates();
}
